"""The figures of the engine of a search, printed as rows of tables. Run them alone on a quiet machine, after bin/test:

~/.virtualenvs/pyramid/bin/python tests/benchmarks/engine.py slots       # trials an hour on 1 to 16 slots: 8 minutes
~/.virtualenvs/pyramid/bin/python tests/benchmarks/engine.py candidates  # 100 and 1,000 short trials: 3 minutes
~/.virtualenvs/pyramid/bin/python tests/benchmarks/engine.py overshoot   # of 20 s: 3 minutes

Trials here sleep and have no TensorFlow, so that 16 of them have room on one machine; their scheduler, budget, board,
journal, suggestions and finalizer are those of every search.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from pyramid.engine.board import start_board
from pyramid.engine.events import Event, Update
from pyramid.engine.finalizer import start_finalizer
from pyramid.engine.keeper import start_keeper
from pyramid.engine.listener import Ends, Listener
from pyramid.engine.resources import Resources
from pyramid.engine.scheduler import TimeBudgetScheduler
from pyramid.engine.session import ray, session
from pyramid.engine.shared import Common
from pyramid.engine.suggest import Suggest, name_of
from pyramid.engine.trial import Trial
from pyramid.engine.trials import fit, marked
from pyramid.finalize.earlier import Known, read_earlier
from pyramid.finalize.journal import Journal
from pyramid.finalize.searching import SearchPlan
from pyramid.search.budget import Budget
from pyramid.search.median import Median
from pyramid.search.open_budget import OpenBudget
from pyramid.search.space import Facts, space_of
from pyramid.search.suggestions import suggestions
from pyramid.search.table_candidates import DEEPNET, METHOD
from pyramid.settings.search import SearchSettings
from pyramid.training.candidate import FIT_INFO_FILE, TIME_UP, Fit, Progress, Result, Status

Rows = Iterator[tuple[str, str, str]]

METRIC = "r_squared"

#: Seconds that a trial sleeps where trials an hour are counted, and how many trials there are for each slot.
SLEEP, PER_SLOT = 3.0, 10

#: Cores of each simulated machine.
NODE = 2

#: Seconds of a step, as in training.
STEP = 0.5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["slots", "candidates", "overshoot"])
    parser.add_argument("numbers", type=int, nargs="*", help="of slots, or of candidates: at least 100")
    arguments = parser.parse_args()
    commands = {
        "slots": lambda: slots(arguments.numbers or [1, 2, 4, 8, 16]),
        "candidates": lambda: candidates(arguments.numbers or [100, 1000]),
        "overshoot": overshoots,
    }
    print("| figure | wanted | measured |\n| --- | --- | --- |", flush=True)
    for figure, wanted, measured in commands[arguments.command]():
        print(f"| {figure} | {wanted} | {measured} |", flush=True)


@dataclass(kw_only=True)
class Sleeping(Common):
    """What sleeping trials know.

    Attributes:
        seconds: that each of them sleeps.
        template: the folder of a trained network, which each leaves under its own name; None: they leave nothing.
        finalizer: is told of them then.
    """

    seconds: float
    template: Path | None = None
    finalizer: Any = None


class Sleeper(Trial):
    """Sleeps where others train. Its ``shared`` is a `Sleeping`."""

    def setup(self, config: dict[str, Any], shared: Any) -> None:
        sys.modules["pyramid.tf"] = _no_tensorflow()
        super().setup(config, shared)

    def _candidate_of(self, config: dict[str, Any]) -> Fit:
        self._value = _value(config["parameters"])
        name = config["name"]
        moments, loss, descent = (0.0, 1.0), ("mean_squared_error", 0.0, False), (32, "adam", 0.01, 0, {})
        return Fit(name, DEEPNET, METHOD, 0, "numeric", [], *moments, *loss, *descent, 8, 1.0, None, METRIC)

    def _take_up(self) -> None:
        """There is nothing to read."""

    def _begin(self, folder: Path, resume: bool) -> Any:
        return _Sleep(self._fit, self._shared.seconds, self._value)

    def _complete(self, result: Result) -> None:
        if self._shared.template:
            _leave(self._shared.template, self._place.folder, result)

    def _hand_in(self) -> None:
        if self._shared.finalizer is not None:
            self._shared.finalizer.add.remote(self._fit.name)


def _no_tensorflow() -> ModuleType:
    """What a `Trial` itself wants of ``pyramid.tf``."""
    module: Any = ModuleType("pyramid.tf")
    module.limit_devices = lambda threads: None
    backend = SimpleNamespace(clear_session=lambda: None)
    errors = SimpleNamespace(OpError=MemoryError, ResourceExhaustedError=MemoryError)
    module.tf = SimpleNamespace(keras=SimpleNamespace(backend=backend), errors=errors)
    return module  # type: ignore[no-any-return]


def _value(parameters: dict[str, Any]) -> float:
    """How good a network with ``parameters`` is said to be, so that there is something to learn."""
    rate = abs(np.log10(parameters["learning_rate"]) + 2.5)
    return float(0.9 - 0.1 * rate - 0.01 * abs(parameters["number_of_layers"] - 3))


class _Sleep:
    """Behaves like a training of so many seconds."""

    def __init__(self, fit: Fit, seconds: float, value: float):
        self._began = time.monotonic()
        self._fit, self._seconds, self._value = fit, seconds, value
        self._steps = 0

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def progress(self, left: float = 0.0, reason: str = "") -> Progress:
        result = None
        if reason:
            result = Result(self._fit.name, self._fit.network, self._fit.method, Status.FINISHED, reason)
            result.metrics, result.seconds = {METRIC: self._value}, {"elapsed": self._elapsed}
        return Progress(self._steps, self._steps, left, self._elapsed, self._value, 0.0, 0.01, result)

    def advance(self, left: float) -> Progress:
        time.sleep(max(0.0, min(STEP, left, self._seconds - self._elapsed)))
        self._steps += 1
        if self._elapsed >= self._seconds:
            return self.progress(left, "it slept enough")
        return self.progress(left, TIME_UP if left <= STEP else "")


def _leave(template: Path, folder: Path, result: Result) -> None:
    """Copy the network in ``template``, with predictions that are the worse the worse ``result`` is."""
    from pyramid.training.storage import write_json

    shutil.copytree(template, folder, dirs_exist_ok=True)
    info = json.loads((template / FIT_INFO_FILE).read_text(encoding="utf-8"))
    info["candidate"]["name"], info["result"] = result.name, result.to_dict()
    [path] = folder.glob("*.npy")
    predicted = np.load(path)
    noise = np.random.default_rng(int(result.name)).normal(0, 1 - (result.metrics[METRIC] or 0.0), predicted.shape)
    np.save(path, (predicted + noise * predicted.std()).astype(np.float32))
    write_json(folder / FIT_INFO_FILE, info)


@dataclass
class Run:
    """What was seen of a search.

    Attributes:
        slots: of it.
        begun, ended: when each trial was first heard of, and when it ended, by name.
        memory: in MB of each kind of process, when so many trials had ended.
        fitted, began: when the trials were over for the engine, and when the budget began.
    """

    slots: int
    began: float = 0.0
    fitted: float = 0.0
    begun: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    memory: dict[int, dict[str, float]] = field(default_factory=dict)
    watched: tuple[int, ...] = ()

    def tell(self, event: Event) -> None:
        if not isinstance(event, Update):
            return
        now = time.monotonic()
        self.begun.setdefault(event.name, now)
        if event.result and event.result.status == Status.FINISHED:
            self.ended[event.name] = now
            if len(self.ended) in self.watched:
                self.memory[len(self.ended)] = memory()

    def milliseconds(self, first: int, last: int) -> float:
        """From the end of the trial number ``first`` to that of the number ``last``, for each."""
        ends = sorted(self.ended.values())
        return 1000 * (ends[last - 1] - ends[first - 1]) / (last - first)

    def rate(self) -> float:
        """Trials an hour, from when every slot has had a trial until the last trial begins.

        It is that of the slots that are busy in between, with trials as long as they are on average.
        A count of whole trials would be wrong by up to one for each slot.
        """
        up, close = sorted(self.begun.values())[self.slots - 1], max(self.begun.values())
        inside = sum(max(0.0, min(end, close) - max(self.begun[name], up)) for name, end in self.ended.items())
        lasted = statistics.mean(end - self.begun[name] for name, end in self.ended.items())
        return 3600 * inside / (close - up) / lasted


def memory() -> dict[str, float]:
    """Resident MB of the driver, the finalizer and the largest trial."""
    this = psutil.Process()
    found = {"driver": this.memory_info().rss / 1e6}
    for child in this.children(recursive=True):
        try:
            title, size = " ".join(child.cmdline()), child.memory_info().rss / 1e6
        except psutil.Error:
            continue
        for kind, names in {"finalizer": "ray::_Finalizer", "trial": ("ray::Sleeper", "ray::ResourceTr")}.items():
            if title.startswith(names):
                found[kind] = max(found.get(kind, 0.0), size)
    return found


def search(
    budget: Budget,
    number: int | None,
    run: Run,
    seconds: float,
    folder: Path,
    template: Path | None = None,
    finalizer: Any = None,
) -> None:
    """A search as in ``engine.search``, but for what is trained."""
    settings = SearchSettings(training_data="none.csv", objective="y", output_directory=str(folder))
    known = Known(None, {})
    space = space_of(settings, Facts("numeric", 10_000, True, METRIC))
    board = start_board()
    scheduler = TimeBudgetScheduler(budget, board, lambda: False, Median())
    listener = Listener(scheduler, Ends(folder, run.tell, lambda: False, 0.0, True), lambda name: (DEEPNET, METHOD))
    suggest = Suggest(suggestions("tpe", space, 0), budget, Journal(folder), known, number, METRIC)
    per_trial = Resources(1, 0, 0, 1, run.slots)
    with marked(folder) as marker:
        shared = Sleeping(
            folder=str(folder),
            marker=marker,
            threads=1,
            board=board,
            keeper=start_keeper(folder),
            resumes=False,
            seconds=seconds,
            template=template,
            finalizer=finalizer,
        )
        fit(Sleeper, shared, per_trial, scheduler, listener, search_algorithm=suggest, samples=-1)
    run.fitted = time.monotonic()


def slots(numbers: list[int]) -> Rows:
    """Trials an hour on so many slots, on simulated machines of `NODE` cores."""
    single = 0.0
    for number in numbers:
        run, count = Run(number), max(20, number * PER_SLOT)
        with machines(number), tempfile.TemporaryDirectory() as name:
            run.began = time.monotonic()
            search(Budget(3600, map(name_of, range(count)), number, from_now=True), count, run, SLEEP, Path(name))
        if len(run.ended) != count:
            raise SystemExit(f"{len(run.ended)} of {count} trials ended")
        rate = run.rate()
        single = single or rate / number
        up = sorted(run.begun.values())[number - 1] - run.began
        linear, asleep = rate / number / single, rate * SLEEP / 3600 / number
        shown = f"{rate:,.0f} an hour: {linear:.3f} of linear, {asleep:.3f} asleep; all up after {up:.0f} s"
        yield f"{count} trials of {SLEEP:g} s on {number} slots", "≥ 0.90 of linear", shown


@contextmanager
def machines(number: int) -> Iterator[None]:
    """A session on simulated machines with ``number`` cores in all."""
    from ray.cluster_utils import Cluster

    cores = [min(NODE, number)] * max(1, number // NODE)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": cores[0], "include_dashboard": False})
    try:
        for count in cores[1:]:
            cluster.add_node(num_cpus=count)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
        cluster.wait_for_nodes()
        yield
    finally:
        ray.shutdown()
        cluster.shutdown()


def candidates(numbers: list[int]) -> Rows:
    """Trials that end at once, on two slots."""
    with session(), tempfile.TemporaryDirectory() as name:
        trained = _trained(Path(name))
        for number in numbers:
            yield from _candidates(number, trained, Path(name) / str(number))


def _candidates(number: int, trained: Path, folder: Path) -> Rows:
    shutil.copytree(trained / "arrays", folder / "arrays")
    plan = SearchPlan(**(read_earlier(str(trained), "pyramid_search").plan or {}))
    finalizer = start_finalizer(plan, folder, f"finalizer-{number}")
    ray.get(finalizer.status.remote())  # it is up
    run = Run(2, watched=(min(100, number), number))
    budget = OpenBudget(3600, 60, 2) if number < 1000 else Budget(3600, map(name_of, range(number)), 2, from_now=True)
    [template] = trained.glob("submodel_*")
    search(budget, number, run, 0.0, folder, template, finalizer)
    if len(run.ended) != number:
        raise SystemExit(f"{len(run.ended)} of {number} trials ended")
    began = time.monotonic()
    ensemble = ray.get(finalizer.finish.remote())
    taken = time.monotonic() - began
    what = f"{number:,} trials that end at once, 2 slots"
    for words, first, last in (("first 100", 1, 100), ("last 100", number - 99, number), ("all", 1, number)):
        yield f"{what}: {words}", "≤ 200 ms each", f"{run.milliseconds(first, last):.0f} ms"
    for count, sizes in run.memory.items():
        shown = ", ".join(f"{kind} {size:.0f} MB" for kind, size in sizes.items())
        yield f"{what}: memory after {count}", "flat", shown
    yield f"{what}: to write the model", "seconds", f"{taken:.1f} s, {len(ensemble['members'])} members"


def _trained(folder: Path) -> Path:
    """A search for one network."""
    from pyramid import api

    rng = np.random.default_rng(0)
    rows = rng.normal(0, 1, (2000, 6))
    lines = [",".join(f"{value:.4f}" for value in [*row, row @ np.arange(6) + rng.normal()]) for row in rows]
    (folder / "table.csv").write_text("a,b,c,d,e,f,y\n" + "\n".join(lines) + "\n")
    output = folder / "trained"
    document = {
        "training_data": str(folder / "table.csv"),
        "objective": "y",
        "output_directory": str(output),
        "number_of_candidates": 1,
        "max_total_time": 90,
        "max_iterations": 500,
        "cpus_per_trial": 1,
    }
    api.search(document)
    return output


def overshoots() -> Rows:
    """Seconds over a budget of 20 s, for trials that would sleep for longer."""
    with session(), tempfile.TemporaryDirectory() as name:
        for seconds, number in ((3.0, None), (60.0, None), (0.0, None), (3.0, 9), (3.0, 100), (60.0, 5)):
            run, folder = Run(2), Path(name) / f"{seconds}-{number}"
            folder.mkdir()
            run.began = time.monotonic()
            names = map(name_of, range(number or 0))
            budget = OpenBudget(20, 5, 2) if number is None else Budget(20, names, 2, from_now=True)
            search(budget, number, run, seconds, folder)
            last, fitted = max(run.ended.values()) - run.began - 20, run.fitted - run.began - 20
            what = f"{number or 'any number of'} trials of {seconds:g} s"
            shown = f"{last:+.2f} s (until the engine returns {fitted:+.2f} s; {len(run.ended)} were trained)"
            yield f"overshoot of 20 s: {what}", "≤ 2 s", shown


if __name__ == "__main__":
    main()
