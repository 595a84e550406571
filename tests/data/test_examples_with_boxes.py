"""Rows with boxes -> examples, and every problem in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pyramid.data.examples import Examples, read_examples
from pyramid.settings.train import TrainSettings

Settings = Callable[..., TrainSettings]
Read = Callable[..., Examples]
Problems = Callable[..., list[str]]
Table = Callable[..., str]

CAT = [1, 2, 30, 40, "cat"]
DOG = [5, 6, 7.5, 8, "dog"]


def rows(*boxes: Any, **same: Any) -> list[dict[str, Any]]:
    """A row with an own file for each of ``boxes``."""
    return [{"file": f"{i}.png", "boxes": of_row} | same for i, of_row in enumerate(boxes)]


@pytest.fixture
def problems(settings: Settings) -> Problems:
    return lambda **keys: read_examples(settings(**keys))[1]


@pytest.fixture
def read(settings: Settings) -> Read:
    """The examples of settings with the given keys; they have no problems."""

    def examples_of(**keys: Any) -> Examples:
        examples, found = read_examples(settings(**keys))
        assert found == []
        return examples

    return examples_of


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """A JSON file with the given rows; returns its path."""

    def write(*content: Any, name: str = "table.json") -> str:
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize("keys", [{}, {"objective_type": "bounding_box"}])
@pytest.mark.parametrize("in_table", [False, True], ids=["list", "table"])
def test_rows_with_boxes(read: Read, table: Table, tmp_path: Path, in_table: bool, keys: dict[str, str]) -> None:
    given = rows([CAT, DOG], [], [DOG])
    examples = read(training_data=table(*given) if in_table else given, image_root=str(tmp_path), **keys)
    assert (examples.objective, examples.loss) == ("bounding_box", "")
    assert [[tuple(box) for box in of_row] for of_row in examples.labels] == [
        [tuple(box) for box in row["boxes"]] for row in given
    ]
    assert examples.files == [str(tmp_path / f"{i}.png") for i in range(3)]
    assert examples.weights == [1.0] * 3
    assert (examples.validation_rows, examples.notes) == (0, [])


def test_weights_groups_and_validation_rows(read: Read) -> None:
    training = rows([CAT], [], weight=2.5, group="g")
    examples = read(training_data=training, validation_data=[{"file": "v.png", "boxes": []}])
    assert examples.weights == [2.5, 2.5, 1.0]
    assert examples.groups == ["group g", "group g", "file v.png"]
    assert examples.labels[2] == []
    assert examples.validation_rows == 1


def test_a_number_of_a_class_is_its_name_in_a_table_too(read: Read, table: Table) -> None:
    given = rows([[1, 2, 3, 4, 7]], [[1, 2, 3, 4, "7"]])
    for data in (given, table(*given)):
        examples = read(training_data=data)
        assert [[box[4] for box in of_row] for of_row in examples.labels] == [["7"], ["7"]]


# Rows of two kinds


@pytest.mark.parametrize("key", ["training_data", "validation_data"])
def test_rows_with_labels_among_rows_with_boxes(problems: Problems, key: str) -> None:
    mixed = [*rows([CAT], []), {"file": "c.png", "label": "cat"}, {"file": "d.png", "label": 5}]
    assert problems(**{"training_data": rows([CAT]), key: mixed}) == [
        f"{key}[{i}]: has no boxes, but other rows do; a picture without objects has an empty list" for i in (2, 3)
    ]


def test_validation_rows_of_another_kind(problems: Problems) -> None:
    labels = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": "dog"}]
    [problem] = problems(training_data=rows([CAT]), validation_data=labels[:1])
    assert problem.startswith("validation_data[0]: has no boxes, but other rows do")
    found = problems(training_data=labels, validation_data=rows([CAT]))
    assert [problem.split(":")[0] for problem in found] == ["training_data[0]", "training_data[1]"]


def test_a_row_of_a_table_without_boxes(problems: Problems, table: Table) -> None:
    data = table(*rows([CAT]), {"file": "b.png"}, {"file": "c.png", "boxes": None}, *rows([]))
    found = problems(training_data=data)
    assert [problem.split(":")[0] for problem in found] == ["training_data[1]", "training_data[2]"]


def test_a_row_of_a_table_with_both(problems: Problems, table: Table) -> None:
    """As in a list of the configuration."""
    [problem] = problems(training_data=table(*rows([CAT]), {"file": "b.png", "label": "cat", "boxes": [DOG]}))
    assert problem.startswith("training_data[1]: must have either label or boxes")


# The objective


@pytest.mark.parametrize("objective", ["categorical", "numeric"])
def test_boxes_are_no_labels(problems: Problems, objective: str) -> None:
    assert problems(training_data=rows([CAT], []), objective_type=objective) == [
        f"objective_type: is {objective}, but the rows have boxes; leave it out"
    ]


@pytest.mark.parametrize("labels", [["cat", "dog"], [1, 2.5]])
def test_labels_are_no_boxes(problems: Problems, labels: list[Any]) -> None:
    data = [{"file": f"{i}.png", "label": label} for i, label in enumerate(labels)]
    assert problems(training_data=data, objective_type="bounding_box") == [
        "objective_type: is bounding_box, but the rows have labels; leave it out"
    ]


# Nothing to learn


@pytest.mark.parametrize("validation", [{}, {"validation_data": [{"file": "v.png", "boxes": [CAT]}]}])
def test_without_any_box_there_is_nothing_to_learn(problems: Problems, validation: dict[str, Any]) -> None:
    assert problems(training_data=rows([], []), **validation) == [
        "training_data: nothing to learn, no picture has a box"
    ]


def test_one_box_of_one_class_can_be_learned(read: Read) -> None:
    assert read(training_data=rows([CAT])).labels == [[tuple(CAT)]]


def test_every_weight_is_0(problems: Problems) -> None:
    assert problems(training_data=rows([CAT], [], weight=0)) == [
        "training_data: every weight is 0; at least one must be above"
    ]


# Bad values in a table


@pytest.mark.parametrize(
    ("boxes", "place", "rule"),
    [
        ([[1, 2, 3, 4, None]], "[0][4]", "must be a valid string, but got null"),
        ([[1, 2, 3, 4]], "[0][4]", "is required"),
        ([CAT, DOG, [1, "2", 3, 4, "a"]], "[2][1]", 'must be a valid number, but got "2"'),
        ([[1, 2, 3, 4, "a", 5]], "[0]", 'must have at most 5 items, but got [1, 2, 3, 4, "a", 5]'),
        ([CAT, {"x": 1}], "[1]", 'must be a list, but got {"x": 1}'),
        ("cat", "", 'must be a list, but got "cat"'),
        ({}, "", "must be a list, but got {}"),
        (5, "", "must be a list, but got 5"),
    ],
)
@pytest.mark.parametrize("key", ["training_data", "validation_data"])
def test_bad_boxes_in_a_table_are_told_with_their_place(
    problems: Problems, table: Table, key: str, boxes: Any, place: str, rule: str
) -> None:
    data = table(*rows([CAT], [], [DOG]), {"file": "d.png", "boxes": boxes})
    assert problems(**{"training_data": rows([CAT]), key: data}) == [f"{key}[3].boxes{place}: {rule}"]


def test_all_bad_boxes_are_told_at_once(problems: Problems, table: Table) -> None:
    found = problems(training_data=table(*rows([[1, 2, 3]], [CAT], 5, [["a", None, 3, 4, "a"]])))
    places = ["[0].boxes[0][3]", "[0].boxes[0][4]", "[2].boxes", "[3].boxes[0][0]", "[3].boxes[0][1]"]
    assert [problem.split(":")[0] for problem in found] == [f"training_data{place}" for place in places]


def test_coordinates_that_are_not_finite_are_left_out_later(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"file": "a.png", "boxes": [[NaN, -Infinity, 3, 4, "a"]]}]', encoding="utf-8")
    [[box]] = read(training_data=str(path)).labels
    assert str(list(box)) == "[nan, -inf, 3.0, 4.0, 'a']"


# Data sets that name their own validation rows


@pytest.fixture
def yolo(tmp_path: Path) -> Path:
    """The data.yaml of a data set of three pictures to train and two to validate on, each of 100 × 50 pixels."""
    for part, texts in (("train", ["0 0.5 0.5 0.2 0.4", "", "1 0.1 0.5 0.2 1"]), ("val", ["1 0.5 0.5 1 1", ""])):
        for kind in ("images", "labels"):
            (tmp_path / kind / part).mkdir(parents=True)
        for i, text in enumerate(texts):
            Image.new("RGB", (100, 50)).save(tmp_path / "images" / part / f"{i}.png")
            (tmp_path / "labels" / part / f"{i}.txt").write_text(text)
    path = tmp_path / "data.yaml"
    path.write_text("names: [cat, dog]\ntrain: images/train\nval: images/val\n")
    return path


def test_the_validation_rows_of_a_data_set_follow_its_training_rows(read: Read, yolo: Path) -> None:
    examples = read(training_data=str(yolo))
    names = ["train/0.png", "train/1.png", "train/2.png", "val/0.png", "val/1.png"]
    assert examples.files == [str(yolo.parent / "images" / name) for name in names]
    boxes = [[40, 15, 60, 35, "cat"]], [], [[0, 0, 20, 50, "dog"]], [[0, 0, 100, 50, "dog"]], []
    for found, expected in zip(examples.labels, boxes, strict=True):
        assert [box[4] for box in found] == [box[4] for box in expected]
        assert [list(box[:4]) for box in found] == [pytest.approx(box[:4]) for box in expected]
    assert examples.validation_rows == 2
    assert examples.objective == "bounding_box"


def test_validation_data_replaces_those_of_the_data_set(read: Read, yolo: Path) -> None:
    examples = read(training_data=str(yolo), validation_data=[{"file": "v.png", "boxes": []}], image_root=None)
    assert len(examples.files) == 4
    assert examples.validation_rows == 1
    assert examples.files[-1] == "v.png"


def test_a_problem_of_the_data_sets_validation_rows_has_their_name(problems: Problems, yolo: Path) -> None:
    (yolo.parent / "labels" / "val" / "0.txt").write_text("9 0.5 0.5 1 1")
    [problem] = problems(training_data=str(yolo))
    assert problem.startswith("validation_data: ")
    assert "0.txt" in problem


def test_a_data_set_of_which_only_the_validation_rows_have_boxes(problems: Problems, yolo: Path) -> None:
    for path in (yolo.parent / "labels" / "train").iterdir():
        path.write_text("")
    assert problems(training_data=str(yolo)) == ["training_data: nothing to learn, no picture has a box"]


# Names that no file could hold, and keys that are there twice


@pytest.mark.parametrize("row", [{"boxes": [[0, 0, 1, 1, "\ud800"]]}, {"label": "caf\udce9"}])
def test_a_class_that_cannot_be_written_is_refused(problems: Problems, row: dict[str, Any]) -> None:
    other = {"boxes": []} if "boxes" in row else {"label": "tea"}
    [problem] = problems(training_data=[{"file": "a.png"} | row, {"file": "b.png"} | other])
    assert problem.startswith("training_data: the class '")
    assert "no text that can be written; rename it" in problem


def test_a_key_that_is_there_twice_in_a_table_is_refused(problems: Problems, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"file": "a.png", "boxes": [[0, 0, 1, 1, "a"]], "boxes": []}]')
    [problem] = problems(training_data=str(path))
    assert 'the key "boxes" is there twice' in problem
