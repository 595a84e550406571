"""Learning boxes."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pyramid.networks.yolo import Branch
from pyramid.settings.metrics import METRICS
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.tf import tf
from pyramid.training.candidate import Candidate
from pyramid.training.detection.detect import Objects, detect
from pyramid.training.detection.loss import Parts, parts, total
from pyramid.training.detection.score import Found, score
from pyramid.training.tasks import Measured

_PRECISIONS = ("map_50", "map")
_LOSSES = tuple(name for name in METRICS[BOUNDING_BOX] if name not in _PRECISIONS)

#: How much of `map` decides between checks of equal precision.
_TIE = 1e-3


class Predicted(NamedTuple):
    """What a check of the holdout wants to know: the objects found, and the loss."""

    objects: Objects
    parts: Parts


class Boxes:
    """The task of a detector; see `tasks.Task`."""

    def __init__(
        self,
        candidate: Candidate,
        branches: list[Branch],
        targets: npt.NDArray[np.float32],
        sides: npt.NDArray[np.float32],
    ):
        """
        Args:
            targets: of all rows, float32 [rows, n, 5]: x1, y1, x2, y2 in pixels of the input and the class.
            sides: of all rows, float32 [rows]: the longer side of the original picture in pixels.
        """
        self._classes = candidate.classes
        self._branches = branches
        self._side = candidate.width
        self.columns = (targets, sides)

    def loss(self, targets: tf.Tensor, outputs: Any) -> tf.Tensor:
        return total(parts(targets, outputs, self._branches))

    def predict(self, outputs: Any, *columns: tf.Tensor) -> Predicted:
        targets, sides = columns
        return Predicted(detect(outputs, self._branches, sides), parts(targets, outputs, self._branches))

    def finite(self, predicted: Predicted) -> bool:
        return all(bool(np.isfinite(part).all()) for part in predicted.parts)

    def measure(self, names: Iterable[str], rows: npt.NDArray[np.int64], predicted: Predicted) -> Measured:
        """All metrics, whatever ``names`` says. The losses are for each object, and negated."""
        scores = score(self._truth(rows), Found(*predicted.objects), self._classes)
        objects = max(1.0, float(predicted.parts.objects.sum()))
        losses = {name: -float(getattr(predicted.parts, name).sum()) / objects for name in _LOSSES}
        return Measured({"map_50": scores.map_50, "map": scores.map, **losses}, scores.per_class)

    def worth(self, metric: str, metrics: dict[str, float | None]) -> float:
        """Before the first object is found all precisions are 0, and only the losses tell whether there is progress.

        When all are found, `map` still tells how well the boxes fit.
        """
        value = metrics[metric]
        if value is None:
            return -np.inf
        if metric not in _PRECISIONS:
            return value
        losses = sum(metrics[name] or 0.0 for name in _LOSSES)
        return value + _TIE * (metrics["map"] or 0.0) if value > 0 else losses

    def _truth(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The boxes in pixels of the original pictures."""
        targets, sides = self.columns
        truth = targets[rows].copy()
        truth[..., :4] *= (sides[rows] / self._side)[:, np.newaxis, np.newaxis]
        return truth
