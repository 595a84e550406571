"""Checks of the holdout that stay within their share of the time."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.settings.metrics import METRICS
from pyramid.training.candidate import Fit
from pyramid.training.learners.interface import Learner
from pyramid.training.tasks import Measured, Task

#: A check is followed by this many times its duration of training: checking takes 6 % of the time at most.
TRAINING_PER_CHECK = 16.0


class Holdout:
    """Measures a network on held out rows.

    When a check of all rows would take more than `max_seconds_per_update` / 16, a fixed sample of them that
    does not is checked instead: a check is due every `max_seconds_per_update` at the latest.
    """

    def __init__(self, fit: Fit, task: Task, rows: npt.NDArray[np.int64], batch_size: int):
        """
        Args:
            rows: those that are held out.
            batch_size: how many are predicted at once.
        """
        self._fit = fit
        self._task = task
        self.batch_size = batch_size
        self.rows = np.random.default_rng([fit.seed, 1]).permutation(rows)
        self.seconds = 0.0
        self.seconds_per_row = 0.0

    def prepare(self, learner: Learner, checked: int | None = None) -> None:
        """Trace the prediction, time it on one batch, and choose how many rows a check can take.

        Args:
            checked: the choice of an earlier process, whose checks are to be compared with.
        """
        probe = self.rows[: self.batch_size]
        learner.trace_prediction(probe, self.batch_size)
        before = time.monotonic()
        predicted = learner.predict(probe, self.batch_size)
        self._measure(self._headline, probe, predicted)
        self.seconds_per_row = (time.monotonic() - before) / len(probe)
        allowed = self._fit.max_seconds_per_update / TRAINING_PER_CHECK / self.seconds_per_row
        self.rows = self.rows[: checked or max(len(probe), int(allowed))]
        self.forget_time()

    def forget_time(self) -> None:
        """A check takes what it took at first: its layers are no longer frozen."""
        self.seconds = self.seconds_per_row * len(self.rows)

    def predict(self, learner: Learner) -> Any:
        """What the task predicts for the rows."""
        return learner.predict(self.rows, self.batch_size)

    def headline(self, predicted: Any) -> Measured:
        """The two headline metrics and the one that selects, or more."""
        return self._measure(self._headline, self.rows, predicted)

    def complete(self, measured: Measured, predicted: Any) -> Measured:
        """``measured`` with every metric of the objective."""
        names = METRICS[self._fit.objective]
        return measured if set(names) <= set(measured.metrics) else self._measure(names, self.rows, predicted)

    @property
    def _headline(self) -> list[str]:
        return list(dict.fromkeys([*METRICS[self._fit.objective][:2], self._fit.selection_metric]))

    def _measure(self, names: Sequence[str], rows: npt.NDArray[np.int64], predicted: Any) -> Measured:
        if not self._task.finite(predicted):
            return Measured(dict.fromkeys(names))
        return self._task.measure(names, rows, predicted)
