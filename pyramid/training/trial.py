"""The training of one candidate on one machine, a slice of time after the other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import Dataset
from pyramid.networks.build import Network
from pyramid.networks.weights.published import Weights
from pyramid.networks.yolo import Detector
from pyramid.training.batches import Batches, Workers, batch_source
from pyramid.training.candidate import TIME_UP, Candidate, Progress, Result, Status
from pyramid.training.clock import Stopwatch
from pyramid.training.detection.boxes import Boxes
from pyramid.training.holdout import TRAINING_PER_CHECK, Holdout
from pyramid.training.learner import Learner
from pyramid.training.network import build_network, set_weights
from pyramid.training.schedule import PHASES, Schedule, Verdict
from pyramid.training.storage import save
from pyramid.training.tasks import Measured, Task
from pyramid.training.values import Values

#: Seconds of training between two words from the trial.
SLICE = 0.5

#: Weights are written when that costs this share of the time at most; at the end in any case.
SAVING_SHARE = 0.03


@dataclass
class _Best:
    """The network at its best check so far."""

    value: float | None
    weights: list[Any]
    predicted: Any
    measured: Measured


class CandidateTraining:
    """Call `advance` until its progress has a result."""

    def __init__(
        self,
        candidate: Candidate,
        pictures: npt.NDArray[np.uint8],
        dataset: Dataset,
        folder: Path,
        workers: Workers | None = None,
        threads: int = 1,
        start: Weights | None = None,
    ):
        """Build and trace the network.

        Args:
            start: weights to begin with: of an initial model all, of a pretrained network those up to the features.
            folder: receives the best weights so far, and is made then.
            workers: make augmented batches on cores beside those of the trial, if there are any.
            threads: cores of the trial.
        """
        self._candidate = candidate
        self._folder = folder
        self._watch = Stopwatch()
        phases = PHASES[candidate.method]
        self._schedule = Schedule(candidate.patience, candidate.learning_rate_warmup_iterations, phases)
        with self._watch.on("tracing"):
            network = _started(candidate, start)
            self._task = _task(candidate, network, dataset)
            self._batches = Batches(candidate, batch_source(candidate, pictures, dataset), workers, threads)
            self._learner = Learner(candidate, network, self._task, pictures, self._batches, phases)
            self._holdout = Holdout(candidate, self._task, dataset)
            self._holdout.prepare(self._learner)
        self._epoch_iterations = max(1, len(dataset.training) // candidate.batch_size)
        self._step_seconds = 0.0
        self._step_is_timed = False
        self._deadline = 0.0
        self._last_check = (self._watch.elapsed, 0)
        self._last_save = 0.0
        self._save_seconds = 0.0
        self._best: _Best | None = None
        self._at_start: dict[str, float | None] = {}
        self._checks = 0
        self._reason = ""
        if candidate.structure is not None:
            self._check()
            self._at_start = dict(self._best.measured.metrics) if self._best else {}
        with self._watch.on("tracing"):
            self._learner.run(1)
            self._learner.place_batches()

    def advance(self, seconds_left: float) -> Progress:
        """Train for a slice of time, check the holdout when that is due, and end in time.

        Args:
            seconds_left: until the candidate's share of the time is over.
        """
        self._deadline = self._watch.elapsed + seconds_left
        slice_end = self._watch.elapsed + SLICE
        while not self._reason and self._watch.elapsed < slice_end:
            self._train(slice_end)
            if not self._reason and self._check_is_due():
                self._check()
        return self.progress(self._finish() if self._reason else None)

    def _train(self, slice_end: float) -> None:
        steps = self._affordable_steps(slice_end)
        if steps == 0:
            return
        before = self._watch.spent.get("training", 0.0)
        with self._watch.on("training"):
            loss = self._learner.run(steps)
        measured = (self._watch.spent["training"] - before) / steps
        self._step_seconds += (measured - self._step_seconds) * (0.3 if self._step_is_timed else 1.0)
        self._step_is_timed = True
        if not np.isfinite(loss):
            self._reason = f"it diverged at iteration {self._learner.iterations} (the loss is {loss})"

    def _affordable_steps(self, slice_end: float) -> int:
        """Steps until the slice ends or a check is due; 0, and the reason is set, when no other may be taken."""
        now, limit = self._watch.elapsed, self._candidate.max_iterations
        if now + self._step_seconds > self._deadline - self._seconds_to_finish():
            self._reason = TIME_UP
        elif limit is not None and self._learner.iterations >= limit:
            self._reason = f"max_iterations ({limit}) was reached"
        if self._reason:
            return 0
        if not self._step_is_timed:
            return 1
        until = min(slice_end, self._next_check(), self._deadline - self._seconds_to_finish())
        steps = max(1, int((until - now) / self._step_seconds))
        return steps if limit is None else min(steps, limit - self._learner.iterations)

    def _seconds_to_finish(self) -> float:
        """A last check and the writing of the weights, with a margin."""
        return 0.05 + 1.1 * (self._holdout.seconds + self._save_seconds)

    def _next_check(self) -> float:
        """One epoch or `max_seconds_per_update` after the last check, unless that would be too often."""
        epoch = self._epoch_iterations * self._step_seconds
        wished = min(self._candidate.max_seconds_per_update, epoch)
        return self._last_check[0] + max(wished, TRAINING_PER_CHECK * self._holdout.seconds)

    def _check_is_due(self) -> bool:
        return self._watch.elapsed >= self._next_check() or self._schedule.out_of_time(
            self._learner.own_iterations, self._time_used()
        )

    def _time_used(self) -> float:
        """The share of the candidate's time after tracing that has gone; 0 before that is known."""
        tracing = self._watch.spent["tracing"]
        left = self._deadline - tracing
        return min(1.0, (self._watch.elapsed - tracing) / left) if left > 0 else float(self._deadline > 0)

    def _check(self) -> None:
        before = self._watch.spent.get("checking", 0.0)
        with self._watch.on("checking"):
            predicted = self._holdout.predict(self._learner)
            measured = self._holdout.headline(predicted)
        self._holdout.seconds = self._watch.spent["checking"] - before
        self._judge(predicted, measured)
        self._checks += 1
        self._last_check = (self._watch.elapsed, self._learner.iterations)

    def _judge(self, predicted: Any, measured: Measured) -> None:
        if not self._task.finite(predicted):
            self._reason = f"it diverged at iteration {self._learner.iterations} (its predictions are not finite)"
            return
        value = measured.metrics[self._candidate.selection_metric]
        worth = self._task.worth(self._candidate.selection_metric, measured.metrics)
        improved, verdict = self._schedule.check(worth, self._learner.own_iterations, self._time_used())
        if improved:
            self._best = _Best(value, self._learner.model.get_weights(), predicted, measured)
            if SAVING_SHARE * (self._watch.elapsed - self._last_save) > self._save_seconds:
                self._save(self._result(Status.FAILED, "it was stopped while training"))
        if verdict is Verdict.STEP_DOWN:
            self._restore()
            self._enter_phase()
        elif verdict is Verdict.FINISHED:
            self._reason = f"{self._candidate.patience} checks in a row brought nothing at the lowest learning rate"

    def _enter_phase(self) -> None:
        was_frozen = self._learner.frozen
        self._learner.enter(self._schedule.phase)
        if was_frozen and not self._learner.frozen:
            # A guess until a step is timed: the pass back takes about twice the time of the pass forward.
            self._step_is_timed = False
            self._step_seconds = 3 * self._holdout.seconds_per_row * self._candidate.batch_size
            self._holdout.forget_time()

    @property
    def _diverged(self) -> bool:
        return self._reason.startswith("it diverged")

    def _restore(self) -> None:
        if self._best is not None:
            self._learner.model.set_weights(self._best.weights)

    def _save(self, result: Result) -> None:
        """Write the network, which must be at its best."""
        before = self._watch.elapsed
        with self._watch.on("saving"):
            save(self._folder, self._learner.model, self._candidate, result)
        self._last_save = self._watch.elapsed
        self._save_seconds = self._last_save - before

    def _finish(self) -> Result:
        if not self._diverged and self._last_check[1] < self._learner.iterations:
            reason = self._reason
            self._check()
            if not self._diverged:
                self._reason = reason
        self._restore()
        if self._best is None:
            return self._result(Status.FAILED, f"{self._reason}, before its first check")
        self._best.measured = self._holdout.complete(self._best.measured, self._best.predicted)
        result = self._result(Status.FINISHED, self._reason)
        self._save(result)
        return result

    def _result(self, status: Status, reason: str) -> Result:
        return Result(
            name=self._candidate.name,
            network=self._candidate.network,
            method=self._candidate.method,
            status=status,
            reason=reason,
            metrics=dict(self._best.measured.metrics) if self._best else {},
            iterations=self._learner.iterations,
            checks=self._checks,
            checked_rows=len(self._holdout.rows),
            at_start=self._at_start,
            images_per_second=self._images_per_second(),
            seconds=self._watch.spent | {"elapsed": self._watch.elapsed},
            placement=self._batches.placement,
            per_class=self._best.measured.per_class if self._best else {},
        )

    def _images_per_second(self) -> float:
        return self._candidate.batch_size / self._step_seconds if self._step_seconds else 0.0

    def progress(self, result: Result | None = None) -> Progress:
        """How far the training is."""
        return Progress(
            iterations=self._learner.iterations,
            checks=self._checks,
            seconds_left=max(0.0, self._deadline - self._watch.elapsed),
            elapsed=self._watch.elapsed,
            value=self._best.value if self._best else None,
            images_per_second=self._images_per_second(),
            tracing_seconds=self._watch.spent["tracing"],
            result=result,
        )


def _started(candidate: Candidate, start: Weights | None) -> Network | Detector:
    """The network with what it starts from."""
    network = build_network(candidate)
    if start is not None:
        set_weights(network.body if candidate.structure is None else network.layers, start)
    return network


def _task(candidate: Candidate, network: Network | Detector, dataset: Dataset) -> Task:
    """What the outputs of ``network`` mean."""
    if isinstance(network, Detector):
        return Boxes(candidate, network.branches, dataset.targets, dataset.sides)
    return Values(candidate, dataset.targets)
