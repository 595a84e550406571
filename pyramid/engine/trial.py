"""One candidate as a Ray Tune trial."""

import contextlib
import gc
import itertools
import os
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ray import tune

from pyramid.engine.session import ray
from pyramid.engine.shared import Shared
from pyramid.engine.stream import Batch, worker_batches
from pyramid.training.candidate import Candidate, Result, Status
from pyramid.training.storage import load_fit_info


class Trial(tune.Trainable):
    """Trains the candidate at ``config["index"]``, half a second for each step.

    The first step only says that it was called: the time of the search runs from there. The second builds and
    traces the network. Whatever fails becomes a result with its traceback.
    """

    def setup(self, config: dict[str, Any], shared: Shared) -> None:
        from pyramid.tf import limit_devices

        limit_devices(shared.threads)
        self._shared = shared
        self._workers_are_warm = False
        self.reset_config(config)
        gc.freeze()  # what was imported stays: collecting a candidate's leftovers need not look at it

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        import pyramid.training.trial  # the import of TensorFlow and Keras is no part of the candidate's time
        from pyramid.tf import tf

        self._training: pyramid.training.trial.CandidateTraining | None = None
        self._began = False
        tf.keras.backend.clear_session()
        gc.collect()
        self._candidate = Candidate(**self._shared.candidates[new_config["index"]])
        view = self._shared.view(self._candidate)
        self._pictures, self._dataset = view.pictures(), view.dataset
        self._ready: tuple[Batch, Iterator[Batch]] | None = None
        if self._candidate.augmentations:
            with contextlib.suppress(Exception):  # step() will fail in the same way, and tell
                self._warm_up()
        context = ray.get_runtime_context()
        self._shared.board.enter.remote(self._candidate.name, context.current_actor, context.get_node_id(), os.getpid())
        return True

    def _warm_up(self) -> None:
        """Compile the augmentations, which all candidates have in common, and wait until the workers are there."""
        from pyramid.training.batches import batch_source

        batch_source(self._candidate, self._pictures, self._dataset).batch(0)
        placement = self._candidate.augmentation_placement
        if placement == "workers" or (placement == "auto" and self._shared.workers and not self._workers_are_warm):
            stream = worker_batches(self._shared, self._candidate.name, 0)
            batch = next(stream)
            self._workers_are_warm = True
            if placement == "workers":
                self._ready = (batch, stream)
            else:
                stream.close()

    def _worker_batches(self, first: int) -> Iterator[Batch]:
        ready, self._ready = self._ready, None
        if first == 0 and ready:
            batch, rest = ready
            return itertools.chain([batch], rest)
        return worker_batches(self._shared, self._candidate.name, first)

    def step(self) -> dict[str, Any]:
        if not self._began:
            self._began = True
            return {"began": True}
        try:
            return self._advance()
        except Exception as error:
            return {"progress": None, "result": self._failure(error).to_dict(), "done": True}

    def _advance(self) -> dict[str, Any]:
        from pyramid.training.trial import CandidateTraining

        if self._training is None:
            folder = Path(self._shared.folder) / self._candidate.folder
            shared = self._shared
            workers = self._worker_batches if shared.workers else None
            self._training = CandidateTraining(
                self._candidate,
                self._pictures,
                self._dataset,
                folder,
                workers,
                shared.threads,
                shared.start(self._candidate),
            )
            progress = self._training.progress()
        else:
            progress = self._training.advance(self._seconds_left())
        result = progress.result.to_dict() if progress.result else None
        values = {key: value for key, value in asdict(progress).items() if key != "result"}
        return {"progress": values, "result": result, "done": result is not None}

    def _seconds_left(self) -> float:
        """The driver posts the trial's time when it has seen its first step, some milliseconds later."""
        while (left := ray.get(self._shared.board.seconds_left.remote(self._candidate.name))) is None:
            pass
        return max(0.0, left)

    def _failure(self, error: Exception) -> Result:
        lines = traceback.format_exc()
        reason = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
        return failed(Path(self._shared.folder), self._candidate, reason, lines)

    def cleanup(self) -> None:
        self._training = self._ready = None


def failed(folder: Path, candidate: Candidate, reason: str, lines: str = "") -> Result:
    """The result of a candidate that broke: with the metrics of its last saved weights, if it has any."""
    saved = load_fit_info(folder / candidate.folder)
    result = saved[1] if saved else Result(candidate.name, candidate.network, candidate.method, Status.FAILED)
    result.status, result.reason, result.traceback = Status.FAILED, reason, lines
    return result
