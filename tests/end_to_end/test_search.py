"""`pyramid_search` as a person runs it: killed, looked at, gone on with, given more time; and what it refuses."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from pyramid import api
from pyramid.engine.events import Event, Update
from pyramid.finalize.earlier import STOPPED
from pyramid.finalize.journal import RESULT, SPENT, Journal, entries
from pyramid.finalize.workspace import FINAL_MODEL_FILE, RESULTS_FILE, UNFINISHED
from tests.engine.searches import document, names_of, read, wait_until, write_table

RESULTS = [f"{i:05d}" for i in range(6)]


def start(command: str, folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Run ``command`` in ``folder``, in a session of its own."""
    line = [sys.executable, "-m", f"pyramid.cli.{command}", *arguments]
    pipe, given = subprocess.PIPE, os.environ | environment
    return subprocess.Popen(line, cwd=folder, stdout=pipe, stderr=pipe, text=True, env=given, start_new_session=True)


def done(command: str, folder: Path, *arguments: str, code: int = 0, **environment: str) -> tuple[str, str]:
    """What ``command`` writes."""
    process = start(command, folder, *arguments, **environment)
    out, err = process.communicate(timeout=280)
    assert process.returncode == code, err
    return out, err


def ended(output: Path) -> dict[str, Any]:
    """The results of candidates that have ended in the unfinished job of ``output``, by name."""
    found = [value for kind, value in entries(output / UNFINISHED) if kind == RESULT]
    assert len(found) == len({value["name"] for value in found})
    return {value["name"]: value for value in found}


def kill_when(process: subprocess.Popen[str], is_so: Any) -> None:
    """SIGKILL to the process alone; what it had started is gone soon after."""
    children = []
    try:
        wait_until(lambda: is_so() or process.poll() is not None, 240)
        assert process.poll() is None, process.stderr and process.stderr.read()
        children = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a search that lost its driver when two networks had ended."""
    folder = tmp_path_factory.mktemp("killed")
    write_table(folder / "table.csv")
    given = document(folder, max_total_time=400) | {"training_data": "table.csv", "output_directory": "out"}
    (folder / "config.json").write_text(json.dumps(given))
    process = start("search", folder, "config.json")
    kill_when(process, lambda: len(ended(folder / "out")) >= 2)
    return folder


@pytest.mark.slow
def test_the_status_of_a_killed_search(killed: Path) -> None:
    out, _ = done("search", killed, "--status", "out")
    assert "of the search are left" in out
    for name in ended(killed / "out"):
        assert name in out


@pytest.mark.slow
def test_finalize_writes_the_model_of_what_is_there_without_ray(killed: Path) -> None:
    shutil.copytree(killed / "out", killed / "copy")
    before = ended(killed / "out")
    done("search", killed, "--finalize", "copy", RAY_ADDRESS="127.0.0.1:1")  # nobody asks for a cluster
    report = read(killed / "copy" / RESULTS_FILE)
    assert names_of(report) == sorted(set(names_of(report)))
    # A network may have left all that the ensemble needs when nobody had been told of it yet.
    measured = {result["name"] for result in report["candidates"] if result["metrics"]}
    assert set(before) | set(report["ensemble"]["members"]) <= measured
    for result in report["candidates"]:
        if result["name"] in before:
            assert result["metrics"] == before[result["name"]]["metrics"]
    assert (killed / "copy" / FINAL_MODEL_FILE).exists()
    assert not (killed / "copy" / UNFINISHED).exists()
    _, err = done("search", killed, "--finalize", "copy", code=2)
    assert "is finished" in err


@pytest.mark.slow
def test_a_killed_search_goes_on_and_is_finished_then(killed: Path) -> None:
    before = ended(killed / "out")
    elsewhere = killed / "elsewhere"
    elsewhere.mkdir()
    done("search", elsewhere, "../config.json", "--resume", str(killed / "out"))
    report = read(killed / "out" / RESULTS_FILE)
    assert names_of(report) == RESULTS
    assert {result["status"] for result in report["candidates"]} == {"finished"}
    for result in report["candidates"]:
        if result["name"] in before:
            assert result["metrics"] == before[result["name"]]["metrics"]
            assert result["seconds"] == before[result["name"]]["seconds"]
    assert not (killed / "out" / UNFINISHED).exists()
    _, err = done("search", killed, "--resume", "out", code=2)
    assert "--max-total-time" in err
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_more_time_tries_more_networks(tmp_path: Path) -> None:
    """Both runs are ended by the user, so that a slow machine has as many networks as a fast one."""
    given = document(tmp_path, max_total_time=300)
    del given["number_of_candidates"]
    first = _until(2, lambda tell, stopped: api.search(given, tell=tell, stopped=stopped))
    assert first["stopped_by_user"]
    output = str(tmp_path / "out")
    spent = api.search_status(output)["spent"]
    assert 0 < spent < 300
    report = _until(2, lambda tell, stopped: api.resume_search(output, 600, tell, stopped))
    names = names_of(report)
    assert len(names) == len(set(names))
    assert len(names) > len(first["candidates"])
    now = {result["name"]: result["metrics"] for result in report["candidates"]}
    for result in first["candidates"]:
        if not result["reason"].startswith(STOPPED):
            assert now[result["name"]] == result["metrics"]
    assert api.search_status(output)["spent"] > spent


def _until(count: int, run: Any) -> dict[str, Any]:
    """What ``run`` returns, which is stopped when so many networks have learned all that they can."""
    whole = []

    def tell(event: Event) -> None:
        if isinstance(event, Update) and event.result and event.result.reason.startswith("max_iterations"):
            whole.append(event.name)

    return run(tell, lambda: len(whole) >= count)


@pytest.mark.slow
def test_a_killed_training_goes_on_and_can_be_finalized(tmp_path: Path, class_folders: Any) -> None:
    shutil.copytree(class_folders(30), tmp_path / "pictures")
    given = {
        "training_data": "pictures",
        "output_directory": "out",
        "image_network_candidates": [["simple", "randomly_initialize"]],
        "max_total_time": 20,
        "patience": 8192,
    }
    (tmp_path / "config.json").write_text(json.dumps(given))
    process = start("train", tmp_path, "config.json")
    kill_when(process, lambda: list((tmp_path / "out" / UNFINISHED).glob("submodel_*/checkpoint.npz")))
    for name in ("copy", "late"):
        shutil.copytree(tmp_path / "out", tmp_path / name)
    done("train", tmp_path, "--finalize", "copy", RAY_ADDRESS="127.0.0.1:1")
    [cut_off] = read(tmp_path / "copy" / RESULTS_FILE)["candidates"]
    assert cut_off["metrics"]
    done("train", tmp_path, "--resume", "out")
    [whole] = read(tmp_path / "out" / RESULTS_FILE)["candidates"]
    assert whole["status"] == "finished"
    assert whole["iterations"] > cut_off["iterations"]
    assert whole["seconds"]["elapsed"] <= 22
    Journal(tmp_path / "late" / UNFINISHED).write(SPENT, 19.99)
    done("train", tmp_path, "--resume", "late")
    [late] = read(tmp_path / "late" / RESULTS_FILE)["candidates"]
    # It measures what is in the checkpoint, which may be younger than the weights that were finalized.
    assert cut_off["iterations"] <= late["iterations"] < whole["iterations"]
    assert late["metrics"]["likelihood"] >= cut_off["metrics"]["likelihood"] - 1e-6
    for folder in ("out", "copy", "late"):
        assert (tmp_path / folder / FINAL_MODEL_FILE).exists()
        assert not (tmp_path / folder / UNFINISHED).exists()


@pytest.mark.slow
def test_a_column_of_pictures(tmp_path: Path) -> None:
    import pyramid.tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after

    from sensenet.models.wrappers import create_model  # isort: skip

    rng = np.random.default_rng(0)
    lines = ["picture,a,y"]
    for i in range(40):
        light = i % 2
        pixels = rng.integers(0, 60, (24, 24, 3)) + 150 * light
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{rng.random():.3f},{'light' if light else 'dark'}")
    (tmp_path / "table.csv").write_text("\n".join(lines))
    given = document(tmp_path, objective="y", number_of_candidates=3, max_total_time=120)
    del given["inputs"]
    report = api.search(given | {"image_network_candidates": [["simple", "randomly_initialize"]]})
    assert names_of(report) == RESULTS[:3]
    model = create_model(str(tmp_path / "out" / FINAL_MODEL_FILE))
    predicted = np.asarray(model([[str(tmp_path / "0.png"), 0.5], [str(tmp_path / "1.png"), 0.5]]))
    assert predicted.shape == (2, 2)
    assert predicted.sum(axis=1) == pytest.approx([1, 1])
    assert predicted.argmax(axis=1).tolist() == [0, 1]
    held, _ = np.load(tmp_path / "out" / "arrays" / "compared_rows.npy")
    assert len(held) == 8
    assert held.tolist() == np.load(tmp_path / "out" / "images" / "held_rows.npy").tolist()
    pictures = read(tmp_path / "out" / "images" / RESULTS_FILE)["data"]
    assert (pictures["training_rows"], pictures["holdout_rows"]) == (32, 8)  # the latter are those of the held rows


def test_a_cluster_that_is_not_there_is_told_within_15_seconds(tmp_path: Path) -> None:
    """And before the table is looked for, which may be far away."""
    (tmp_path / "config.json").write_text(json.dumps(document(tmp_path, training_data="far.csv")))
    before = sorted(tmp_path.rglob("*"))
    began = time.monotonic()
    _, err = done("search", tmp_path, "config.json", code=2, RAY_ADDRESS="127.0.0.1:1")
    assert time.monotonic() - began < 15
    assert "RAY_ADDRESS" in err
    assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_client_of_ray_is_sent_away_with_the_way_to_go(tmp_path: Path) -> None:
    """Nobody need be asked for that."""
    (tmp_path / "config.json").write_text(json.dumps(document(tmp_path)))
    _, err = done("search", tmp_path, "config.json", code=2, RAY_ADDRESS="ray://127.0.0.1:1")
    [line] = err.strip().splitlines()
    assert line.startswith("pyramid_search: RAY_ADDRESS: a search reads and writes files on a machine of its cluster")
    assert "`ray job submit -- pyramid_search config.json`" in line
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_search_cannot_go_on(tmp_path: Path) -> None:
    for option in ("--resume", "--status", "--finalize"):
        _, err = done("search", tmp_path, option, str(tmp_path), code=2)
        assert "holds no job" in err
        assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_one_message_for_a_table_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"training_data": "no.csv", "objective": "y", "objektive": 1}))
    out, err = done("search", tmp_path, "config.json", code=2)
    assert out == ""
    assert "objektive" in err
    assert "output_directory" in err
    assert "Traceback" not in err
