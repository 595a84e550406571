"""mAP for many bootstrap resamples of the same pictures: objects are matched once, and only counted anew."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pyramid.training.detection.score import Found, coco_evaluation

Floats = npt.NDArray[np.float64]

#: COCO's recalls, at which precisions are averaged.
_RECALLS = np.linspace(0, 1, 101)

#: Boxes times resamples that are in memory at once, in some six arrays of 16 MB.
_CELLS = 2_000_000


def padded(rows: Sequence[npt.NDArray[np.float32]], width: int) -> npt.NDArray[np.float32]:
    """``rows`` of different numbers of boxes as one array [rows, most, width], filled up with the class -1."""
    made = np.zeros((len(rows), max(1, *map(len, rows)) if len(rows) else 1, width), np.float32)
    made[..., 4] = -1
    for i, row in enumerate(rows):
        made[i, : len(row)] = row
    return made


def found_of(predicted: Sequence[npt.NDArray[np.float32]]) -> Found:
    """`Evaluation.predicted` of a detector, as COCO's evaluation takes it."""
    objects = padded(predicted, 6)
    return Found(objects[..., :4], objects[..., 5], np.maximum(objects[..., 4], 0).astype(np.int32))


def resampled_precisions(
    truth: Sequence[npt.NDArray[np.float32]],
    predicted: Sequence[npt.NDArray[np.float32]],
    classes: int,
    blocks: Iterable[Floats],
) -> dict[str, Floats]:
    """`map_50` and `map` of each resample [r], NaN where it has no object.

    Args:
        truth, predicted: as `Evaluation` has them.
        blocks: how often each picture is in each resample, [pictures, some resamples] each.
    """
    evaluated, _ = coco_evaluation(padded(truth, 5), found_of(predicted), classes)
    pictures, areas = len(truth), len(evaluated.params.areaRng)
    matched = [_matched(evaluated.evalImgs[k * areas * pictures :][:pictures]) for k in range(classes)]
    both = np.concatenate([_means(matched, part) for counts in blocks for part in _parts(matched, counts)], axis=1)
    return {"map_50": both[0], "map": both[1]}


class _Matched(NamedTuple):
    """The objects and boxes of one class.

    Attributes:
        objects: in each picture, [pictures].
        of_picture: the picture of each box, the best score first, [boxes].
        right: whether a box is right at each of COCO's IoUs, [IoUs, boxes].
    """

    objects: Floats
    of_picture: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]


def _matched(images: list[Any]) -> _Matched:
    """
    Args:
        images: COCO's evaluation of each picture, for objects of all sizes; None where there is nothing.
    """
    there = [(i, image) for i, image in enumerate(images) if image]
    objects = np.array([len(image["gtIds"]) if image else 0 for image in images], np.float64)
    if not there:
        return _Matched(objects, np.empty(0, np.int64), np.empty((10, 0), bool))
    scores = np.concatenate([image["dtScores"] for _, image in there])
    of_picture = np.concatenate([np.full(len(image["dtScores"]), i) for i, image in there]).astype(np.int64)
    right = np.concatenate([image["dtMatches"] > 0 for _, image in there], axis=1)
    order = np.argsort(-scores, kind="mergesort")
    return _Matched(objects, of_picture[order], right[:, order])


def _parts(matched: list[_Matched], counts: Floats) -> Iterator[Floats]:
    """``counts`` in parts of so few resamples that what is computed of each box fits into memory."""
    most = max(1, *(len(one.of_picture) for one in matched))
    step = max(1, _CELLS // most)
    return (counts[:, first : first + step] for first in range(0, counts.shape[1], step))


def _means(matched: list[_Matched], counts: Floats) -> Floats:
    """`map_50` and `map` of each resample, [2, r]."""
    values = np.stack([_precisions(one, counts) for one in matched])  # [classes, IoUs, r]
    with np.errstate(invalid="ignore"):
        number = (~np.isnan(values[:, 0])).sum(axis=0)
        return np.stack([np.nansum(values[:, 0], axis=0) / number, np.nansum(values.mean(axis=1), axis=0) / number])


def _precisions(matched: _Matched, counts: Floats) -> Floats:
    """The average precisions of a class at each IoU in each resample, [IoUs, r]; NaN where no object is of it."""
    objects = matched.objects @ counts
    if not objects.any():
        return np.full((10, counts.shape[1]), np.nan)
    weights = counts[matched.of_picture]
    all_found = np.cumsum(weights, axis=0)
    return np.stack([_areas(right, weights, all_found, objects) for right in matched.right])


def _areas(right: npt.NDArray[np.bool_], weights: Floats, all_found: Floats, objects: Floats) -> Floats:
    """The mean precision at COCO's recalls in each resample, [r]."""
    true = np.cumsum(weights * right[:, np.newaxis], axis=0)
    precision = np.divide(true, all_found, out=np.zeros_like(true), where=all_found > 0)
    precision = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    made = np.full(len(objects), np.nan)
    for r in np.flatnonzero(objects):
        places = np.searchsorted(true[:, r] / objects[r], _RECALLS, side="left")
        made[r] = precision[places[places < len(precision)], r].sum() / len(_RECALLS)
    return made
