"""Searches on small tables, and what is done to them: used by the tests of faults."""

import contextlib
import csv
import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

from pyramid.engine.events import Update

#: One small layer, so that a step of a trial takes no time.
SMALL: dict[str, Any] = {"number_of_layers": 1, "largest_layer_size": 8, "tree_embedding": False}


def write_table(path: Path, rows: int = 500) -> Path:
    """A number that depends on two others and a category; every twentieth of the first is missing."""
    rng = random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "c", "y", "kind", "w"])
        for i in range(rows):
            a, b, c = rng.random(), rng.gauss(0, 1), rng.choice("xyz")
            y = 3 * a + b + "xyz".index(c)
            kind = "high" if y > 2.5 else "low"
            writer.writerow(["" if i % 20 == 7 else f"{a:.4f}", f"{b:.4f}", c, f"{y:.4f}", kind, 1 + i % 3])
    return path


def document(folder: Path, **changes: Any) -> dict[str, Any]:
    """A search of short trials on the table in ``folder``, which is made when it is absent."""
    table = folder / "table.csv"
    if not table.exists():
        write_table(table)
    return {
        "training_data": str(table),
        "objective": "y",
        "inputs": ["a", "b", "c"],
        "output_directory": str(folder / "out"),
        "max_total_time": 60,
        "number_of_candidates": 6,
        "max_iterations": 300,
        "search_space": SMALL,
    } | changes


def processes(*titles: str, of: int | None = None) -> list[psutil.Process]:
    """Ray's processes below the process ``of``, by default this one, whose title begins so."""
    found = []
    for child in psutil.Process(of).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if " ".join(child.cmdline()).startswith(tuple(f"ray::{title}" for title in titles)):
                found.append(child)
    return found


def trial_processes(of: int | None = None) -> list[psutil.Process]:
    """The processes that train on a table."""
    return processes("TableTrial", "ResourceTrainable", of=of)


def kill(processes: Iterable[psutil.Process]) -> int:
    """SIGKILL; returns how many there were."""
    count = 0
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
        count += 1
    return count


def names_of(report: dict[str, Any]) -> list[str]:
    return [result["name"] for result in report["candidates"]]


def is_training(event: Any, checks: int = 0) -> bool:
    """Whether ``event`` is a word of a trial in the middle of its training."""
    return isinstance(event, Update) and event.progress is not None and event.progress.checks > checks


def wait_until(true: Callable[[], Any], seconds: float) -> Any:
    """What ``true`` returns as soon as that is not false."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)
    return found


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
