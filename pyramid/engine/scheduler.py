"""The budget of `pyramid.search.budget`, as a scheduler of Ray Tune."""

import os
import signal
from collections.abc import Callable
from typing import Any

from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import FIFOScheduler

from pyramid.engine.session import ray
from pyramid.search.budget import Budget


class TimeBudgetScheduler(FIFOScheduler):
    """Hands leftover time on, tells each trial what it has left, and kills a trial that hangs.

    Trials end by themselves when their time is over; this is for those that cannot.
    """

    _supports_buffered_results = False

    def __init__(self, budget: Budget, names: list[str], board: Any, stopped: Callable[[], bool]):
        """
        Args:
            budget: knows the candidates ``names``, in the order of the trials' ``config["index"]``.
            board: the `Board` actor.
            stopped: when it turns true, no trial has any time left.
        """
        super().__init__()
        self.killed: dict[str, str] = {}
        self._budget = budget
        self._names = names
        self._board = board
        self._stopped = stopped

    def __getstate__(self) -> dict[str, Any]:
        """Tune writes its state to disk; what only this process has stays out."""
        return {**self.__dict__, "_stopped": None}

    def name(self, trial: TuneTrial) -> str:
        return self._names[trial.config["index"]]

    def choose_trial_to_run(self, tune_controller: Any) -> TuneTrial | None:
        """Called about ten times a second, whatever the trials do."""
        if self._stopped():
            self._budget.stop()
        self._divide(tune_controller)
        for name in self._budget.overdue():
            self._kill(name)
        return next(iter(_waiting(tune_controller)), None)

    def on_trial_result(self, tune_controller: Any, trial: TuneTrial, result: dict[str, Any]) -> str:
        if result.get("began"):
            self._budget.begin(self.name(trial))
            self._divide(tune_controller)
        elif result.get("progress/iterations") == 1:
            self._budget.traced(self.name(trial), result["progress/tracing_seconds"])
            self._divide(tune_controller)
        return str(self.CONTINUE)

    def on_trial_complete(self, tune_controller: Any, trial: TuneTrial, result: dict[str, Any]) -> None:
        self._budget.end(self.name(trial))

    def on_trial_error(self, tune_controller: Any, trial: TuneTrial) -> None:
        self._budget.end(self.name(trial))

    def on_trial_remove(self, tune_controller: Any, trial: TuneTrial) -> None:
        self._budget.end(self.name(trial))

    def _divide(self, tune_controller: Any) -> None:
        """Give up those for whom no time is left, and tell the others what they have."""
        hopeless = set(self._budget.hopeless())
        for trial in _waiting(tune_controller):
            if self.name(trial) in hopeless:
                tune_controller.stop_trial(trial)
        self._board.post.remote(self._budget.seconds_left())

    def _kill(self, name: str) -> None:
        """End the trial's process; Tune sees its actor die, and gives its slot to the next."""
        process = ray.get(self._board.process.remote(name))
        if name in self.killed or process is None:
            return
        self.killed[name] = f"it hung: no answer {self._budget.allowance:.1f} s after its time was over"
        actor, node, pid = process
        ray.kill(actor)
        if node == ray.get_runtime_context().get_node_id():
            os.kill(pid, signal.SIGKILL)  # at once, also when the process is stopped and cannot obey Ray


def _waiting(tune_controller: Any) -> list[TuneTrial]:
    return [trial for trial in tune_controller.get_trials() if trial.status == TuneTrial.PENDING]
