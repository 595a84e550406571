"""A search whose results go to a URI: its machine is lost, and another one goes on with what is there."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from pyramid import api
from pyramid.finalize.journal import RESULT, entries
from pyramid.finalize.workspace import FINAL_MODEL_FILE, REPORT_FILE, RESULTS_FILE, UNFINISHED
from tests.finalize import shelf as shelf_module
from tests.finalize.shelf import register, shelf_uri

SCRIPT = """
import json, sys
from shelf import register
from pyramid import api
register()
api.search(json.loads(sys.argv[1]))
"""


def write_table(path: Path) -> None:
    """400 rows of two numbers, and a third that follows from them."""
    values = np.random.default_rng(0).normal(size=(400, 2))
    lines = [f"{a:.4f},{b:.4f},{a - 2 * b:.4f}" for a, b in values]
    path.write_text("\n".join(["a,b,y", *lines]), encoding="utf-8")


def start(document: dict[str, object], folder: Path) -> subprocess.Popen[bytes]:
    """The search as a process with a cache folder of its own."""
    places = {"PYTHONPATH": str(Path(shelf_module.__file__).parent), "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-c", SCRIPT, json.dumps(document)]
    return subprocess.Popen(command, cwd=folder, env=os.environ | places, start_new_session=True)


def kill(process: subprocess.Popen[bytes]) -> None:
    """All of its machine."""
    if process.poll() is None:
        for one in [*psutil.Process(process.pid).children(recursive=True), process]:
            one.kill()
    process.wait()


@pytest.mark.slow
def test_a_search_goes_on_elsewhere_with_what_is_at_its_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_table(tmp_path / "table.csv")
    there = tmp_path / "there"
    document: dict[str, object] = {
        "training_data": str(tmp_path / "table.csv"),
        "objective": "y",
        "output_directory": shelf_uri(there),
        "number_of_candidates": 6,
        "max_iterations": 60_000,  # so that the first is seen before the last has ended
        "patience": 8192,
        "search_space": {"number_of_layers": 1, "largest_layer_size": 8, "tree_embedding": False},
        "max_total_time": 600,
    }
    process, until = start(document, tmp_path), time.monotonic() + 300
    try:
        while not any(kind == RESULT for kind, _ in entries(there / UNFINISHED)):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.2)
    finally:
        kill(process)
    before = {value["name"]: value["metrics"] for kind, value in entries(there / UNFINISHED) if kind == RESULT}
    register()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    status = api.search_status(shelf_uri(there))
    assert not status["ended"]
    assert {one["name"] for one in status["candidates"]} == before.keys()
    results = api.resume_search(shelf_uri(there))
    found = {one["name"]: one["metrics"] for one in results["candidates"]}
    assert len(results["candidates"]) == len(found) == 6
    assert {name: found[name] for name in before} == before
    assert results["final_model"] == f"{shelf_uri(there)}/{FINAL_MODEL_FILE}"
    assert results.pop("page") == f"{shelf_uri(there)}/{REPORT_FILE}"
    assert json.loads((there / RESULTS_FILE).read_text(encoding="utf-8")) == json.loads(json.dumps(results))
    assert (there / REPORT_FILE).exists()
    assert (there / FINAL_MODEL_FILE).exists()
    assert not (there / UNFINISHED).exists()
    assert list((tmp_path / "another" / "pyramid" / "jobs").iterdir()) == []
