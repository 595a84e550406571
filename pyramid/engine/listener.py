"""Collects how candidates end, and passes every word from a trial on."""

import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ray.tune.progress_reporter import TrialProgressCallback

from pyramid.engine.events import Tell, Update
from pyramid.engine.scheduler import TimeBudgetScheduler
from pyramid.engine.trial import failed
from pyramid.finalize.earlier import STOPPED, left_waiting
from pyramid.finalize.journal import PROGRESS, RESULT, SPENT, Journal, progress_entry
from pyramid.training.candidate import SUBMODEL, TIME_UP, Progress, Result, Status

#: The reason of a candidate that never ran.
TOO_LATE = "too little time was left to start it"

#: Seconds between two entries of the journal about the time that has gone.
_SPENT_EVERY = 2.0


#: What Ray says of a process that it has ended because the machine was short of memory.
_SHORT_OF_MEMORY = ("OutOfMemory", "OUT_OF_MEMORY", "running low on memory", "memory usage threshold")

#: Of Ray's words in a reason; all of them are in the result's traceback.
_MOST_LETTERS = 200


class Ends(NamedTuple):
    """What a listener is told of a job.

    Attributes:
        folder: with a folder for each candidate.
        tell: called with every event.
        stopped: turns true when the user wants an end.
        spent: seconds of the budget that had gone before.
        from_now: the budget runs from here, and not from the first step.
    """

    folder: Path
    tell: Tell
    stopped: Callable[[], bool]
    spent: float = 0.0
    from_now: bool = False


class Listener(TrialProgressCallback):
    """Collects the results in memory and in the journal.

    Of the base class it only wants the place: Tune leaves out its own printing callback when there is one of this kind.
    """

    def __init__(
        self,
        scheduler: TimeBudgetScheduler,
        ends: Ends,
        kind: Callable[[str], tuple[str, str]],
        expected: Sequence[str] = (),
    ):
        """
        Args:
            kind: name of a candidate -> its network and method.
            expected: the candidates that are known from the start.
        """
        super().__init__()
        self.expected = expected
        self._scheduler = scheduler
        self._ends = ends
        self._kind = kind
        self._journal = Journal(ends.folder)
        self._made = time.monotonic()
        self._first_step: float | None = None
        self._last_end = 0.0
        self._last_spent = 0.0
        self._checks: dict[str, int] = {}  # of the candidates that are running
        self.results: dict[str, Result] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Tune writes its state to disk; what only this process has stays out."""
        return {**self.__dict__, "_ends": None, "_kind": None}

    def seconds(self) -> dict[str, float]:
        """Until the first step of a trial (`start`), and from there to the end of the last trial (`training`)."""
        first = self._last_end if self._first_step is None else self._first_step
        return {"start": first - self._made, "training": self._last_end - first}

    def on_step_begin(self, iteration: int, trials: list[Any], **_: Any) -> None:
        """Called all the time."""
        now = time.monotonic()
        if now - self._last_spent > _SPENT_EVERY and (self._ends.from_now or self._first_step is not None):
            self._last_spent = now
            self._journal.write(SPENT, self._spent)

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any) -> None:
        if result.get("began"):
            self._first_step = self._first_step or time.monotonic()
        name = self._scheduler.name(trial)
        if result.get("progress"):
            progress, parameters = Progress(**result["progress"]), trial.config.get("parameters")
            self._progress(name, progress, parameters, ended=bool(result.get("result")))
        if result.get("result"):
            self._end(Result.from_dict(result["result"]))

    def _progress(self, name: str, progress: Progress, parameters: dict[str, Any] | None, ended: bool) -> None:
        if ended or self._checks.get(name) != progress.checks:
            self._checks[name] = progress.checks
            self._journal.write(PROGRESS, progress_entry(name, self._spent, progress, ended))
        if ended:
            del self._checks[name]
        self._ends.tell(Update(name, progress, parameters=parameters))

    @property
    def _spent(self) -> float:
        """Seconds of the budget."""
        since = self._made if self._ends.from_now else self._first_step
        return self._ends.spent + (time.monotonic() - since if since is not None else 0.0)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """The trial has lost its process, and will get another one."""
        lines = _error_of(trial)
        self._scheduler.lose(trial, memory=any(word in lines for word in _SHORT_OF_MEMORY))

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Called after the result of a trial that ended by itself, and for one that has waited to the end."""
        _forget(trial)
        name = self._scheduler.name(trial)
        if name not in self.results:
            reason = STOPPED if self._ends.stopped() else TOO_LATE
            none_yet = Result(name, *self._kind(name), Status.SKIPPED, reason)
            self._end(left_waiting(self._ends.folder / f"{SUBMODEL}{name}", none_yet))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        _forget(trial)
        name = self._scheduler.name(trial)
        folder, none_yet = self._ends.folder / f"{SUBMODEL}{name}", Result(name, *self._kind(name), Status.FAILED)
        if name in self._scheduler.killed:
            self._end(failed(folder, none_yet, self._scheduler.killed[name]))
            return
        lines = _error_of(trial)
        last = (lines.strip().splitlines() or ["nothing is known of it"])[-1]
        reason = f"its process died {trial.num_failures} times: {textwrap.shorten(last, _MOST_LETTERS)}"
        self._end(failed(folder, none_yet, reason, lines))

    def _end(self, result: Result) -> None:
        self._last_end = time.monotonic()
        if result.reason == TIME_UP and self._ends.stopped():
            result.reason = STOPPED
        self.results[result.name] = result
        self._journal.write(RESULT, result.to_dict())
        self._ends.tell(Update(result.name, result=result))


def _error_of(trial: Any) -> str:
    """The words of the trial's last error; its own ``get_error`` looks where Tune has not copied them yet."""
    try:
        told = Path(trial.error_file).read_text(encoding="utf-8", errors="replace")
    except (OSError, TypeError):  # it never had a folder
        return ""
    return told.rpartition("Failure # ")[2].partition("\n")[2]


def _forget(trial: Any) -> None:
    """Drop what Tune has counted of every number of the trial's results: 70 KB of each, to the end of the search."""
    trial.run_metadata.metric_analysis, trial.run_metadata.metric_n_steps = {}, {}
