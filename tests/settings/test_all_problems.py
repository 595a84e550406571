"""`pyramid.api.check`: the problems of the settings, of the rows and of the output directory, all at once."""

import json
import math
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyramid import api
from pyramid.errors import ConfigError
from pyramid.settings.train import Row, TrainSettings


@pytest.fixture(scope="module", autouse=True)
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The current folder while this module runs: relative paths lead nowhere else."""
    folder = tmp_path_factory.mktemp("current")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def problems_of(document: dict[str, Any]) -> list[str] | None:
    """The problems that ``document`` is refused with; None when it is valid. Any other error goes through."""
    try:
        api.check(document)
    except ConfigError as error:
        return error.problems
    return None


def check(**document: Any) -> list[str]:
    """The problems of ``document``, with three rows and a folder for the results when they are not given."""
    rows = [{"file": f"{i}.png", "label": f"{i}"} for i in range(3)]
    return problems_of({"training_data": rows, "output_directory": "results"} | document) or []


def test_a_document_without_problems(empty_folder: Path) -> None:
    assert check() == []
    assert list(empty_folder.iterdir()) == []


def test_problems_of_settings_rows_and_output_come_together(empty_folder: Path) -> None:
    (empty_folder / "taken").touch()
    rows = [
        {"file": "a.png", "label": "cat"},
        {"file": "../b.png", "label": "dog"},
        {"file": "/c.png", "label": "dog"},
    ]
    found = check(training_data=rows, output_directory="taken", batch_size=0, learning_rat=1, rho=0.5)
    (empty_folder / "taken").unlink()
    assert [problem.split(":")[0] for problem in found] == [
        "batch_size",
        "learning_rat",
        "rho",
        "training_data[1].file",
        "training_data[2].file",
        "output_directory",
    ]


def test_a_broken_setting_does_not_hide_mixed_labels() -> None:
    rows = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": 5}]
    found = check(training_data=rows, batch_sise=32)
    assert found[0] == 'batch_sise: unknown key; did you mean "batch_size"?'
    assert "labels must be all strings or all numbers" in found[1]
    assert len(found) == 2


def test_a_broken_row_does_not_hide_the_problems_of_others() -> None:
    rows = [{"file": "a.png", "label": math.nan}, {"file": "../b.png", "label": "dog"}]
    assert [problem.split(":")[0] for problem in check(training_data=rows)] == [
        "training_data[0].label",
        "training_data[1].file",
    ]


def test_a_file_outside_does_not_hide_mixed_labels() -> None:
    rows = [{"file": "../a.png", "label": "cat"}, {"file": "b.png", "label": 5}]
    found = check(training_data=rows)
    assert len(found) == 2
    assert found[0].startswith("training_data[0].file: leads out of image_root")
    assert "labels must be all strings or all numbers" in found[1]


def test_a_file_outside_does_not_make_numbers_into_classes() -> None:
    """The loss fits the labels: the one problem is the path."""
    rows = [{"file": "../a.png", "label": 1}, {"file": "b.png", "label": 2}]
    [problem] = check(training_data=rows, loss_function="mean_squared_error")
    assert problem.startswith("training_data[0].file: ")


def test_more_problems_than_a_screen_holds_are_counted() -> None:
    rows = [{"file": f"../{i}.png", "label": "cat"} for i in range(1_000)]
    with pytest.raises(ConfigError) as error:
        api.check({"training_data": rows, "output_directory": "results"})
    assert error.value.exit_code == 2
    lines = str(error.value).splitlines()
    assert len(error.value.problems) >= 1_000
    assert len(lines) <= 25
    assert lines[-1] == f"… and {len(error.value.problems) - len(lines) + 1:,} more"


LONG = "x" * 300  # longer than a file name may be
ZERO = "a\0b"  # no file name holds a zero byte
HUGE = 10**400  # JSON has such numbers, no float has


@pytest.mark.parametrize("key", ["training_data", "validation_data", "output_directory"])
@pytest.mark.parametrize("path", [LONG, ZERO], ids=["too long", "zero byte"])
def test_a_path_that_no_file_can_have_is_a_problem(key: str, path: str) -> None:
    [problem] = check(**{key: path})
    assert problem.startswith(f"{key}: ")


def test_a_label_that_no_float_holds_is_a_problem() -> None:
    [problem] = check(training_data=[{"file": "a.png", "label": HUGE}, {"file": "b.png", "label": 2}])
    assert problem.startswith("training_data[0].label: must be a ")


# Any JSON at all: text without "." and "/", so that no path leads out of the empty folder
TEXT = st.text(st.characters(exclude_characters="./\\"), max_size=8)
NAMES = st.sampled_from(["cat", "dog", "simple", "randomly_initialize", "numeric", "adam", "a.png", "\ud800"])
PATHS = st.sampled_from([LONG, ZERO, "\ud800", "results", "a", " "]) | TEXT
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | PATHS | NAMES | st.just(HUGE)
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=8
)
NUMBERS = st.floats() | st.integers(-3, 3) | st.just(HUGE)
LABELS = st.sampled_from(["cat", "dog", "7"])
LIKELY_ROW = st.fixed_dictionaries({"file": TEXT.filter(bool)}, optional={"weight": NUMBERS, "group": LABELS})
ANY_ROW = st.dictionaries(st.sampled_from([*Row.model_fields, "lable"]), JSON, max_size=5)


def rows_with(labels: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    one = st.tuples(LIKELY_ROW, labels).map(lambda pair: pair[0] | {"label": pair[1]})
    return st.lists(one, min_size=1, max_size=6)


ROWS = rows_with(LABELS) | rows_with(NUMBERS) | rows_with(LABELS | NUMBERS) | st.lists(ANY_ROW, max_size=3)
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "training_data": ROWS,
    "validation_data": ROWS,
    "output_directory": PATHS,
    "image_root": PATHS,
    "input_image_shape": st.lists(st.integers(-1, 64) | st.just(3), max_size=4),
    "image_network_candidates": st.lists(st.lists(NAMES, max_size=3), max_size=3),
    "class_weights": st.lists(st.tuples(LABELS, NUMBERS).map(list), max_size=3),
    "descent_algorithm": st.sampled_from(["adam", "sgd", "rms_prop", "rmsprop"]),
    "objective_type": st.sampled_from(["categorical", "numeric", "bounding_box"]),
    "loss_function": st.sampled_from(["hinge", "huber", "mse"]),
    "selection_metric": st.sampled_from(["auc", "r_squared"]),
    "augmentation_ranges": st.dictionaries(st.sampled_from(["zoom", "blur", "x"]), JSON, max_size=2),
    "cheat_on_validation": st.booleans(),
    "allow_absolute_paths": st.booleans(),
    "balance_objective": st.booleans(),
}
KEYS = st.sampled_from([*TrainSettings.model_fields, "learning_rat"])


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Most keys with values that are likely, and up to three with any JSON value."""
    keys = draw(st.sets(st.sampled_from(sorted(LIKELY)), max_size=4)) | {"training_data", "output_directory"}
    return {key: draw(LIKELY[key]) for key in sorted(keys)} | draw(st.dictionaries(KEYS, JSON, max_size=3))


@settings(deadline=None, max_examples=300)
@given(documents())
def test_any_json_object_is_valid_or_has_problems_and_nothing_else(document: dict[str, Any]) -> None:
    problems = problems_of(document)
    assert problems is None or problems
    for problem in problems or []:
        assert problem[0] in string.ascii_letters
        assert ": " in problem


@st.composite
def valid_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Two or more different labels, all strings or all numbers, and settings that do not depend on each other."""
    kinds = [st.text(st.characters(codec="utf-8"), max_size=5), st.integers(-9, 9) | st.floats(-1e30, 1e30)]
    labels = draw(st.lists(draw(st.sampled_from(kinds)), min_size=2, max_size=9, unique=True))
    optional = {"weight": st.floats(0.1, 9), "group": LABELS | st.integers(0, 3)}
    files = st.text(st.characters(codec="utf-8", exclude_characters="./"), min_size=1, max_size=8)
    row = st.fixed_dictionaries({"file": files}, optional=optional)
    rows = [draw(row) | {"label": label} for label in labels]
    others = {
        "validation_data": st.just(rows),
        "seed": st.integers(0, 2**31 - 1),
        "batch_size": st.integers(1, 8192),
        "holdout_rate": st.floats(0, 1) | st.integers(0, 1),
        "rescale_type": st.sampled_from(["warp", "pad", "crop"]),
        "input_image_shape": st.tuples(st.integers(32, 99), st.integers(32, 99), st.just(3)).map(list),
        "image_augmentations": st.lists(st.sampled_from(["zoom", "blur", "vertical_flip", "deform"])),
        "gpus_per_trial": st.integers(0, 4),
    }
    return {"training_data": rows, "output_directory": "results"} | draw(st.fixed_dictionaries({}, optional=others))


@settings(deadline=None, max_examples=100)
@given(valid_documents())
def test_a_valid_document_is_accepted_and_what_was_understood_means_the_same(document: dict[str, Any]) -> None:
    understood, examples, _ = api.check(document)
    rows = len(document["training_data"]) + len(document.get("validation_data", []))
    assert len(examples.files) == len(examples.labels) == len(examples.weights) == len(examples.groups) == rows
    assert {key: getattr(understood, key) for key in document if "data" not in key} == {
        key: value for key, value in document.items() if "data" not in key
    }
    written = json.loads(understood.model_dump_json(exclude_none=True))
    again, same, _ = api.check(written)
    assert again.model_dump() == understood.model_dump()
    assert same == examples
