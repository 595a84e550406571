"""A search of 40 short trials in which 20 processes are killed by chance, printed as rows of a table:

~/.virtualenvs/pyramid/bin/python tests/benchmarks/faults.py  # 15 minutes

It runs on two simulated machines of one core. Killed are: a trial, the finalizer, the machine without the driver
(another one joins then), and the driver, which `--resume` replaces. At the end every network must be there once, and
the model.
"""

import argparse
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from pyramid.engine.session import ray  # before a cluster is made: it wants a token
from pyramid.finalize.journal import RESULT, entries
from pyramid.finalize.workspace import FINAL_MODEL_FILE, RESULTS_FILE, UNFINISHED

TRIALS, KILLS = 40, 20

#: How many of each kind.
KINDS = {"trial": 9, "finalizer": 4, "machine": 3, "driver": 4}

#: Seconds between what a kill has cost and the next one.
PAUSE = (1.0, 3.0)

#: Steps of a trial: about ten seconds, so that it writes checkpoints, and that there are networks left for 20 kills.
STEPS = 120_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    rng = random.Random(parser.parse_args().seed)
    with tempfile.TemporaryDirectory() as name, machines() as cluster:
        calm, _ = _timed(Search(Path(name) / "calm", cluster), [], rng)
        order = [kind for kind, count in KINDS.items() for _ in range(count)]
        rng.shuffle(order)
        search = Search(Path(name) / "faults", cluster)
        taken, lost = _timed(search, order, rng)
        rows = [("without kills, s", "–", f"{calm:.0f}"), (f"with {len(search.killed)} kills, s", "–", f"{taken:.0f}")]
        for kind, seconds in lost.items():
            shown = f"{statistics.median(seconds):.1f} (most {max(seconds):.1f}, of {len(seconds)})"
            rows.append((f"until work goes on after a killed {kind}, s, median", "–", shown))
        rows.append((f"networks told of, of {TRIALS}", f"{TRIALS}, each once", search.account()))
    print("| figure | wanted | measured |\n| --- | --- | --- |")
    for row in rows:
        print(f"| {' | '.join(row)} |")


class Machines:
    """A head for the driver and one more machine, which can be lost."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        self._other = self._cluster.add_node(num_cpus=1)
        self.address = self._cluster.address

    def lose(self) -> None:
        self._cluster.remove_node(self._other, allow_graceful=False)
        self._other = self._cluster.add_node(num_cpus=1)

    def end(self) -> None:
        self._cluster.shutdown()


@contextlib.contextmanager
def machines() -> Iterator[Machines]:
    made = Machines()
    try:
        yield made
    finally:
        ray.shutdown()
        made.end()


class Search:
    """One search, as a process.

    Attributes:
        killed: the kinds of kills.
    """

    def __init__(self, folder: Path, cluster: Machines):
        folder.mkdir()
        self._folder, self._cluster = folder, cluster
        self._output = folder / "out"
        self.killed: list[str] = []
        _write_table(folder / "table.csv")
        given: dict[str, Any] = {
            "training_data": "table.csv",
            "objective": "y",
            "output_directory": "out",
            "max_total_time": 3600,
            "number_of_candidates": TRIALS,
            "max_iterations": STEPS,
            "patience": 8192,
            "search_space": {"number_of_layers": 1, "largest_layer_size": 8, "tree_embedding": False},
        }
        (folder / "config.json").write_text(json.dumps(given))

    def start(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "pyramid.cli.search", *arguments]
        environment = os.environ | {"RAY_ADDRESS": self._cluster.address, "PYTHONPATH": str(Path(__file__).parents[2])}
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log, env=environment)

    @property
    def goes_on(self) -> bool:
        if self._process.poll() not in (None, 0):
            raise SystemExit(f"the search ended with {self._process.returncode}:\n{(self._folder / 'log').read_text()}")
        return self._process.poll() is None

    def ended(self) -> int:
        return sum(kind == RESULT for kind, _ in entries(self._output / UNFINISHED))

    def kill(self, kind: str, rng: random.Random) -> Callable[[], bool]:
        """Kill what ``kind`` says; returns what turns true when its work goes on."""
        steps, finalizers = _pids("ResourceTrainable.train"), _pids("_Finalizer")
        self.killed.append(kind)
        if kind == "trial":
            os.kill(rng.choice(sorted(steps)), 9)
            return lambda: bool(_pids("ResourceTrainable.train") - steps)
        if kind == "finalizer":
            for pid in finalizers:
                os.kill(pid, 9)
            return lambda: bool(_pids("_Finalizer") - finalizers)
        if kind == "machine":
            self._cluster.lose()
            return lambda: bool(_pids("ResourceTrainable.train") - steps)
        self._process.kill()
        self._process.wait()
        self.start("--resume", "out")
        return lambda: bool(_pids("ResourceTrainable.train") - steps)

    def account(self) -> str:
        """How many networks there are, or what is wrong."""
        report = json.loads((self._output / RESULTS_FILE).read_text())
        names = Counter(result["name"] for result in report["candidates"])
        statuses = Counter(result["status"] for result in report["candidates"])
        told = Counter(v["name"] for k, v in entries(self._output) if k == RESULT and v["status"] != "skipped")
        twice = [name for name, count in (names | told).items() if count > 1]
        assert (self._output / FINAL_MODEL_FILE).exists()
        assert not (self._output / UNFINISHED).exists()
        members = set(report["ensemble"]["members"])
        assert members
        assert members <= names.keys()
        shown = ", ".join(f"{count} {status}" for status, count in statuses.items())
        reasons = "".join(
            f"; {one['name']}: {one['reason'][:60]}" for one in report["candidates"] if one["status"] == "failed"
        )
        return f"{len(names)}: {shown}{reasons}" + (f"; twice: {twice}" if twice else "")


def _timed(search: Search, kinds: list[str], rng: random.Random) -> tuple[float, dict[str, list[float]]]:
    """Seconds of the search, and until work went on after each kill, by kind."""
    began = time.monotonic()
    lost: dict[str, list[float]] = {}
    search.start("config.json")
    for kind in kinds:
        _wait(
            search, lambda: search.ended() > 0 and bool(_pids("ResourceTrainable.train")) and bool(_pids("_Finalizer"))
        )
        pause = time.monotonic() + rng.uniform(*PAUSE)
        _wait(search, lambda end=pause: time.monotonic() > end and bool(_pids("ResourceTrainable.train")))
        if not search.goes_on:
            break
        killed, goes_on = time.monotonic(), search.kill(kind, rng)
        _wait(search, goes_on)
        if search.goes_on:
            lost.setdefault(kind, []).append(time.monotonic() - killed)
            print(f"{kind}: {lost[kind][-1]:.1f} s; {search.ended()} networks", file=sys.stderr, flush=True)
    while search.goes_on:
        time.sleep(0.5)
    return time.monotonic() - began, lost


def _wait(search: Search, true: Callable[[], bool]) -> None:
    while search.goes_on and not true():
        time.sleep(0.1)


def _pids(title: str) -> set[int]:
    """Ray's processes on the simulated machines with this title."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if " ".join(child.cmdline()).startswith(f"ray::{title}"):
                found.add(child.pid)
    return found


def _write_table(path: Path) -> None:
    rng = random.Random(0)
    rows = [(rng.random(), rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(500)]
    path.write_text("\n".join(["a,b,y", *(f"{a:.4f},{b:.4f},{3 * a + b + e / 5:.4f}" for a, b, e in rows)]))


if __name__ == "__main__":
    main()
