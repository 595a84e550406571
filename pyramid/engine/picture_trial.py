"""A candidate on pictures, which all trials share, as a trial."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyramid.engine.stream import Batch, worker_batches
from pyramid.engine.trial import Trial
from pyramid.training.candidate import Candidate


class PictureTrial(Trial):
    """Its ``shared`` is an `engine.shared.Shared`."""

    _fit: Candidate
    _workers_are_warm = False
    _ready: tuple[Batch, Iterator[Batch]] | None = None

    def _candidate_of(self, config: dict[str, Any]) -> Candidate:
        candidate: Candidate = self._shared.candidate(config["name"])
        return candidate

    def _take_up(self) -> None:
        import pyramid.training.trial  # noqa: F401 - the import of Keras is no part of the candidate's time

        view = self._shared.view(self._fit)
        self._pictures, self._dataset = view.pictures(), view.dataset
        self._ready = None
        if self._fit.augmentations:
            with contextlib.suppress(Exception):  # step() will fail in the same way, and tell
                self._warm_up()

    def _warm_up(self) -> None:
        """Compile the augmentations, which all candidates have in common, and wait until the workers are there."""
        from pyramid.training.batches import batch_source

        batch_source(self._fit, self._pictures, self._dataset).batch(0)
        placement = self._fit.augmentation_placement
        if placement == "workers" or (placement == "auto" and self._shared.workers and not self._workers_are_warm):
            stream = worker_batches(self._shared, self._fit.name, 0)
            batch = next(stream)
            self._workers_are_warm = True
            if placement == "workers":
                self._ready = (batch, stream)
            else:
                stream.close()

    def _worker_batches(self, first: int) -> Iterator[Batch]:
        ready, self._ready = self._ready, None
        if first == 0 and ready and len(ready[0][0]) == self._fit.batch_size:
            batch, rest = ready
            return itertools.chain([batch], rest)
        return worker_batches(self._shared, self._fit.name, first, self._fit.batch_size)

    def _begin(self, folder: Path, resume: bool) -> Any:
        from pyramid.training.trial import CandidateTraining

        shared = self._shared
        workers = self._worker_batches if shared.workers else None
        start = shared.start(self._fit)
        return CandidateTraining(
            self._fit, self._pictures, self._dataset, folder, workers, shared.threads, start, resume=resume
        )

    def cleanup(self) -> None:
        self._ready = None
        super().cleanup()
