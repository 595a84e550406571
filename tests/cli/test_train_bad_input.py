"""`pyramid_train` with a configuration that is wrong: one clear message, exit code 2, nothing written.

Every test starts a process, so there are few; that each rule has its message is tested in tests/settings.
"""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pyramid import __version__
from pyramid.settings.train import TrainSettings

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROWS = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": "dog"}]
VALID = {"training_data": ROWS, "output_directory": "results"}


def contents(folder: Path) -> dict[str, bytes | None]:
    """Everything below ``folder``: path -> bytes of a file, None for a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def imported(stderr: str) -> set[str]:
    """The modules that a process started with ``-X importtime`` has imported."""
    lines = [line for line in stderr.splitlines() if line.startswith("import time")]
    return {line.split("|")[-1].strip() for line in lines}


#: pyramid.tf silences what TensorFlow writes to stderr while it is imported, so its own name must not be there either.
HEAVY = {"tensorflow", "keras", "tf_keras", "ray", "sensenet.layers", "sensenet.models", "pyramid.tf"}


@pytest.fixture
def refused(pyramid_train: Run, tmp_path: Path) -> Callable[..., list[str]]:
    """Run the command with a configuration that is wrong, and return the lines of its message."""

    def run(config: str = "config.json") -> list[str]:
        before = contents(tmp_path)
        done = pyramid_train(config)
        assert done.returncode == 2, done.stderr
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert contents(tmp_path) == before
        return done.stderr.splitlines()

    return run


def write(folder: Path, document: Any, name: str = "config.json") -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / name).write_text(text, encoding="utf-8")


def test_a_missing_configuration(refused: Callable[..., list[str]]) -> None:
    [line] = refused("Möwe 猫.json")
    assert line == "pyramid_train: Möwe 猫.json: cannot read the configuration: No such file or directory"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"training_data": [],\n', "config.json: not JSON: "),
        ("[]", "config.json: must hold one JSON object, but holds []"),
        ("[" * 100_000, "config.json: not JSON"),
    ],
    ids=["cut", "no object", "too deep"],
)
def test_a_configuration_that_is_no_object(
    refused: Callable[..., list[str]], tmp_path: Path, text: str, message: str
) -> None:
    write(tmp_path, text)
    [line] = refused()
    assert line.startswith(f"pyramid_train: {message}")


def test_all_problems_come_together(refused: Callable[..., list[str]], tmp_path: Path) -> None:
    """Of the settings, of the rows and of the output directory."""
    (tmp_path / "taken").touch()
    rows = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": 5}]
    write(tmp_path, {"training_data": rows, "output_directory": "taken", "learning_rat": 0.1, "batch_size": 0})
    first, *problems = refused()
    assert first == "pyramid_train:"
    assert problems == [
        "  batch_size: must be greater than or equal to 1, but got 0",
        '  learning_rat: unknown key; did you mean "learning_rate"?',
        "  training_data: labels must be all strings or all numbers, but training_data[0].label is a string and"
        " training_data[1].label a number; set objective_type to say which is meant",
        "  output_directory: taken is a file; name a folder",
    ]


def test_a_path_that_no_file_can_have(refused: Callable[..., list[str]], tmp_path: Path) -> None:
    write(tmp_path, VALID | {"output_directory": "x" * 300, "validation_data": "y" * 300})
    assert len(refused()) == 3


def test_a_thousand_problems_fit_on_a_screen(refused: Callable[..., list[str]], tmp_path: Path) -> None:
    write(tmp_path, VALID | {"training_data": [{"file": "a.png", "label": None}] * 1_000})
    lines = refused()
    assert len(lines) < 25
    assert lines[-1].strip() == "… and 980 more"


def test_a_wrong_configuration_is_refused_without_tensorflow_and_ray(pyramid_train: Run, tmp_path: Path) -> None:
    write(tmp_path, VALID | {"batch_size": 0})
    done = pyramid_train("config.json", options=("-X", "importtime"))
    assert done.returncode == 2
    assert "pyramid_train: batch_size: must be greater than or equal to 1, but got 0" in done.stderr
    modules = imported(done.stderr)
    assert {"pyramid", "pydantic"} <= modules, "the imports were not listed"
    assert modules.isdisjoint(HEAVY)


def test_validate_says_in_one_line_what_is_meant(pyramid_train: Run, tmp_path: Path) -> None:
    """It touches no picture: these do not exist."""
    write(tmp_path, VALID)
    before = contents(tmp_path)
    done = pyramid_train("--validate", "config.json", options=("-X", "importtime"))
    assert done.returncode == 0
    [line] = done.stdout.splitlines()
    assert line.startswith("config.json is valid: 2 rows, categorical; candidates simple/randomly_initialize, ")
    assert imported(done.stderr).isdisjoint(HEAVY)
    assert contents(tmp_path) == before


def test_validate_names_the_candidates_that_would_be_tried(pyramid_train: Run, tmp_path: Path) -> None:
    """mobilenetv2 takes no picture of 8 pixels, so as a default it is left out."""
    write(tmp_path, VALID | {"input_image_shape": [8, 8, 3]})
    done = pyramid_train("--validate", "config.json")
    assert done.returncode == 0
    assert done.stdout.strip().endswith("; candidates simple/randomly_initialize")


def test_validate_refuses_like_training(pyramid_train: Run, tmp_path: Path) -> None:
    write(tmp_path, VALID | {"training_data": []})
    done = pyramid_train("config.json", "--validate")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "pyramid_train: training_data: must have at least one row, but is empty\n"


def test_the_schema_is_json_schema_of_all_settings(pyramid_train: Run) -> None:
    done = pyramid_train("--schema")
    assert (done.returncode, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    assert set(schema["properties"]) == set(TrainSettings.model_fields)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(VALID)
    assert validator.is_valid(VALID | {"training_data": "pictures", "descent_algorithm": "sgd"})
    for wrong in (
        {},
        {"training_data": ROWS},
        VALID | {"learning_rat": 1},
        VALID | {"descent_algorithm": "adamw"},
        VALID | {"batch_size": 0},
        VALID | {"training_data": [{"file": "a.png"}]},
    ):
        assert not validator.is_valid(wrong), wrong


def test_help_shows_a_configuration_that_is_enough(pyramid_train: Run) -> None:
    done = pyramid_train("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: pyramid_train" in done.stdout
    example = re.search(r"\{.*\}", done.stdout)
    assert example is not None
    assert set(json.loads(example.group())) == {"training_data", "output_directory"}


def test_version(pyramid_train: Run) -> None:
    done = pyramid_train("--version")
    assert (done.returncode, done.stdout) == (0, f"pyramid_train {__version__}\n")


def test_no_configuration_at_all(pyramid_train: Run, tmp_path: Path) -> None:
    done = pyramid_train()
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: pyramid_train" in done.stderr
    assert "config" in done.stderr.splitlines()[-1]
    assert contents(tmp_path) == {}


def test_a_key_that_is_there_twice(refused: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"training_data": "x", "augmentation_ranges": {"blur": 0.1, "blur": 0.2}}')
    [problem] = refused("config.json")
    assert problem.endswith('the key "blur" is there twice in one object')
