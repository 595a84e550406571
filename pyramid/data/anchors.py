"""Anchors: the sizes of boxes that a detector's predictions start from."""

import numpy as np
import numpy.typing as npt

#: Two floats for each box: width and height in pixels of the network's input.
Sizes = npt.NDArray[np.float64]

#: The most sizes that are clustered; more change nothing that could be seen.
_SAMPLE = 10_000

#: The best of so many is taken: k-means finds what is near to where it starts.
_STARTS = 5

_MOST_ROUNDS = 300

#: An anchor that there is no size for is this many times as large as the last in both directions.
_SPREAD = 2**0.5


def find_anchors(sizes: Sizes, count: int, side: float, seed: int) -> list[list[float]]:
    """``count`` sizes that stand for all of ``sizes`` [n, 2], by k-means with 1 - IoU as the distance.

    The distance is that of Redmon and Farhadi, "YOLO9000" (2017), section 2. With fewer different sizes than anchors
    the others are spread around them.

    Args:
        sizes: at least one; what is below a pixel counts as a pixel.
        side: of the network's input in pixels; no anchor is larger.

    Returns:
        [width, height] of each, the smallest area first, rounded to tenths of a pixel.
    """
    rng = np.random.default_rng([seed, 2])
    sizes = np.maximum(sizes if len(sizes) <= _SAMPLE else sizes[rng.choice(len(sizes), _SAMPLE, replace=False)], 1.0)
    different = np.unique(np.round(sizes, 1), axis=0)
    if len(different) > count:
        tried = [_cluster(sizes, count, rng) for _ in range(_STARTS)]
        different = np.unique(max(tried, key=lambda centres: mean_best_iou(sizes, centres.tolist())), axis=0)
    return sort_anchors(_spread(different, count, side).tolist())


def sort_anchors(anchors: list[list[float]]) -> list[list[float]]:
    """By area; of equal areas the narrower first."""
    return sorted(anchors, key=lambda anchor: (anchor[0] * anchor[1], anchor[0]))


def mean_best_iou(sizes: Sizes, anchors: list[list[float]]) -> float:
    """How well the anchors fit: the IoU of each size with its best anchor, averaged."""
    return float(size_iou(sizes, np.array(anchors)).max(axis=1).mean())


def size_iou(a: Sizes, b: Sizes) -> npt.NDArray[np.float64]:
    """IoU of boxes [n, 2] and [m, 2] that have a corner in common: [n, m]."""
    shared = np.minimum(a[:, np.newaxis], b[np.newaxis]).prod(axis=2)
    return np.asarray(shared / (a.prod(axis=1)[:, np.newaxis] + b.prod(axis=1) - shared))


def _cluster(sizes: Sizes, count: int, rng: np.random.Generator) -> Sizes:
    """k-means; a centre is the median of its sizes, and one without sizes moves to the size that fits worst."""
    centres = _first_centres(sizes, count, rng)
    nearest = np.full(len(sizes), -1)
    for _ in range(_MOST_ROUNDS):
        iou = size_iou(sizes, centres)
        before, nearest = nearest, iou.argmax(axis=1)
        if (before == nearest).all():
            break
        worst = iter(sizes[iou.max(axis=1).argsort(kind="stable")])
        members = [sizes[nearest == i] for i in range(count)]
        centres = np.array([np.median(mine, axis=0) if len(mine) else next(worst) for mine in members])
    return np.round(centres, 1)


def _first_centres(sizes: Sizes, count: int, rng: np.random.Generator) -> Sizes:
    """Sizes, each drawn by its squared distance from those before (k-means++, Arthur and Vassilvitskii 2007)."""
    centres = [sizes[rng.integers(len(sizes))]]
    while len(centres) < count:
        distance = (1 - size_iou(sizes, np.array(centres)).max(axis=1)) ** 2
        centres.append(sizes[rng.choice(len(sizes), p=distance / distance.sum())])
    return np.array(centres)


def _spread(different: Sizes, count: int, side: float) -> Sizes:
    """``different`` [n, 2] and, where these are fewer than ``count``, larger and smaller ones of the same shapes."""
    anchors = [tuple(size) for size in different.tolist()][:count]
    step = 1
    while len(anchors) < count:
        for factor in (_SPREAD**step, _SPREAD**-step):
            scaled = np.clip(np.round(different * factor, 1), 1.0, side)
            new = [tuple(size) for size in scaled.tolist() if tuple(size) not in anchors]
            anchors += list(dict.fromkeys(new))[: count - len(anchors)]
        step += 1
    return np.array(anchors)
