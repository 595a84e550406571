"""The words and codes of pyramid_search, and the rules between its keys."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyramid import api
from pyramid.errors import ConfigError
from pyramid.finalize.journal import JOB, Journal, job_entry

COMMAND = Path(sys.executable).with_name("pyramid_search")
GOOD = "a,b,c\n" + "".join(f"{i % 7}.5,{'xyz'[i % 3]},{i % 5}\n" for i in range(40))


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "table.csv").write_text(GOOD)
    return {
        "training_data": str(tmp_path / "table.csv"),
        "objective": "c",
        "output_directory": str(tmp_path / "out"),
        "max_total_time": 5,
    }


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)


KEYS = {
    "a space without a network": (
        {"search_space": {"learn_residuals": True, "number_of_layers": 1}},
        "no network is left",
    ),
    "a range upside down": ({"search_space": {"learning_rate": {"min": 0.1, "max": 0.01}}}, "search_space"),
    "two sizes of the ensemble": ({"model_fraction": 0.1, "ensemble_size": 3}, "ensemble_size"),
    "a loss of another objective": ({"loss_function": "crossentropy", "objective_type": "numeric"}, "loss_function"),
}


@pytest.mark.parametrize(("changes", "said"), KEYS.values(), ids=KEYS)
def test_a_configuration_that_is_wrong_is_told(document: dict[str, Any], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        api.search(document | changes)


def test_a_job_of_pyramid_train_is_not_taken_for_a_search(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    Journal(tmp_path / "out").write(JOB, job_entry("pyramid_train", document))
    with pytest.raises(ConfigError, match="holds a job of pyramid_train"):
        api.resume_search(str(tmp_path / "out"))
    with pytest.raises(ConfigError, match="name another folder"):
        api.search(document)


@pytest.mark.parametrize("go_on", [api.resume_search, api.finalize_search, api.search_status, api.resume_training])
def test_a_folder_without_a_job_is_told(go_on: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no job of pyramid"):
        go_on(str(tmp_path))


def test_the_command_ends_with_one_message_and_code_2(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(document | {"objective": "d"}))
    run = command(tmp_path / "config.json")
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert run.stderr.startswith("pyramid_search: ")
    assert "'d'" in run.stderr
    assert not (tmp_path / "out").exists()


def test_validate_tells_the_columns(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(document))
    run = command(tmp_path / "config.json", "--validate")
    assert run.returncode == 0, run.stderr
    assert "b: categorical, 3 categories" in run.stdout
    assert "c: the objective, numeric" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give a configuration"),
        (["--resume", "a", "--finalize", "a"], "got both"),
        (["--resume", "a", "--max-total-time", "-3"], "must be above 0"),
        (["c.json", "--validate", "--resume", "a"], "--validate: is not for a job that is there, as --resume is"),
        (["--status", "a", "--finalize", "a"], "--status: is not for a job"),
    ],
)
def test_arguments_that_say_nothing_are_told(arguments: list[str], said: str) -> None:
    run = command(*arguments)
    assert run.returncode == 2
    assert said in run.stderr
