"""How good the objects are that were found, by COCO's own evaluation (pycocotools)."""

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pyramid.settings.boxes import SERVED_OBJECTS, SERVED_SCORE

Floats = npt.NDArray[np.float32]


@dataclass
class Found:
    """Objects that were predicted, as `detect.Objects` has them, in arrays."""

    boxes: Floats
    scores: Floats
    names: npt.NDArray[np.int32]


@dataclass
class Scores:
    """How good they are.

    Attributes:
        map_50: mAP at an IoU of 0.5; None when there is no object to find.
        map: mean of the mAP at IoUs of 0.5, 0.55 … 0.95.
        per_class: for each class `map_50`, `map`, and what is found with the defaults that are served: of its
            `objects`, `found` are overlapped by an IoU of 0.5 or more by a prediction of their class, `missed` are not,
            and `false` predictions overlap no object of theirs.
    """

    map_50: float | None
    map: float | None
    per_class: dict[str, dict[str, float | int | None]]


def score(truth: Floats, found: Found, classes: list[str]) -> Scores:
    """Compare what was ``found`` with the ``truth``.

    Args:
        truth: [pictures, n, 5]: x1, y1, x2, y2 and the class, -1 for none, in the pixels of ``found``.
    """
    evaluated, predictions = coco_evaluation(truth, found, len(classes))
    precision = np.asarray(evaluated.eval["precision"][:, :, :, 0, -1])  # [IoUs, recalls, classes], of all sizes
    served = {prediction["id"] for prediction in predictions if prediction["served"]}
    per_class = {
        name: {"map_50": _mean(precision[0, :, k]), "map": _mean(precision[:, :, k]), **_counts(evaluated, k, served)}
        for k, name in enumerate(classes)
    }
    return Scores(_mean(precision[0]), _mean(precision), per_class)


def coco_evaluation(truth: Floats, found: Found, classes: int) -> tuple[COCOeval, list[dict[str, Any]]]:
    """COCO's evaluation of what was ``found``, its `evalImgs` and `eval` made; and the predictions as COCO has them.

    Args:
        truth: see `score`.
        classes: how many there are.
    """
    predictions = _predictions(found)
    return _evaluate(_annotations(truth), predictions, len(truth), classes), predictions


def _counts(evaluated: Any, name: int, served: set[int]) -> dict[str, float | int | None]:
    """What the ``served`` predictions of the class ``name`` find.

    COCO gives the objects to the predictions by falling scores: weak ones take nothing from those that are served.
    """
    of_class = [image for image in evaluated.evalImgs if image and image["category_id"] == name]
    judged = [image for image in of_class if image["aRng"] == evaluated.params.areaRng[0]]  # objects of all sizes
    objects = sum(len(image["gtIds"]) for image in judged)
    found = sum(int(prediction) in served for image in judged for prediction in image["gtMatches"][0])
    predicted = sum(prediction in served for image in judged for prediction in image["dtIds"])
    return {"objects": objects, "found": found, "missed": objects - found, "false": predicted - found}


def _mean(precision: npt.NDArray[np.float64]) -> float | None:
    """COCO marks what is not defined by -1."""
    defined = precision[precision > -1]
    return float(defined.mean()) if len(defined) else None


def _evaluate(
    annotations: list[dict[str, Any]], predictions: list[dict[str, Any]], pictures: int, classes: int
) -> COCOeval:
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
        true, predicted = COCO(), COCO()
        for coco, objects in ((true, annotations), (predicted, predictions)):
            coco.dataset = {
                "images": [{"id": i} for i in range(pictures)],
                "categories": [{"id": k} for k in range(classes)],
                "annotations": objects,
            }
            coco.createIndex()
        evaluated = COCOeval(true, predicted, "bbox")
        evaluated.evaluate()
        evaluated.accumulate()
    return evaluated


def _annotations(truth: Floats) -> list[dict[str, Any]]:
    there = np.argwhere(truth[..., 4] >= 0)
    return [_annotation(number, i, truth[i, j, :4], truth[i, j, 4]) for number, (i, j) in enumerate(there, 1)]


def _predictions(found: Found) -> list[dict[str, Any]]:
    """Those that sensenet serves by default are marked.

    Suppression goes by falling scores: to leave out the weak ones first would have changed nothing for the others.
    """
    there = np.argwhere(found.scores > 0)
    return [
        _annotation(number, i, found.boxes[i, j], found.names[i, j])
        | {
            "score": float(found.scores[i, j]),
            "served": bool(found.scores[i, j] > SERVED_SCORE and j < SERVED_OBJECTS),
        }
        for number, (i, j) in enumerate(there, 1)
    ]


def _annotation(number: int, image: int, corners: Floats, name: float) -> dict[str, Any]:
    x1, y1, x2, y2 = map(float, corners)
    width, height = x2 - x1, y2 - y1
    return {
        "id": number,
        "image_id": int(image),
        "category_id": int(name),
        "bbox": [x1, y1, width, height],
        "area": width * height,
        "iscrowd": 0,
    }
