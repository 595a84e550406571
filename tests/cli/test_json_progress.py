"""`--json-progress`: standard output is for a program, whatever happens."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pyramid
from tests.cli.conftest import Run

OPTION = "--json-progress"


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in out.splitlines()]


def write(folder: Path, **keys: Any) -> str:
    path = folder / "config.json"
    path.write_text(json.dumps(keys))
    return str(path)


def test_a_training_is_told_from_beginning_to_end_and_followed_by_mlflow(
    pyramid_train: Run, class_folders: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    config = write(
        tmp_path,
        training_data=str(class_folders(40)),
        output_directory="out",
        image_network_candidates=[["simple", "randomly_initialize"]],
        max_total_time=60,
        max_iterations=40,
        max_seconds_per_update=1.0,
        tracking_uri="runs",
    )
    done = pyramid_train(config, OPTION)
    assert done.returncode == 0, done.stderr
    told = lines(done.stdout)
    events = [line["event"] for line in told]
    assert set(events) >= {"stage", "reading", "prepared", "progress", "result", "ended"}
    order = [events.index(name) for name in ("reading", "prepared", "progress", "result", "ended")]
    assert order == sorted(order)
    assert [line["at"] for line in told] == sorted(line["at"] for line in told)
    last = told[-1]
    assert last["event"] == "ended"
    assert last["best"] == "simple_randomly_initialize"
    assert (tmp_path / last["model"]).exists()
    assert (tmp_path / last["results"]).exists()
    assert (tmp_path / last["report"]).exists()
    assert list((tmp_path / "out" / "tensorboard" / last["best"]).glob("events.out.tfevents.*"))
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow.tracking import MlflowClient

    client = MlflowClient(str(tmp_path / "runs"))
    runs = client.search_runs([client.get_experiment_by_name("pyramid").experiment_id])
    assert {run.info.run_name for run in runs} == {"out", "simple_randomly_initialize"}
    assert {run.info.status for run in runs} == {"FINISHED"}
    again = pyramid_train("--resume", str(tmp_path / "out"), OPTION)
    assert again.returncode == 2
    assert "is finished" in lines(again.stdout)[-1]["problems"][0]


def test_a_wrong_configuration_is_an_error_with_all_problems(pyramid_train: Run, tmp_path: Path) -> None:
    done = pyramid_train(write(tmp_path, training_data="nowhere", batch_size=0), OPTION)
    (line,) = lines(done.stdout)
    assert done.returncode == line["exit_code"] == 2
    assert line["event"] == "error"
    assert any(problem.startswith("batch_size: ") for problem in line["problems"])
    assert any(problem.startswith("output_directory: is required") for problem in line["problems"])
    assert "batch_size" in done.stderr


def test_a_configuration_that_is_not_there_is_an_error_too(pyramid_train: Run) -> None:
    done = pyramid_train("nowhere.json", OPTION)
    (line,) = lines(done.stdout)
    assert "cannot read the configuration" in line["problems"][0]


@pytest.mark.parametrize("other", ["--validate", "--schema", "--visualize", "--visualize-each"])
def test_where_nothing_is_trained_the_option_is_refused(pyramid_train: Run, tmp_path: Path, other: str) -> None:
    done = pyramid_train(write(tmp_path), OPTION, other)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"--json-progress: nothing is trained by {other}; leave one of them out" in done.stderr


def search(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(Path(pyramid.__file__).parents[1])}
    command = [sys.executable, "-m", "pyramid.cli.search", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


def test_a_search_tells_its_errors_so_too(tmp_path: Path) -> None:
    done = search(tmp_path, write(tmp_path, training_data="t.csv", output_directory="out"), OPTION)
    (line,) = lines(done.stdout)
    assert done.returncode == line["exit_code"] == 2
    assert line["problems"] == ["objective: is required: the name of the column to predict"]
    done = search(tmp_path, "--resume", "nowhere", OPTION)
    assert lines(done.stdout)[-1]["problems"] == ["nowhere: holds no job of pyramid; name the output_directory of one"]


@pytest.mark.parametrize("other", ["--validate", "--status=x"])
def test_where_a_search_tries_nothing_the_option_is_refused(tmp_path: Path, other: str) -> None:
    done = search(tmp_path, write(tmp_path), OPTION, other)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--json-progress: nothing is trained by" in done.stderr
