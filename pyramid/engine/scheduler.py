"""The budget of `pyramid.search.budget`, as a scheduler of Ray Tune."""

import os
import signal
from collections.abc import Callable
from typing import Any

from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import FIFOScheduler

from pyramid.engine.board import Losses
from pyramid.engine.session import ray
from pyramid.search.budget import Budget
from pyramid.search.median import Median


class TimeBudgetScheduler(FIFOScheduler):
    """Hands leftover time on, tells each trial what it has left, and kills a trial that hangs.

    Trials end by themselves when their time is over; this is for those that cannot.
    """

    _supports_buffered_results = False

    def __init__(self, budget: Budget, board: Any, stopped: Callable[[], bool], median: Median | None = None):
        """
        Args:
            budget: knows the candidates by the names that are the trials' ``config["name"]``.
            board: the `Board` actor.
            stopped: when it turns true, no trial has any time left.
            median: tells which candidates give their time back; None: nobody does.
        """
        super().__init__()
        self.killed: dict[str, str] = {}
        self._budget = budget
        self._board = board
        self._stopped = stopped
        self._median = median
        self._losses: Losses = {}  # kept here, for a board may be killed too
        self._trials: dict[str, TuneTrial] = {}  # that have not ended, by Tune's id, in the order in which they start

    def __getstate__(self) -> dict[str, Any]:
        """Tune writes its state to disk; what only this process has stays out."""
        return {**self.__dict__, "_stopped": None, "_trials": {}}

    @staticmethod
    def name(trial: TuneTrial) -> str:
        return str(trial.config["name"])

    def choose_trial_to_run(self, tune_controller: Any) -> TuneTrial | None:
        """Called about ten times a second, whatever the trials do."""
        if self._stopped():
            self._budget.stop()
        self._divide(tune_controller)
        for name in self._budget.overdue():
            self._kill(name)
        return self._next()

    def _next(self) -> TuneTrial | None:
        """Who is to have the process that is free, if one is.

        Tune would take a trial's own process away for it, though that may be nearly there: a slot whose process died
        would stay empty while the others' trials are shorter than a start. The first to wait have one that starts.
        """
        waiting = self._waiting()
        running = sum(trial.status == TuneTrial.RUNNING for trial in self._trials.values())
        starting = max(0, self._budget.slots - running - 1)
        return waiting[min(starting, len(waiting) - 1)] if waiting else None

    def on_trial_add(self, tune_controller: Any, trial: TuneTrial) -> None:
        """Called for a new trial, and once more for one that is tried again: that one waits behind the others."""
        self._trials.pop(trial.trial_id, None)
        self._trials[trial.trial_id] = trial

    def _waiting(self) -> list[TuneTrial]:
        """Of all trials that there were it would take the longer the more have ended."""
        return [trial for trial in self._trials.values() if trial.status == TuneTrial.PENDING]

    def on_trial_result(self, tune_controller: Any, trial: TuneTrial, result: dict[str, Any]) -> str:
        """``result``: with one level, its keys joined by slashes."""
        if result.get("began"):
            self._budget.begin(self.name(trial))
            self._divide(tune_controller)
        elif result.get("built"):
            self._budget.traced(self.name(trial), result["built"])
            self._divide(tune_controller)
        self._compare(tune_controller, trial, result)
        return str(self.CONTINUE)

    def _compare(self, tune_controller: Any, trial: TuneTrial, result: dict[str, Any]) -> None:
        """Whoever is behind the median of those who got as far gives its time back."""
        name, steps = self.name(trial), result.get("progress/iterations")
        if self._median and steps and self._median.behind(name, steps, result.get("progress/value")):
            self._budget.curtail(name)
            self._divide(tune_controller)

    def on_trial_complete(self, tune_controller: Any, trial: TuneTrial, result: dict[str, Any]) -> None:
        self._end(trial)

    def on_trial_error(self, tune_controller: Any, trial: TuneTrial) -> None:
        """Tune also calls this, with another status, for a trial that will get another process: see `lose`."""
        if trial.status != TuneTrial.ERROR:
            self._end(trial)

    def on_trial_remove(self, tune_controller: Any, trial: TuneTrial) -> None:
        self._end(trial)

    def _end(self, trial: TuneTrial) -> None:
        self._trials.pop(trial.trial_id, None)
        self._budget.end(self.name(trial))

    def _divide(self, tune_controller: Any) -> None:
        """Give up those for whom no time is left, and tell the others what they have."""
        hopeless = set(self._budget.hopeless())
        for trial in self._waiting() if hopeless else ():
            if self.name(trial) in hopeless:
                trial.init_local_path()  # Tune asks for it at the end, also of a trial that never ran
                tune_controller.stop_trial(trial)
        for name in hopeless:
            self._budget.end(name)  # also those that Tune has not heard of yet
        self._board.post.remote(self._budget.seconds_left(), self._losses)

    def lose(self, trial: TuneTrial, memory: bool) -> None:
        """The trial has lost its process and will get another one, which is to know that."""
        name = self.name(trial)
        self._budget.lose(name)
        count, was_memory = self._losses.get(name, (0, False))
        self._losses[name] = count + 1, was_memory or memory
        ray.get(self._board.lose.remote(self._losses))

    def _kill(self, name: str) -> None:
        """End the trial's process; Tune sees its actor die, and gives its slot to the next."""
        process = ray.get(self._board.process.remote(name))
        if name in self.killed or process is None:
            return
        self.killed[name] = f"it hung: no answer {self._budget.allowance:.1f} s after its time was over"
        for trial in self._trials.values():
            if trial.status == TuneTrial.RUNNING and self.name(trial) == name:
                trial.max_failures = 0  # else it would be tried again
        actor, node, pid = process
        ray.kill(actor)
        if node == ray.get_runtime_context().get_node_id():
            os.kill(pid, signal.SIGKILL)  # at once, also when the process is stopped and cannot obey Ray
