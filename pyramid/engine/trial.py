"""One candidate as a Ray Tune trial, whatever it learns from."""

import gc
import os
import time
import traceback
from abc import abstractmethod
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ray import tune

from pyramid.engine.keeper import Place
from pyramid.engine.session import ray
from pyramid.training.candidate import Fit, Progress, Result, Status
from pyramid.training.checkpoint import halved_before
from pyramid.training.storage import load_result

#: With how many losses of its process a candidate has failed; those of whole machines do not count.
MOST_LOSSES = 3


class Trial(tune.Trainable):
    """Trains the candidate called ``config["name"]``, half a second for each step.

    The first step makes ready what a candidate's time is not spent on: that runs from the end of this step. The
    second builds and traces the network, or takes up what an earlier process of this candidate has left. Whatever fails
    becomes a result with its traceback; out of memory, it begins once more with half of the batch.
    """

    _place: Any = None
    _is_frozen = False

    def setup(self, config: dict[str, Any], shared: Any) -> None:
        """``shared``: a `engine.shared.Common`."""
        from pyramid.tf import limit_devices

        limit_devices(shared.threads)
        self._shared = shared
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Only take note of it: the rest is the work of the first step."""
        self._wanted = new_config
        self._began = False
        return True

    def _make_ready(self) -> None:
        from pyramid.tf import tf

        self._training: Any = None
        tf.keras.backend.clear_session()
        gc.collect()
        if self._place is not None:
            self._place.leave()
        shared, name = self._shared, self._wanted["name"]
        losses, memory_lost = ray.get(shared.board.losses.remote(name))
        self._fit = self._candidate_of(self._wanted)
        self._full_batch = self._fit.batch_size
        if memory_lost:
            self._fit = _halved(self._fit)
        self._lost_before = losses > 0
        self._place = Place(shared.folder, shared.marker, self._fit.folder, shared.keeper)
        self._take_up()
        if not self._is_frozen:
            self._is_frozen = True
            gc.freeze()  # what was imported stays: collecting a candidate's leftovers need not look at it

    @abstractmethod
    def _candidate_of(self, config: dict[str, Any]) -> Fit:
        """The candidate of a trial."""

    @abstractmethod
    def _take_up(self) -> None:
        """Make ready what no candidate's time should be spent on."""

    @abstractmethod
    def _begin(self, folder: Path, resume: bool) -> Any:
        """The training of the candidate, a `Descent`."""

    def _complete(self, result: Result) -> None:
        """What is to be done after the last step, in the folder of the candidate."""

    def _hand_in(self) -> None:
        """Called when all that the candidate leaves is where the driver sees it."""

    def step(self) -> dict[str, Any]:
        if not self._began:
            self._make_ready()
            self._began = True
            return {"began": True, "node": ray.get_runtime_context().get_node_id(), "pid": os.getpid()}
        try:
            return self._advance()
        except Exception as error:
            if _out_of_memory(error) and self._fit.batch_size > 1 and not self._halved_already:
                return self._begin_smaller()
            return {"progress": None, "result": self._failure(error).to_dict(), "done": True}

    @property
    def _halved_already(self) -> bool:
        return self._fit.batch_size < self._full_batch

    def _begin_smaller(self) -> dict[str, Any]:
        from pyramid.tf import tf

        self._training = None
        self._fit = _halved(self._fit)
        tf.keras.backend.clear_session()
        gc.collect()
        return {"halved": True}

    def _advance(self) -> dict[str, Any]:
        if self._training is None:
            began = time.monotonic()
            resume = self._shared.resumes or self._lost_before
            if resume:
                self._place.fetch()
                self._fit = halved_before(self._place.folder, self._fit)
            self._training = self._begin(self._place.folder, resume)
            told = self._told(self._training.progress()) | {"built": time.monotonic() - began}
        else:
            told = self._told(self._training.advance(self._seconds_left()))
        self._place.send()
        if told["result"]:
            self._hand_in()
        return told

    def _told(self, progress: Progress) -> dict[str, Any]:
        values = {key: value for key, value in asdict(progress).items() if key != "result"}
        result = progress.result
        if result is None:
            return {"progress": values, "result": None, "done": False}
        if self._halved_already:
            result.reason += f"; with batches of {self._fit.batch_size}, for it was out of memory"
        if result.status == Status.FINISHED:
            self._complete(result)
        return {"progress": values, "result": result.to_dict(), "done": True}

    def _seconds_left(self) -> float:
        """The driver posts the trial's time when it has seen its first step, some milliseconds later."""
        while (left := ray.get(self._shared.board.seconds_left.remote(self._fit.name))) is None:
            pass
        return max(0.0, left)

    def _failure(self, error: Exception) -> Result:
        lines = traceback.format_exc()
        reason = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
        if self._halved_already and _out_of_memory(error):
            reason += f" (with batches of {self._full_batch} and of {self._fit.batch_size})"
        none_yet = Result(self._fit.name, self._fit.network, self._fit.method, Status.FAILED)
        return failed(self._place.folder, none_yet, reason, lines)

    def cleanup(self) -> None:
        self._training = None
        self._place.leave()


def _out_of_memory(error: Exception) -> bool:
    from pyramid.training.memory import out_of_memory  # TensorFlow, which the driver does without

    return out_of_memory(error)


def _halved(fit: Any) -> Any:
    return replace(fit, batch_size=max(1, fit.batch_size // 2))


def failed(folder: Path, none_yet: Result, reason: str, lines: str = "") -> Result:
    """The result of a candidate that broke: with the metrics of its last saved weights in ``folder``, if it has any."""
    result = load_result(folder) or none_yet
    result.status, result.reason, result.traceback = Status.FAILED, reason, lines
    return result
