"""Descent on one machine, a slice of time after the other: until the time is up, or nothing more is learned."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.errors import NoModelError
from pyramid.training.candidate import TIME_UP, WEIGHTS_FILE, Fit, Progress, Result, Status
from pyramid.training.checkpoint import Checkpoint, Position, has_weights_of, remove_checkpoint, save_checkpoint
from pyramid.training.clock import Stopwatch
from pyramid.training.holdout import TRAINING_PER_CHECK, Holdout
from pyramid.training.learners.interface import Learner
from pyramid.training.saving import Saving
from pyramid.training.schedule import Phase, Schedule, Verdict
from pyramid.training.storage import save
from pyramid.training.tasks import Measured, Task

#: Seconds of training between two words from the trial.
SLICE = 0.5


@dataclass
class _Best:
    """The network at its best check so far."""

    value: float | None
    weights: list[Any]
    predicted: Any
    measured: Measured


class Descent:
    """Call `advance` until its progress has a result."""

    def __init__(
        self,
        fit: Fit,
        folder: Path,
        learner: Learner,
        holdout: Holdout,
        task: Task,
        phases: tuple[Phase, ...],
        watch: Stopwatch,
        training_rows: int,
        check_first: bool = False,
        checkpoint: Checkpoint | None = None,
    ):
        """
        Args:
            folder: receives the best weights so far and, of a longer training, checkpoints; it is made then.
            watch: has measured, as "tracing", what building the network took.
            training_rows: rows of an epoch.
            check_first: the network may be good before its first step.
            checkpoint: go on from there; ``learner`` is in the phase of that, and ``watch`` counts on.
        """
        self._fit = fit
        self._folder = folder
        self._learner = learner
        self._holdout = holdout
        self._task = task
        self._watch = watch
        self._schedule = Schedule(fit.patience, fit.learning_rate_warmup_iterations, phases)
        with self._watch.on("tracing"):
            self._holdout.prepare(self._learner, checkpoint.position.checked_rows if checkpoint else None)
        self._epoch_iterations = max(1, training_rows // fit.batch_size)
        self._step_seconds = 0.0
        self._step_is_timed = False
        self._deadline = 0.0
        self._last_check = (self._watch.elapsed, 0)
        self._saving = Saving(watch, _bytes(learner))
        self._kept_at: int | None = None
        self._must_keep = False
        self._best: _Best | None = None
        self._best_is_saved = False
        self._at_start: dict[str, float | None] = {}
        self._checks = 0
        self._reason = ""
        if checkpoint:
            self._go_on(checkpoint)
        else:
            self._begin(check_first)
        with self._watch.on("tracing"):
            self._learner.settle(self._watch.resumed_at)

    def _begin(self, check_first: bool) -> None:
        remove_checkpoint(self._folder)  # another candidate's would be taken for the place of these weights
        if check_first:
            self._check()
            self._at_start = dict(self._best.measured.metrics) if self._best else {}
        with self._watch.on("tracing"):
            self._learner.run(1)

    def _go_on(self, checkpoint: Checkpoint) -> None:
        """Be where the training was that wrote ``checkpoint``."""
        position = checkpoint.position
        self._schedule.resume(position.place, position.failures, position.best)
        self._checks, self._at_start = position.checks, position.at_start
        self._step_seconds = position.seconds_per_step
        self._saving.weights_seconds, self._saving.checkpoint_seconds = position.saving_seconds
        self._kept_at = position.iterations
        self._learner.enter(self._schedule.phase)
        self._learner.resume(position.iterations, position.own_iterations)
        self._take_saved_best()
        self._learner.model.set_weights(checkpoint.weights)
        _assign(self._learner.remembered, checkpoint.optimizer)
        ago = position.elapsed - position.last_check[0]
        self._last_check = (self._watch.elapsed - ago, position.last_check[1] if self._best else 0)

    def _take_saved_best(self) -> None:
        """Measure the weights on the disk: a process may have been killed between writing them and its checkpoint."""
        known, self._schedule.best = self._schedule.best, None
        if known is None or not has_weights_of(self._folder, self._fit):
            return
        try:
            self._learner.model.load_weights(self._folder / WEIGHTS_FILE)
        except (OSError, KeyError, ValueError):
            return
        predicted, measured = self._measure()
        if self._task.finite(predicted):
            self._schedule.best = self._task.worth(self._fit.selection_metric, measured.metrics)
            self._remember(predicted, measured)
            self._best_is_saved = True

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
            if not self._reason and self._keeping_is_due():
                self._keep()
        return self.progress(self._finish() if self._reason else None)

    def complete(self, seconds: float, tell: Callable[[Progress], None]) -> Result:
        """Train for ``seconds``, or until nothing more is learned; ``tell`` hears of every slice and of the end.

        Nobody is to go on from here, so no checkpoint is written.

        Raises:
            NoModelError: it diverged, or had no check.
        """
        self._saving.wanted = False
        progress = self.progress()
        while progress.result is None:
            tell(progress)
            progress = self.advance(seconds - progress.elapsed)
        if progress.result.status != Status.FINISHED:
            raise NoModelError(progress.result.reason)
        tell(progress)
        return progress.result

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
        now, limit = self._watch.elapsed, self._fit.max_iterations
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
        """A last check and the writing of weights and checkpoint, with a margin."""
        return 0.05 + 1.1 * (self._holdout.seconds + self._saving.seconds_to_finish)

    def _next_check(self) -> float:
        """One epoch or `max_seconds_per_update` after the last check, unless that would be too often."""
        epoch = self._epoch_iterations * self._step_seconds
        wished = min(self._fit.max_seconds_per_update, epoch)
        return self._last_check[0] + max(wished, TRAINING_PER_CHECK * self._holdout.seconds)

    def _check_is_due(self) -> bool:
        return self._watch.elapsed >= self._next_check() or self._schedule.out_of_time(
            self._learner.own_iterations, self._time_used()
        )

    def _time_used(self) -> float:
        """The share of the candidate's time after tracing that has gone, or of its steps; 0 before that is known."""
        tracing = self._watch.spent["tracing"]
        left = self._deadline - tracing
        of_time = min(1.0, (self._watch.elapsed - tracing) / left) if left > 0 else float(self._deadline > 0)
        return max(of_time, self._learner.iterations / (self._fit.max_iterations or np.inf))

    def _check(self) -> None:
        self._judge(*self._measure())
        self._checks += 1
        self._last_check = (self._watch.elapsed, self._learner.iterations)

    def _measure(self) -> tuple[Any, Measured]:
        """What the network predicts for the holdout, and how good that is."""
        before = self._watch.spent.get("checking", 0.0)
        with self._watch.on("checking"):
            predicted = self._holdout.predict(self._learner)
            measured = self._holdout.headline(predicted)
        self._holdout.seconds = self._watch.spent["checking"] - before
        return predicted, measured

    def _judge(self, predicted: Any, measured: Measured) -> None:
        if not self._task.finite(predicted):
            self._reason = f"it diverged at iteration {self._learner.iterations} (its predictions are not finite)"
            return
        worth = self._task.worth(self._fit.selection_metric, measured.metrics)
        # With a reason this is the last check. More time may be given later: no phase is to end by it.
        used = 0.0 if self._reason else self._time_used()
        improved, verdict = self._schedule.check(worth, self._learner.own_iterations, used)
        if improved:
            self._remember(predicted, measured)
            if self._saving.weights_are_due():
                self._save_unfinished()
        if verdict is Verdict.STEP_DOWN:
            self._restore()
            self._enter_phase()
        elif verdict is Verdict.FINISHED:
            self._reason = f"{self._fit.patience} checks in a row brought nothing at the lowest learning rate"

    def _remember(self, predicted: Any, measured: Measured) -> None:
        """Take the network for the best so far."""
        value = measured.metrics[self._fit.selection_metric]
        self._best = _Best(value, self._learner.model.get_weights(), predicted, measured)
        self._best_is_saved = False

    def _enter_phase(self) -> None:
        was_frozen = self._learner.frozen
        self._learner.enter(self._schedule.phase)
        if was_frozen and not self._learner.frozen:
            # Weights with other frozen layers are no best ones for a training that goes on before this.
            self._must_keep = self._kept_at is not None
            # A guess until a step is timed: the pass back takes about twice the time of the pass forward.
            self._step_is_timed = False
            self._step_seconds = 3 * self._holdout.seconds_per_row * self._fit.batch_size
            self._holdout.forget_time()

    @property
    def _diverged(self) -> bool:
        return self._reason.startswith("it diverged")

    def _restore(self) -> None:
        if self._best is not None:
            self._learner.model.set_weights(self._best.weights)

    def _save(self, result: Result) -> None:
        """Write the network, which must be at its best."""
        with self._saving.of_weights():
            save(self._folder, self._learner.model, self._fit, result)
        self._best_is_saved = True

    def _save_unfinished(self) -> None:
        self._save(self._result(Status.FAILED, "it was stopped while training"))

    def _keeping_is_due(self) -> bool:
        left = self._deadline - self._watch.elapsed - self._seconds_to_finish()
        return self._must_keep or self._saving.checkpoint_is_due(left)

    def _keep(self) -> None:
        """Write a checkpoint, and then the best weights so far if they are not on the disk."""
        self._keep_place()
        if self._best is not None and not self._best_is_saved:
            now = self._learner.model.get_weights()
            self._restore()
            self._save_unfinished()
            self._learner.model.set_weights(now)

    def _keep_place(self) -> None:
        with self._saving.of_checkpoint():
            model, remembered = self._learner.model, self._learner.remembered
            arrays = [variable.numpy() for variable in remembered]
            save_checkpoint(self._folder, self._fit, Checkpoint(self._position(), model.get_weights(), arrays))
        self._kept_at, self._must_keep = self._learner.iterations, False

    def _position(self) -> Position:
        place, failures, best = self._schedule.position
        return Position(
            iterations=self._learner.iterations,
            own_iterations=self._learner.own_iterations,
            place=place,
            failures=failures,
            best=best,
            spent=self._watch.spent,
            elapsed=self._watch.elapsed,
            checks=self._checks,
            checked_rows=len(self._holdout.rows),
            last_check=self._last_check,
            at_start=self._at_start,
            seconds_per_step=self._step_seconds,
            saving_seconds=(self._saving.weights_seconds, self._saving.checkpoint_seconds),
        )

    def _finish(self) -> Result:
        if not self._diverged and self._last_check[1] < self._learner.iterations:
            reason = self._reason
            self._check()
            if not self._diverged:
                self._reason = reason
        may_go_on = self._reason == TIME_UP  # somebody may give it more
        if may_go_on and self._saving.checkpoints and self._kept_at != self._learner.iterations:
            self._keep_place()
        self._restore()
        result = self._ending()
        if not may_go_on:
            remove_checkpoint(self._folder)
        return result

    def _ending(self) -> Result:
        """The result, and on the disk the best weights."""
        if self._best is None:
            return self._result(Status.FAILED, f"{self._reason}, before its first check")
        self._best.measured = self._holdout.complete(self._best.measured, self._best.predicted)
        result = self._result(Status.FINISHED, self._reason)
        self._save(result)
        return result

    def _result(self, status: Status, reason: str) -> Result:
        return Result(
            name=self._fit.name,
            network=self._fit.network,
            method=self._fit.method,
            status=status,
            reason=reason,
            metrics=dict(self._best.measured.metrics) if self._best else {},
            iterations=self._learner.iterations,
            epochs=self._learner.iterations / self._epoch_iterations,
            checks=self._checks,
            checked_rows=len(self._holdout.rows),
            at_start=self._at_start,
            images_per_second=self._images_per_second(),
            seconds=self._watch.spent | {"elapsed": self._watch.elapsed},
            placement=self._learner.placement,
            per_class=self._best.measured.per_class if self._best else {},
        )

    def _images_per_second(self) -> float:
        return self._fit.batch_size / self._step_seconds if self._step_seconds else 0.0

    def predict(self, rows: npt.NDArray[np.int64]) -> Any:
        """What the network predicts for ``rows`` of the data, in arrays [rows, …]."""
        return self._learner.predict(rows, self._holdout.batch_size)

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
            seconds_per_step=self._step_seconds,
            metrics=dict(self._best.measured.metrics) if self._best else {},
        )


def _bytes(learner: Learner) -> int:
    """Of a checkpoint."""
    return sum(4 * int(np.prod(variable.shape)) for variable in [*learner.model.weights, *learner.remembered])


def _assign(variables: list[Any], values: list[npt.NDArray[Any]]) -> None:
    """Give the optimizer what it remembered; on another kind of device it may have other variables, and starts anew."""
    if [tuple(variable.shape) for variable in variables] == [value.shape for value in values]:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
