"""All candidates of a search, trained within the time budget: one Ray Tune trial each."""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.progress_reporter import TrialProgressCallback

from pyramid.engine.board import Board
from pyramid.engine.events import Tell, Update, nobody
from pyramid.engine.resources import Resources
from pyramid.engine.scheduler import TimeBudgetScheduler
from pyramid.engine.shared import Shared, View
from pyramid.engine.trial import Trial, failed
from pyramid.search.budget import Budget
from pyramid.training.candidate import TIME_UP, Candidate, Look, Progress, Result, Status

STOPPED = "the training was stopped"


def train_candidates(
    candidates: list[Candidate],
    views: dict[Look, View],
    starts: dict[str, Any],
    folder: Path,
    total_time: float,
    resources: Resources,
    tell: Tell = nobody,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[list[Result], dict[str, float]]:
    """Train ``candidates`` in order, each in a trial of its own.

    Args:
        views: the data for the input of each candidate.
        starts: name of a candidate -> reference to the weights that it starts from.
        folder: receives a folder with weights for each candidate.
        total_time: seconds from the first step of the first trial to the end of the last.
        tell: called in this thread with an `Update` for every word from a trial.
        stopped: when it turns true, the trials end with their best weights so far.

    Returns:
        A result for each candidate, in order; and the seconds until the first step of a trial (`start`) and from
        there to the end of the last trial (`training`).
    """
    names = [candidate.name for candidate in candidates]
    board = Board.remote()
    scheduler = TimeBudgetScheduler(Budget(total_time, names, resources.slots), names, board, stopped)
    listener = _Listener(scheduler, candidates, folder, tell, stopped)
    shared = Shared(
        views=views,
        starts=starts,
        candidates=[candidate.to_dict() for candidate in candidates],
        folder=str(folder),
        threads=resources.threads,
        workers=resources.workers,
        board=board,
    )
    storage = tempfile.mkdtemp(prefix="pyramid-tune-")
    try:
        _fit(shared, resources, scheduler, listener, storage)
    finally:
        shutil.rmtree(storage, ignore_errors=True)
    return [listener.results[name] for name in names], listener.seconds()


def _fit(
    shared: Shared, resources: Resources, scheduler: TimeBudgetScheduler, listener: "_Listener", storage: str
) -> None:
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # a trial's failure is told by its result
    bundles: list[dict[str, float]] = [{"CPU": resources.cpus, "GPU": resources.gpus}]
    if resources.workers:
        bundles.append({"CPU": resources.workers})
    per_trial = tune.PlacementGroupFactory(bundles)
    trainable = tune.with_resources(tune.with_parameters(Trial, shared=shared), per_trial)
    tune.Tuner(
        trainable,
        param_space={"index": tune.grid_search(list(range(len(shared.candidates))))},
        tune_config=tune.TuneConfig(scheduler=scheduler, reuse_actors=True),
        run_config=tune.RunConfig(
            storage_path=storage,
            verbose=0,
            callbacks=[listener],
            failure_config=tune.FailureConfig(max_failures=0),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    ).fit()


class _Listener(TrialProgressCallback):
    """Collects the results, and passes every word from a trial on.

    Of the base class it only wants the place: Tune leaves out its own printing callback when there is one of this kind.
    """

    def __init__(
        self,
        scheduler: TimeBudgetScheduler,
        candidates: list[Candidate],
        folder: Path,
        tell: Tell,
        stopped: Callable[[], bool],
    ):
        super().__init__()
        self._stopped = stopped
        self._scheduler = scheduler
        self._candidates = {candidate.name: candidate for candidate in candidates}
        self._folder = folder
        self._tell = tell
        self._made = time.monotonic()
        self._first_step: float | None = None
        self._last_end = 0.0
        self.results: dict[str, Result] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Tune writes its state to disk; what only this process has stays out."""
        return {**self.__dict__, "_tell": None, "_stopped": None}

    def seconds(self) -> dict[str, float]:
        first = self._last_end if self._first_step is None else self._first_step
        return {"start": first - self._made, "training": self._last_end - first}

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any) -> None:
        if result.get("began"):
            self._first_step = self._first_step or time.monotonic()
        name = self._scheduler.name(trial)
        if result.get("progress"):
            self._tell(Update(name, Progress(**result["progress"])))
        if result.get("result"):
            self._end(Result.from_dict(result["result"]))

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Called after the result of a trial that ended by itself, and for one that never ran."""
        name = self._scheduler.name(trial)
        if name not in self.results:
            candidate = self._candidates[name]
            reason = STOPPED if self._stopped() else "too little time was left to start it"
            self._end(Result(name, candidate.network, candidate.method, Status.SKIPPED, reason))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        name = self._scheduler.name(trial)
        if name in self._scheduler.killed:
            self._end(failed(self._folder, self._candidates[name], self._scheduler.killed[name]))
            return
        lines = str(trial.get_error() or "")
        reason = f"its process died: {(lines.strip().splitlines() or [''])[-1]}"
        self._end(failed(self._folder, self._candidates[name], reason, lines))

    def _end(self, result: Result) -> None:
        self._last_end = time.monotonic()
        if result.reason == TIME_UP and self._stopped():
            result.reason = STOPPED
        self.results[result.name] = result
        self._tell(Update(result.name, result=result))
