"""Learning classes or values: one vector of outputs for each picture."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.tf import tf
from pyramid.training.candidate import Fit
from pyramid.training.losses import categorical_loss, numeric_loss
from pyramid.training.metrics import measure
from pyramid.training.tasks import Measured


class Values:
    """The task of a network whose outputs are (raw [b, k], served [b, k]); see `tasks.Task`."""

    columns: tuple[npt.NDArray[Any], ...] = ()

    def __init__(self, candidate: Fit, targets: npt.NDArray[np.float32], standardised: bool = False):
        """
        Args:
            targets: of all rows, float32 [rows]: indices of classes, or values.
            standardised: the values are in standard deviations from the mean, not in their own unit.
        """
        self._candidate = candidate
        self._standardised = standardised
        self._targets = targets
        if candidate.categorical:
            classes, smoothing = len(candidate.classes), candidate.label_smoothing_factor
            self._loss = categorical_loss(candidate.loss_function, classes, smoothing)
        else:
            self._loss = numeric_loss(candidate.loss_function, candidate.mean, candidate.stdev, standardised)

    def loss(self, targets: tf.Tensor, outputs: Any) -> tf.Tensor:
        return self._loss(targets, outputs[0])

    def predict(self, outputs: Any, *columns: tf.Tensor) -> tf.Tensor:
        return outputs[1]

    def finite(self, predicted: Any) -> bool:
        return bool(np.isfinite(predicted).all())

    def measure(self, names: Iterable[str], rows: npt.NDArray[np.int64], predicted: Any) -> Measured:
        truth = self._targets[rows]
        if self._candidate.categorical:
            return Measured(measure(names, truth, predicted))
        predicted = predicted[:, 0] * self._candidate.stdev
        if self._standardised:  # a mean common to both would cost digits and change nothing
            return Measured(measure(names, truth * self._candidate.stdev, predicted))
        return Measured(measure(names, truth, predicted + self._candidate.mean))

    def worth(self, metric: str, metrics: dict[str, float | None]) -> float:
        value = metrics[metric]  # None where it is not defined, as for constant predictions
        return -np.inf if value is None else value
