"""Where the batches of a candidate are made: in its own process, or by workers beside it."""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import Dataset
from pyramid.data.pipeline import BatchSource, streamed_batches, training_batches
from pyramid.tf import tf
from pyramid.training.candidate import Candidate, Placement

#: From the number of the first batch: batches (pictures, targets, weights) in order, made elsewhere.
Workers = Callable[[int], Iterator[Any]]

#: The trial's own batches keep up when one takes less than this part of a step.
_KEEPS_UP = 0.5

#: Workers must be this much faster to be worth their cores.
_FASTER = 0.8

_MEASURED = 5


def batch_source(candidate: Candidate, pictures: npt.NDArray[np.uint8], dataset: Dataset) -> BatchSource:
    """The batches that ``candidate`` learns from."""
    return BatchSource(
        pictures, dataset, candidate.batch_size, candidate.balance_objective, candidate.seed, candidate.augmentations
    )


class Batches:
    """The batches of a candidate, and where they are made."""

    def __init__(self, candidate: Candidate, source: BatchSource, workers: Workers | None, threads: int):
        """
        Args:
            workers: None when there are no cores for them.
            threads: cores of this process; without a GPU the training has use for all of them.
        """
        self.source = source
        self._workers = workers
        self._threads = min(4, threads) if tf.config.list_physical_devices("GPU") else 1
        self._open = False
        self.placement = self._wished(candidate)

    def _wished(self, candidate: Candidate) -> Placement | None:
        """None when nothing is augmented."""
        if not candidate.augmentations:
            return None
        wish = candidate.augmentation_placement
        if wish != "auto":
            return Placement(wish, "as the configuration says")
        if self._workers is None:
            return Placement("trial", "no core is free beside the trials")
        self._open = True
        return Placement("trial", "")

    def dataset(self, first: int = 0) -> tf.data.Dataset:
        """The batches from number ``first`` on, made in the place that is chosen."""
        if self.placement and self.placement.where == "workers":
            return self._from_workers(first)
        return training_batches(self.source, first, self._threads)

    def choose(self, first: int, step_seconds: Callable[[], float]) -> bool:
        """Find the faster place by making a few batches from number ``first`` on in each; returns whether it changed.

        Args:
            step_seconds: takes a few steps and tells the seconds of one.
        """
        if not self._open:
            return False
        self._open = False
        here, step = _seconds(training_batches(self.source, first, self._threads)), step_seconds()
        told = f"a batch takes {1e3 * here:.0f} ms in the trial"
        if here < _KEEPS_UP * step:
            self.placement = Placement("trial", f"{told}, a step {1e3 * step:.0f} ms")
            return False
        try:
            there = _seconds(self._from_workers(first))
        except Exception as error:  # of whatever kind: the trial can do without workers
            self.placement = Placement("trial", f"the workers failed: {type(error).__name__}")
            return False
        where = "workers" if there < _FASTER * here else "trial"
        self.placement = Placement(where, f"{told}, {1e3 * there:.0f} ms from the workers")
        return where == "workers"

    def _from_workers(self, first: int) -> tf.data.Dataset:
        workers = self._workers
        if workers is None:
            raise ValueError("no core is free for augmentation workers")
        return streamed_batches(lambda: workers(first), self.source)


def _seconds(batches: tf.data.Dataset) -> float:
    """Seconds for one batch, after what was prefetched while the first was waited for."""
    made = iter(batches)
    next(made)
    began = time.perf_counter()
    for _ in itertools.islice(made, _MEASURED):
        pass
    return (time.perf_counter() - began) / _MEASURED
