"""Rows -> examples: objective, labels, weights, files and groups, and every problem in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyramid.data.examples import Examples, read_examples
from pyramid.settings.train import TrainSettings

Settings = Callable[..., TrainSettings]
Read = Callable[..., Examples]


def rows(*labels: Any, **same: Any) -> list[dict[str, Any]]:
    """A row with an own file for each of ``labels``."""
    return [{"file": f"{i}.png", "label": label} | same for i, label in enumerate(labels)]


@pytest.fixture
def read(settings: Settings) -> Read:
    """The examples of settings with the given keys; they have no problems."""

    def examples_of(**keys: Any) -> Examples:
        examples, problems = read_examples(settings(**keys))
        assert problems == []
        return examples

    return examples_of


@pytest.fixture
def problems(settings: Settings) -> Callable[..., list[str]]:
    return lambda **keys: read_examples(settings(**keys))[1]


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., str]:
    """A CSV file with the given labels; returns its path."""

    def write(*labels: str, name: str = "table.csv") -> str:
        path = tmp_path / name
        lines = [f"{i}.png,{label}" for i, label in enumerate(labels)]
        path.write_text("\n".join(["file,label", *lines, ""]), encoding="utf-8")
        return str(path)

    return write


# Objective and labels


@pytest.mark.parametrize(
    ("labels", "keys", "objective", "loss", "read_labels"),
    [
        (["cat", "dog"], {}, "categorical", "crossentropy", ["cat", "dog"]),
        (["7", "8"], {}, "categorical", "crossentropy", ["7", "8"]),  # strings in JSON are classes
        (["007", "7"], {}, "categorical", "crossentropy", ["007", "7"]),
        (["a", "b"], {"loss_function": "hinge"}, "categorical", "hinge", ["a", "b"]),
        ([7, 8.5], {}, "numeric", "mean_squared_error", [7.0, 8.5]),
        ([7, 8], {"loss_function": "huber"}, "numeric", "huber", [7.0, 8.0]),
        ([7, 8], {"objective_type": "categorical"}, "categorical", "crossentropy", ["7", "8"]),
        (["7", "8e1"], {"objective_type": "numeric"}, "numeric", "mean_squared_error", [7.0, 80.0]),
        (["a", 8], {"objective_type": "categorical"}, "categorical", "crossentropy", ["a", "8"]),
        (["7", 8], {"objective_type": "numeric"}, "numeric", "mean_squared_error", [7.0, 8.0]),
    ],
)
def test_the_labels_decide_the_objective_unless_it_is_set(
    read: Read, labels: list[Any], keys: dict[str, str], objective: str, loss: str, read_labels: list[Any]
) -> None:
    examples = read(training_data=rows(*labels), **keys)
    assert (examples.objective, examples.loss) == (objective, loss)
    assert examples.labels == read_labels
    assert [type(label) for label in examples.labels] == [type(label) for label in read_labels]
    assert examples.notes == []


@pytest.mark.parametrize(
    ("keys", "objective", "labels"),
    [
        ({}, "numeric", [7.0, 8.5]),
        ({"loss_function": "huber"}, "numeric", [7.0, 8.5]),
        ({"loss_function": "crossentropy"}, "categorical", ["007", "8.5"]),
    ],
)
def test_a_text_column_of_numbers_follows_the_loss_and_the_report_says_so(
    read: Read, csv: Callable[..., str], keys: dict[str, str], objective: str, labels: list[Any]
) -> None:
    examples = read(training_data=csv("007", "8.5"), **keys)
    assert examples.objective == objective
    assert examples.labels == labels
    [note] = examples.notes
    assert f"taken as {objective}" in note
    assert keys.get("loss_function", "set objective_type") in note


@pytest.mark.parametrize(("objective", "labels"), [("categorical", ["007", "7"]), ("numeric", [7.0, 7.0])])
def test_a_text_column_of_numbers_is_what_the_settings_say(
    settings: Settings, csv: Callable[..., str], objective: str, labels: list[Any]
) -> None:
    examples, _ = read_examples(settings(training_data=csv("007", "7"), objective_type=objective))
    assert examples.labels == labels
    assert examples.notes == []


@pytest.mark.parametrize("labels", [("7", "x"), ("nan", "1"), ("inf", "1"), ("1_1", "2_1"), ("x", "y")])
def test_a_text_column_that_is_not_all_numbers_is_categorical(
    read: Read, csv: Callable[..., str], labels: tuple[str, str]
) -> None:
    """Python reads "1_1" as 11, but nobody writes numbers so in a table."""
    examples = read(training_data=csv(*labels))
    assert examples.objective == "categorical"
    assert examples.labels == list(labels)


def test_class_folders_are_categorical(read: Read, tmp_path: Path) -> None:
    for name in ("7/1.png", "8/1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    examples = read(training_data=str(tmp_path))
    assert (examples.objective, examples.labels) == ("categorical", ["7", "8"])
    assert examples.files == [str(tmp_path / "7" / "1.png"), str(tmp_path / "8" / "1.png")]


def test_a_class_folder_without_pictures_is_told_and_no_class(read: Read, tmp_path: Path) -> None:
    for name in ("7/1.png", "8/1.png", "9/read me.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    examples = read(training_data=str(tmp_path))
    assert examples.labels == ["7", "8"]
    assert "folders without pictures are no classes: 9" in examples.notes


def test_mixed_labels(problems: Callable[..., list[str]]) -> None:
    [problem] = problems(training_data=rows("cat", 5))
    assert problem == (
        "training_data: labels must be all strings or all numbers, but training_data[0].label is a string and"
        " training_data[1].label a number; set objective_type to say which is meant"
    )


def test_labels_mixed_between_training_and_validation(problems: Callable[..., list[str]]) -> None:
    [problem] = problems(training_data=rows("cat", "dog"), validation_data=rows(1, 2))
    assert "training_data[0].label is a string and validation_data[0].label a number" in problem


@pytest.mark.parametrize(
    ("labels", "keys", "words"),
    [
        (["a", "a", "a"], {}, "every label is the same class: 'a'"),
        ([3, 3.0], {}, "every label is the same value: 3.0"),
        (["a"], {}, "every label is the same class: 'a'"),
        ([1, "1"], {"objective_type": "categorical"}, "every label is the same class: '1'"),
    ],
)
def test_one_label_is_nothing_to_learn(
    problems: Callable[..., list[str]], labels: list[Any], keys: dict[str, str], words: str
) -> None:
    [problem] = problems(training_data=rows(*labels), **keys)
    assert problem.startswith("training_data: nothing to learn, ")
    assert problem.endswith(words)


def test_one_label_in_the_training_data_is_nothing_to_learn_whatever_is_in_the_validation_data(
    problems: Callable[..., list[str]],
) -> None:
    [problem] = problems(training_data=rows("a", "a"), validation_data=rows("a", "b"))
    assert "nothing to learn" in problem


def test_a_numeric_objective_needs_numbers(problems: Callable[..., list[str]]) -> None:
    assert problems(training_data=rows("1", "two", "3"), objective_type="numeric") == [
        "training_data[1].label: must be a number for a numeric objective, but got 'two'"
    ]


def test_a_loss_must_fit_the_labels(problems: Callable[..., list[str]]) -> None:
    [problem] = problems(training_data=rows("a", "b"), loss_function="huber")
    assert problem.startswith(
        "loss_function: huber does not fit labels that are categorical; use one of crossentropy, "
    )
    [problem] = problems(training_data=rows(1, 2), loss_function="hinge")
    assert problem.startswith(
        "loss_function: hinge does not fit labels that are numeric; use one of mean_squared_error"
    )


def test_a_metric_must_fit_the_labels(problems: Callable[..., list[str]]) -> None:
    [problem] = problems(training_data=rows("a", "b"), selection_metric="r_squared")
    assert problem.startswith("selection_metric: r_squared does not fit labels that are categorical; use one of ")


@pytest.mark.parametrize(
    ("key", "value"), [("balance_objective", True), ("class_weights", [["1", 2]]), ("label_smoothing_factor", 0.1)]
)
def test_what_needs_classes(problems: Callable[..., list[str]], key: str, value: Any) -> None:
    [problem] = problems(training_data=rows(1, 2), **{key: value})
    assert problem == f"{key}: needs classes, but the labels are numbers; leave it out"


# Cells of tables, which no pydantic model has seen


@pytest.mark.parametrize(
    ("cell", "shown"), [("-1", "'-1'"), ("nan", "'nan'"), ("inf", "'inf'"), ("heavy", "'heavy'"), ("1,5", None)]
)
def test_a_weight_in_a_table(problems: Callable[..., list[str]], tmp_path: Path, cell: str, shown: str | None) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"file,label,weight\na.png,cat,2\nb.png,dog,{cell}\n", encoding="utf-8")
    [problem] = problems(training_data=str(path))
    if shown:
        assert problem == f"training_data[1].weight: must be a number of 0 or more, but got {shown}"


@pytest.mark.parametrize("label", [None, True, [1], {"a": 1}, float("nan"), float("-inf")])
def test_a_label_in_a_table_of_json(problems: Callable[..., list[str]], tmp_path: Path, label: Any) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps([*rows("a", "b"), {"file": "c.png", "label": label}]), encoding="utf-8")
    [problem] = problems(training_data=str(path))
    assert problem == f"training_data[2].label: must be a string or a finite number, but got {label!r}"


@pytest.mark.parametrize("key", ["label", "weight"])
def test_a_number_in_a_table_that_no_float_holds(problems: Callable[..., list[str]], tmp_path: Path, key: str) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps([*rows(1, 2), {"file": "c.png", "label": 3} | {key: 10**400}]), encoding="utf-8")
    [problem] = problems(training_data=str(path))
    assert problem.startswith(f"training_data[2].{key}: must be a ")


@pytest.mark.parametrize("row", [{"label": "x"}, {"file": None, "label": "x"}, {"file": 5, "label": "x"}])
def test_a_file_in_a_table_of_json(problems: Callable[..., list[str]], tmp_path: Path, row: dict[str, Any]) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps([*rows("a", "b"), row]), encoding="utf-8")
    [problem] = problems(training_data=str(path))
    assert problem == f"training_data[2].file: must be a path, but got {row.get('file')!r}"


def test_every_problem_of_a_table_is_reported(problems: Callable[..., list[str]], tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("file,label,weight\n,cat,2\nb.png,,1\nc.png,dog,-3\n../d.png,dog,1\n", encoding="utf-8")
    found = problems(training_data=str(path))
    assert sorted(problem.split(":")[0] for problem in found) == [
        "training_data[0].file",
        "training_data[1].label",
        "training_data[2].weight",
        "training_data[3].file",
    ]


def test_problems_of_both_sources_are_reported(problems: Callable[..., list[str]], tmp_path: Path) -> None:
    absent = str(tmp_path / "absent")
    found = problems(training_data=absent + "1", validation_data=absent + "2")
    assert [problem.split(":")[0] for problem in found] == ["training_data", "validation_data"]


# Files


def test_files_are_below_image_root(read: Read, tmp_path: Path) -> None:
    data = [{"file": "x/../a b.png", "label": "a"}, {"file": "./ü/b.png", "label": "b"}]
    examples = read(training_data=data, image_root=str(tmp_path))
    assert examples.files == [str(tmp_path / "a b.png"), str(tmp_path / "ü" / "b.png")]


OUTSIDE = ["../b.png", "x/../../b.png", "..", "x/../.."]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("root", [None, "pictures"])
def test_a_file_outside_is_refused_with_a_way_out(
    problems: Callable[..., list[str]], name: str, root: str | None
) -> None:
    data = [{"file": "a.png", "label": "a"}, {"file": name, "label": "b"}]
    [problem] = problems(training_data=data, image_root=root)
    assert problem.startswith("training_data[1].file: leads out of image_root ")
    assert name in problem
    assert problem.endswith("set image_root to a folder above it, or allow_absolute_paths to true")


def test_an_absolute_file_is_refused_with_a_way_out(problems: Callable[..., list[str]], tmp_path: Path) -> None:
    absolute = str(tmp_path / "b.png")
    data = [{"file": "a.png", "label": "a"}, {"file": absolute, "label": "b"}]
    [problem] = problems(training_data=data)
    assert problem.startswith(f"training_data[1].file: must be relative to image_root, but got {absolute}; ")
    assert problem.endswith("set image_root to a folder above it, or allow_absolute_paths to true")


@pytest.mark.parametrize("name", ["..a/b.png", "...", "a/..b.png"])
def test_dots_in_a_name_lead_nowhere(read: Read, name: str) -> None:
    read(training_data=[{"file": "a.png", "label": "a"}, {"file": name, "label": "b"}])


def test_files_outside_are_read_when_that_is_allowed(read: Read, tmp_path: Path) -> None:
    data = [{"file": "../b.png", "label": "a"}, {"file": str(tmp_path / "b.png"), "label": "b"}]
    examples = read(training_data=data, image_root=str(tmp_path / "pictures"), allow_absolute_paths=True)
    assert examples.files == [str(tmp_path / "b.png")] * 2


def test_the_files_of_a_table_are_beside_it(read: Read, csv: Callable[..., str], tmp_path: Path) -> None:
    examples = read(training_data=csv("cat", "dog"))
    assert examples.files == [str(tmp_path / "0.png"), str(tmp_path / "1.png")]


# Groups


def test_rows_of_a_group_and_rows_of_a_file_are_together(read: Read) -> None:
    data = [
        *[{"file": "a.png", "label": "x"}, {"file": "./x/../a.png", "label": "y"}],
        *[{"file": "b.png", "label": "x", "group": 1}, {"file": "c.png", "label": "y", "group": 1}],
        *[{"file": "d.png", "label": "x", "group": "a.png"}, {"file": "e.png", "label": "y"}],
    ]
    groups = read(training_data=data).groups
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert len(set(groups)) == 4


# Weights


def test_weights(read: Read) -> None:
    data = [{"file": "a.png", "label": "x", "weight": 3}, {"file": "b.png", "label": "y"}]
    assert read(training_data=data).weights == [3.0, 1.0]


def test_class_weights_multiply_the_weights_of_the_rows(read: Read) -> None:
    data = [*rows("a", "b", weight=3), *rows("a", "c")]
    examples = read(training_data=data, class_weights=[["a", 0.5], ["c", 4]])
    assert examples.weights == [1.5, 3.0, 0.5, 4.0]


def test_class_weights_name_classes_that_are_there(problems: Callable[..., list[str]]) -> None:
    found = problems(training_data=rows("a", "b"), class_weights=[["a", 2], ["bee", 2]])
    assert found == ["class_weights[1]: no row has the class 'bee'"]


def test_class_weights_name_numbers_as_they_are_shown(read: Read) -> None:
    examples = read(training_data=rows(7, 8), objective_type="categorical", class_weights=[["7", 3]])
    assert examples.weights == [3.0, 1.0]


@pytest.mark.parametrize("keys", [{"training_data": rows("a", "b", weight=0)}, {"class_weights": [["a", 0], ["b", 0]]}])
def test_a_weight_must_be_above_zero_somewhere(problems: Callable[..., list[str]], keys: dict[str, Any]) -> None:
    assert problems(**{"training_data": rows("a", "b")} | keys) == [
        "training_data: every weight is 0; at least one must be above"
    ]


# Validation data


def test_validation_data_comes_last(read: Read, csv: Callable[..., str], tmp_path: Path) -> None:
    examples = read(training_data=rows("cat", "dog", "cow"), validation_data=csv("dog", "cat"))
    assert examples.validation_rows == 2
    assert examples.labels == ["cat", "dog", "cow", "dog", "cat"]
    assert examples.files == ["0.png", "1.png", "2.png", str(tmp_path / "0.png"), str(tmp_path / "1.png")]
    assert read(training_data=rows("cat", "dog")).validation_rows == 0


def test_problems_of_validation_data_have_their_own_path(problems: Callable[..., list[str]]) -> None:
    [problem] = problems(validation_data=[{"file": "../a.png", "label": "cat"}])
    assert problem.startswith("validation_data[0].file: ")
