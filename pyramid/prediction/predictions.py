"""What a model says of some pictures or rows: what all that predicts hands on, and all that writes takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pyramid.prediction.document import Described
from pyramid.settings.boxes import SERVED_IOU, SERVED_OBJECTS, SERVED_SCORE
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL


class Limits(NamedTuple):
    """Which objects a detector tells of: by default those of sensenet.

    Attributes:
        score: they have a higher one.
        iou: of two that overlap by more the one with the lower score goes.
        most: of a picture.
    """

    score: float = SERVED_SCORE
    iou: float = SERVED_IOU
    most: int = SERVED_OBJECTS


@dataclass
class Predictions:
    """Of some pictures or rows.

    Attributes:
        keys: the picture's path as it was given, or the number of the row, from 1.
        reasons: why there is no prediction; "" where there is one.
        outputs: probabilities float32 [n, classes], or values float32 [n]; or of each picture its objects, float32
            [objects, 6]: x1, y1, x2, y2 in whole pixels of the picture, the index of the class, the score; the best
            first. Without meaning where there is a reason.
        sizes: of pictures, int32 [n, 2]: width and height in pixels; else None.
    """

    keys: list[str]
    reasons: list[str]
    outputs: Any
    sizes: Any = None

    def __len__(self) -> int:
        return len(self.keys)


def gathered(batches: Iterable[Predictions]) -> Predictions:
    """All ``batches`` as one."""
    parts = list(batches)
    if not parts:
        return Predictions([], [], np.empty(0), np.empty((0, 2), np.int32))
    outputs: Any = [part.outputs for part in parts]
    outputs = [one for part in outputs for one in part] if isinstance(outputs[0], list) else np.concatenate(outputs)
    keys, reasons = ([one for part in parts for one in getattr(part, name)] for name in ("keys", "reasons"))
    sizes = None if parts[0].sizes is None else np.concatenate([part.sizes for part in parts])
    return Predictions(keys, reasons, outputs, sizes)


def shown_name(path: str) -> str:
    """``path`` as text: a file's name may be no UTF-8, and what it has instead becomes an escape."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def key_name(model: Described) -> str:
    """What `keys` are called in a file."""
    return "file" if model.pictures else "row"


def records(model: Described, predictions: Predictions) -> Iterator[dict[str, Any]]:
    """One object for each picture or row, as JSON has it.

    `file` or `row`, and either `error`, or `prediction` and `probabilities` (by class), or `value`, or `objects`: a
    list of `label`, `score` and `box` [x1, y1, x2, y2].
    """
    for i, (key, reason) in enumerate(zip(predictions.keys, predictions.reasons, strict=True)):
        told: dict[str, Any] = {key_name(model): shown_name(key) if model.pictures else int(key)}
        yield told | ({"error": reason} if reason else _told(model, predictions.outputs[i]))


def _told(model: Described, output: Any) -> dict[str, Any]:
    if model.objective == BOUNDING_BOX:
        return {"objects": [_object(model, found) for found in output.tolist()]}
    if model.objective == CATEGORICAL:
        probabilities = dict(zip(model.classes, map(rounded, output.tolist()), strict=True))
        return {"prediction": model.classes[int(output.argmax())], "probabilities": probabilities}
    return {"value": rounded(float(output))}


def _object(model: Described, found: list[float]) -> dict[str, Any]:
    box, label, score = [int(value) for value in found[:4]], model.classes[int(found[4])], rounded(found[5])
    return {"label": label, "score": score, "box": box}


def rounded(value: float) -> float:
    """``value`` with the seven digits that a float32 has."""
    return float(f"{value:.7g}")
