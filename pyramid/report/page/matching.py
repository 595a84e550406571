"""Which objects a detector has found: boxes of the truth beside those that were predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyramid.settings.boxes import FOUND_IOU, SERVED_OBJECTS, SERVED_SCORE

Floats = npt.NDArray[np.float32]


@dataclass
class Match:
    """A picture's boxes.

    Attributes:
        right: whether each predicted box has an object of its class [objects].
        found: whether each true box was found [boxes].
    """

    right: npt.NDArray[np.bool_]
    found: npt.NDArray[np.bool_]


@dataclass
class Curve:
    """Precision over recall of a class as the score that is asked for falls.

    Attributes:
        objects: in the truth.
        average: precision, the mean over recalls of 0, 0.01 … 1 as COCO takes it; None without objects.
    """

    recall: npt.NDArray[np.float64]
    precision: npt.NDArray[np.float64]
    objects: int
    average: float | None


def match(truth: Floats, predicted: Floats, iou: float = FOUND_IOU) -> Match:
    """Give each object to at most one predicted box of its class: to the one with the highest score first.

    Args:
        truth: [boxes, 5]: x1, y1, x2, y2, class.
        predicted: [objects, 6]: the same, and the score.
    """
    found, right = np.zeros(len(truth), bool), np.zeros(len(predicted), bool)
    overlaps = overlap(predicted, truth) if len(truth) and len(predicted) else np.zeros((len(predicted), len(truth)))
    for i in np.argsort(-predicted[:, 5], kind="stable") if len(predicted) else ():
        free = np.where((truth[:, 4] == predicted[i, 4]) & ~found, overlaps[i], 0.0)
        if len(free) and free.max() >= iou:
            found[free.argmax()] = right[i] = True
    return Match(right, found)


def overlap(a: Floats, b: Floats) -> npt.NDArray[np.float64]:
    """Intersection over union [len(a), len(b)]; the first four columns are x1, y1, x2, y2."""
    a, b = a[:, np.newaxis, :4].astype(np.float64), b[np.newaxis, :, :4].astype(np.float64)
    sides = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)
    both = sides.prod(-1)
    area_a, area_b = ((box[..., 2:] - box[..., :2]).prod(-1) for box in (a, b))
    return np.asarray(both / np.maximum(area_a + area_b - both, 1e-12))


def served(predicted: Floats, score: float = SERVED_SCORE, most: int = SERVED_OBJECTS) -> Floats:
    """The objects of a picture that are served by default, the surest first."""
    order = np.argsort(-predicted[:, 5], kind="stable")[:most]
    return predicted[order][predicted[order, 5] > score]


def curves(truth: Sequence[Floats], predicted: Sequence[Floats], classes: int) -> list[Curve]:
    """Of each class, over all pictures."""
    pairs = [(match(t, p), p) for t, p in zip(truth, predicted, strict=True)]
    right = np.concatenate([m.right for m, _ in pairs] or [np.zeros(0, bool)])
    none = np.zeros(0, np.float32)
    names = np.concatenate([none, *(p[:, 4] for _, p in pairs)])
    scores = np.concatenate([none, *(p[:, 5] for _, p in pairs)])
    true_names = np.concatenate([none, *(t[:, 4] for t in truth)])
    return [_curve(right[names == k], scores[names == k], int((true_names == k).sum())) for k in range(classes)]


def _curve(right: npt.NDArray[np.bool_], scores: npt.NDArray[np.float32], objects: int) -> Curve:
    if not objects:
        return Curve(np.zeros(0), np.zeros(0), 0, None)
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    recall, precision = hits / objects, hits / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]  # what a lower score can still reach
    places = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    reached = np.append(precision, 0.0)[np.minimum(places, len(precision))]
    return Curve(recall, precision, objects, float(reached.mean()))
