"""mAP for many bootstrap resamples of the same pictures: objects are matched once, and only counted anew."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.training.detection.score import Found, coco_evaluation

Floats = npt.NDArray[np.float64]

#: COCO's recalls, at which precisions are averaged.
_RECALLS = np.linspace(0, 1, 101)


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
    counts: Floats,
) -> dict[str, Floats]:
    """`map_50` and `map` of each resample [r], NaN where it has no object.

    Args:
        truth, predicted: as `Evaluation` has them.
        counts: how often each picture is in each resample, [pictures, r].
    """
    evaluated, _ = coco_evaluation(padded(truth, 5), found_of(predicted), classes)
    pictures, areas = len(truth), len(evaluated.params.areaRng)
    of_classes = [evaluated.evalImgs[k * areas * pictures :][:pictures] for k in range(classes)]
    values = np.stack([_precisions(images, counts) for images in of_classes])  # [classes, IoUs, r]
    defined = ~np.isnan(values[:, 0])
    with np.errstate(invalid="ignore"):
        number = defined.sum(axis=0)
        both = (np.nansum(values[:, 0], axis=0) / number, np.nansum(values.mean(axis=1), axis=0) / number)
    return dict(zip(("map_50", "map"), both, strict=True))


def _precisions(images: list[Any], counts: Floats) -> Floats:
    """The average precisions of a class at each IoU in each resample, [IoUs, r]; NaN where no object is of it.

    Args:
        images: COCO's evaluation of each picture, for objects of all sizes; None where there is nothing.
    """
    there = [(i, image) for i, image in enumerate(images) if image]
    objects = sum((len(image["gtIds"]) * counts[i] for i, image in there), np.zeros(counts.shape[1]))
    if not there or not objects.any():
        return np.full((10, counts.shape[1]), np.nan)
    scores = np.concatenate([image["dtScores"] for _, image in there])
    of_picture = np.concatenate([np.full(len(image["dtScores"]), i) for i, image in there]).astype(int)
    right = np.concatenate([image["dtMatches"] > 0 for _, image in there], axis=1)
    order = np.argsort(-scores, kind="mergesort")
    weights = counts[of_picture[order]]
    all_found = np.cumsum(weights, axis=0)
    return np.stack([_areas(matched[order], weights, all_found, objects) for matched in right])


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
