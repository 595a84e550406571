"""Checks of the holdout that stay within their share of the time."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import Dataset
from pyramid.settings.metrics import METRICS
from pyramid.training.candidate import Candidate
from pyramid.training.loop import TrainingLoop
from pyramid.training.metrics import measure

#: A check is followed by this many times its duration of training: checking takes 6 % of the time at most.
TRAINING_PER_CHECK = 16.0


class Holdout:
    """Measures a network on held out rows.

    When a check of all rows would take more than `max_seconds_per_update` / 16, a fixed sample of them that
    does not is checked instead: a check is due every `max_seconds_per_update` at the latest.
    """

    def __init__(self, candidate: Candidate, pictures: npt.NDArray[np.uint8], dataset: Dataset):
        self._candidate = candidate
        self._pictures = pictures
        self._targets = dataset.targets
        self._batch_size = max(64, candidate.batch_size)
        self.rows = np.random.default_rng([candidate.seed, 1]).permutation(dataset.holdout)
        self.seconds = 0.0

    def prepare(self, loop: TrainingLoop) -> None:
        """Trace the prediction, time it on one batch, and choose how many rows a check can take."""
        probe = self.rows[: self._batch_size]
        loop.predict(self._pictures, probe, self._batch_size)
        before = time.monotonic()
        loop.predict(self._pictures, probe, self._batch_size)
        seconds_per_row = (time.monotonic() - before) / len(probe)
        allowed = self._candidate.max_seconds_per_update / TRAINING_PER_CHECK / seconds_per_row
        self.rows = self.rows[: max(len(probe), int(allowed))]
        self.seconds = seconds_per_row * len(self.rows)

    def predict(self, loop: TrainingLoop) -> Any:
        """Predictions for the rows, in the targets' own unit: [rows, classes] or [rows]."""
        served = loop.predict(self._pictures, self.rows, self._batch_size)
        if self._candidate.categorical:
            return served
        return served[:, 0] * self._candidate.stdev + self._candidate.mean

    def headline(self, predicted: Any) -> dict[str, float | None]:
        """The two headline metrics and the one that selects."""
        names = dict.fromkeys([*METRICS[self._candidate.objective][:2], self._candidate.selection_metric])
        return self._measure(names, predicted)

    def all_metrics(self, predicted: Any) -> dict[str, float | None]:
        """Every metric of the objective."""
        return self._measure(METRICS[self._candidate.objective], predicted)

    def _measure(self, names: Any, predicted: Any) -> dict[str, float | None]:
        if not np.isfinite(predicted).all():
            return dict.fromkeys(names)
        return measure(names, self._targets[self.rows], predicted)
