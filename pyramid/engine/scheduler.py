"""The budget of `pyramid.search.budget`, as a scheduler of Ray Tune."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import FIFOScheduler

from pyramid.engine.board import Losses
from pyramid.engine.events import Note, Tell, nobody
from pyramid.engine.session import ray
from pyramid.search.budget import Budget
from pyramid.search.median import Median
from pyramid.training.candidate import Status

#: Seconds that a process may need until its candidate begins: pictures may have to be copied to its machine first.
MOST_START = 1800.0

LATE = "the time is over, but no network has finished: going on until the first one has; give more time the next time"


class TimeBudgetScheduler(FIFOScheduler):
    """Hands leftover time on, tells each trial what it has left, and kills a trial that hangs.

    Trials end by themselves when their time is over; this is for those that cannot.
    """

    _supports_buffered_results = False

    def __init__(
        self,
        budget: Budget,
        board: Any,
        stopped: Callable[[], bool],
        median: Median | None = None,
        tell: Tell = nobody,
        most_start: float = MOST_START,
    ):
        """
        Args:
            budget: knows the candidates by the names that are the trials' ``config["name"]``.
            board: the `Board` actor.
            stopped: when it turns true, no trial has any time left.
            median: tells which candidates give their time back; None: nobody does.
            tell: hears when the search takes longer than it should.
            most_start: seconds.
        """
        super().__init__()
        self.killed: dict[str, str] = {}
        self._budget = budget
        self._board = board
        self._stopped = stopped
        self._median = median
        self._tell = tell
        self._told_late = False
        self._most_start = most_start
        self._starting: dict[str, float] = {}  # since when, by Tune's id
        self._processes: dict[str, tuple[str, int]] = {}  # node and number, of the candidates that run
        self._losses: Losses = {}  # kept here, for a board may be killed too
        self._trials: dict[str, TuneTrial] = {}  # that have not ended, by Tune's id, in the order in which they start

    def __getstate__(self) -> dict[str, Any]:
        """Tune writes its state to disk; what only this process has stays out."""
        return {**self.__dict__, "_stopped": None, "_tell": None, "_trials": {}}

    @staticmethod
    def name(trial: TuneTrial) -> str:
        return str(trial.config["name"])

    def choose_trial_to_run(self, tune_controller: Any) -> TuneTrial | None:
        """Called about ten times a second, whatever the trials do."""
        if self._stopped():
            self._budget.stop()
        self._divide(tune_controller)
        for name in self._budget.overdue():
            self._kill(name, f"it hung: no answer {self._budget.allowance:.1f} s after its time was over")
        for name in self._stuck():
            self._kill(name, f"it hung: its process was not ready after {self._most_start:.0f} s")
        self._tell_late()
        return self._next()

    def _tell_late(self) -> None:
        if not self._told_late and self._budget.late and self._trials:
            self._told_late = True
            self._tell(Note(LATE))

    def _stuck(self) -> list[str]:
        """Candidates whose process has been starting for too long."""
        now = time.monotonic()
        starting = [t for t in self._trials.values() if t.status == TuneTrial.RUNNING and self._waits(t)]
        self._starting = {t.trial_id: self._starting.get(t.trial_id, now) for t in starting}
        return [self.name(t) for t in starting if now - self._starting[t.trial_id] > self._most_start]

    def _waits(self, trial: TuneTrial) -> bool:
        return self._budget.waits(self.name(trial))

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
        name = self.name(trial)
        if result.get("began"):
            if not self._budget.knows(name):
                return str(self.STOP)  # it was given up while its process started
            self._processes[name] = result["node"], result["pid"]
            self._budget.begin(name)
            self._divide(tune_controller)
        elif result.get("built"):
            self._budget.traced(name, result["built"])
            self._divide(tune_controller)
        self._budget.hear(name, checked=result.get("progress/value") is not None)
        self._compare(tune_controller, trial, result)
        return str(self.CONTINUE)

    def _compare(self, tune_controller: Any, trial: TuneTrial, result: dict[str, Any]) -> None:
        """Whoever is behind the median of those who got as far gives its time back."""
        name, steps = self.name(trial), result.get("progress/iterations")
        if self._median and steps and self._median.behind(name, steps, result.get("progress/value")):
            self._budget.curtail(name)
            self._divide(tune_controller)

    def on_trial_complete(self, tune_controller: Any, trial: TuneTrial, result: dict[str, Any]) -> None:
        self._end(trial, finished=result.get("result/status") == Status.FINISHED)

    def on_trial_error(self, tune_controller: Any, trial: TuneTrial) -> None:
        """Tune also calls this, with another status, for a trial that will get another process: see `lose`."""
        if trial.status != TuneTrial.ERROR:
            self._end(trial)

    def on_trial_remove(self, tune_controller: Any, trial: TuneTrial) -> None:
        self._end(trial)

    def _end(self, trial: TuneTrial, finished: bool = False) -> None:
        self._trials.pop(trial.trial_id, None)
        self._processes.pop(self.name(trial), None)
        self._budget.end(self.name(trial), finished)

    def _divide(self, tune_controller: Any) -> None:
        """Give up those for whom no time is left, and tell the others what they have.

        A process that starts for one of them is not waited for: Tune keeps it for another or ends it.
        """
        hopeless = set(self._budget.hopeless())
        for trial in list(self._trials.values()) if hopeless else ():
            if self.name(trial) in hopeless and trial.status in (TuneTrial.PENDING, TuneTrial.RUNNING):
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

    def _kill(self, name: str, reason: str) -> None:
        """End the trial's process; Tune sees its actor die, and gives its slot to the next."""
        trial = next((trial for trial in self._trials.values() if self.name(trial) == name), None)
        if trial is None or trial.temporary_state.ray_actor is None or name in self.killed:
            return
        self.killed[name] = reason
        trial.max_failures = 0  # else it would be tried again
        ray.kill(trial.temporary_state.ray_actor)
        node, pid = self._processes.get(name, ("", 0))
        if node == ray.get_runtime_context().get_node_id():
            os.kill(pid, signal.SIGKILL)  # at once, also when the process is stopped and cannot obey Ray
