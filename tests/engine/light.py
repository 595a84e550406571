"""Trials that count instead of training, so that their process is there in a second: all around them is real."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from pyramid.engine.board import start_board
from pyramid.engine.events import Event
from pyramid.engine.keeper import start_keeper
from pyramid.engine.listener import Ends, Listener
from pyramid.engine.resources import Resources
from pyramid.engine.scheduler import MOST_START, TimeBudgetScheduler
from pyramid.engine.session import ray
from pyramid.engine.shared import Common
from pyramid.engine.trial import Trial
from pyramid.engine.trials import fit, marked
from pyramid.search.budget import Budget
from pyramid.training.candidate import FIT_INFO_FILE, TIME_UP, Fit, Progress, Result, Status
from pyramid.training.checkpoint import Checkpoint, Position, save_checkpoint

METRIC = "r_squared"

#: Where a trial is, and what happened to it.
STORY_FILE = "story.json"

#: Seconds of a step.
STEP = 0.1


@dataclass(kw_only=True)
class Counted(Common):
    """What counting trials know.

    Attributes:
        steps: that each of them takes.
        start: seconds that a process needs until it is there, as one with TensorFlow does.
        plots: name of a trial -> what befalls it: "memory" (its first step fails for want of it, every time), "memory
            once" (with the full batch only), "dies early" (its first process, before it begins), "never starts" (its
            process is never ready), "eats" (takes all memory there is with the full batch).
    """

    steps: int = 10
    start: float = 0.0
    plots: dict[str, str] = field(default_factory=dict)


class Counter(Trial):
    """Counts; its ``shared`` is a `Counted`."""

    def setup(self, config: dict[str, Any], shared: Any) -> None:
        sys.modules["pyramid.tf"] = _no_tensorflow()
        time.sleep(shared.start)
        super().setup(config, shared)

    def _candidate_of(self, config: dict[str, Any]) -> Fit:
        # fmt: off
        return Fit(config["name"], "counter", "none", 0, "numeric", [], 0.0, 1.0, "mean_squared_error", 0.0, False, 32,
                   "adam", 0.01, 0, {}, 8, 1.0, None, METRIC)
        # fmt: on

    def _take_up(self) -> None:
        if self._shared.plots.get(self._fit.name) == "dies early" and not self._lost_before:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._shared.plots.get(self._fit.name) == "never starts":
            time.sleep(3600)

    def _begin(self, folder: Path, resume: bool) -> Any:
        return _Count(self._fit, folder, resume, self._shared.steps, self._shared.plots.get(self._fit.name, ""))


class _Count:
    """Behaves like a training that writes a checkpoint after each step."""

    def __init__(self, fit: Fit, folder: Path, resume: bool, steps: int, plot: str):
        self._fit, self._folder, self._most, self._plot = fit, folder, steps, plot
        folder.mkdir(exist_ok=True)
        known = json.loads((folder / STORY_FILE).read_text()) if resume and (folder / STORY_FILE).exists() else None
        self._story: dict[str, Any] = known or {"steps": 0, "began_at": [], "batches": [], "pids": [], "folders": []}
        self._story["began_at"].append(self._story["steps"])
        self._story["batches"].append(fit.batch_size)
        self._story["pids"].append(os.getpid())
        self._story["folders"].append(str(folder))
        self._began = time.monotonic()
        self._keep()

    def _keep(self) -> None:
        part = self._folder / f"{STORY_FILE}.part"
        part.write_text(json.dumps(self._story))
        part.replace(self._folder / STORY_FILE)
        if self._plot == "memory once":
            place = Position(0, 0, 0, 0, None, {}, 0.0, 0, 0, (0.0, 0), {}, 0.0, (0.0, 0.0))
            save_checkpoint(self._folder, self._fit, Checkpoint(place, [], []))  # which tells the size of the batch

    def progress(self, left: float = 0.0, reason: str = "") -> Progress:
        elapsed, steps = time.monotonic() - self._began, self._story["steps"]
        made = Progress(steps, steps, left, elapsed, 0.5, 0.0, 0.01)
        if reason:
            made = Progress(steps, steps, left, elapsed, 0.5, 0.0, 0.01, self._result(reason, elapsed))
        return made

    def _result(self, reason: str, elapsed: float) -> Result:
        result = Result(self._fit.name, self._fit.network, self._fit.method, Status.FINISHED, reason)
        result.metrics, result.seconds, result.iterations = {METRIC: 0.5}, {"elapsed": elapsed}, self._story["steps"]
        info = {"candidate": self._fit.to_dict(), "result": result.to_dict()}
        (self._folder / FIT_INFO_FILE).write_text(json.dumps(info))
        return result

    def advance(self, left: float) -> Progress:
        if self._plot == "memory" or (self._plot == "memory once" and self._fit.batch_size == 32):
            raise MemoryError("Unable to allocate 1. TiB")
        if self._plot == "eats" and self._fit.batch_size == 32:
            self._eat()
        if left <= STEP:
            return self.progress(left, TIME_UP)
        time.sleep(STEP)
        self._story["steps"] += 1
        self._keep()
        return self.progress(left, "it counted enough" if self._story["steps"] >= self._most else "")

    def _eat(self) -> None:
        """Take more and more memory until Ray ends this process; 3 GB at most."""
        taken = []
        for _ in range(300):
            taken.append(b"\1" * 10_000_000)
            time.sleep(0.02)


def _no_tensorflow() -> ModuleType:
    """What a `Trial` itself wants of ``pyramid.tf``."""
    module: Any = ModuleType("pyramid.tf")
    module.limit_devices = lambda threads: None
    errors = SimpleNamespace(OpError=OSError, ResourceExhaustedError=BlockingIOError)
    backend = SimpleNamespace(clear_session=lambda: None)
    module.tf = SimpleNamespace(keras=SimpleNamespace(backend=backend), errors=errors)
    return module  # type: ignore[no-any-return]


def count(
    folder: Path,
    names: list[str],
    tell: Callable[[Event], None] = lambda event: None,
    total: float = 100.0,
    slots: int = 2,
    from_now: bool = False,
    most_start: float = MOST_START,
    stopped: Callable[[], bool] = lambda: False,
    **shared: Any,
) -> dict[str, Result]:
    """The results of counting trials called ``names``, as `train_candidates` has them."""
    from ray import tune

    board = start_board()
    scheduler = TimeBudgetScheduler(
        Budget(total, names, slots, from_now=from_now), board, stopped, tell=tell, most_start=most_start
    )
    listener = Listener(scheduler, Ends(folder, tell, stopped), lambda name: ("counter", "none"))
    with marked(folder) as marker:
        common = {"folder": str(folder), "threads": 1, "resumes": False, "marker": marker}
        known = Counted(**(common | {"board": board, "keeper": start_keeper(folder)} | shared))
        space = {"name": tune.grid_search(names)}
        fit(Counter, known, Resources(1, 0, 0, 1, slots), scheduler, listener, param_space=space)
    return listener.results


def story(folder: Path, name: str) -> dict[str, Any]:
    """What a counting trial has left."""
    found: dict[str, Any] = json.loads((folder / f"submodel_{name}" / STORY_FILE).read_text())
    return found


ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a worker cannot import the tests
