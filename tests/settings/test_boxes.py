"""Boxes and anchors in a configuration."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from pyramid.settings.train import TrainSettings

Problems = Callable[..., list[str]]
Valid = Callable[..., TrainSettings]

BOX = [1, 2, 3, 4, "cat"]

GOOD = {"file": "a.png", "boxes": [BOX]}


# Rows


@pytest.mark.parametrize(
    ("box", "read"),
    [
        (BOX, (1.0, 2.0, 3.0, 4.0, "cat")),
        (tuple(BOX), (1.0, 2.0, 3.0, 4.0, "cat")),
        ([-1.5, 2.25, 1e9, 4, "Ü 1"], (-1.5, 2.25, 1e9, 4.0, "Ü 1")),
        ([1, 2, 3, 4, 7], (1.0, 2.0, 3.0, 4.0, "7")),  # a number of a class is its name
        ([1, 2, 3, 4, "007"], (1.0, 2.0, 3.0, 4.0, "007")),
        ([3, 4, 1, 2, "no area"], (3.0, 4.0, 1.0, 2.0, "no area")),  # left out later
        ([1, -math.inf, math.inf, 4, "x"], (1.0, -math.inf, math.inf, 4.0, "x")),
    ],
)
def test_a_box(valid: Valid, box: Any, read: tuple[Any, ...]) -> None:
    [row] = valid(training_data=[{"file": "a.png", "boxes": [box]}]).training_data
    assert row.boxes == [read]
    assert [type(value) for value in row.boxes[0]] == [float] * 4 + [str]
    assert row.label is None


def test_a_coordinate_that_is_no_number_is_left_out_later(valid: Valid) -> None:
    [row] = valid(training_data=[{"file": "a.png", "boxes": [[math.nan, 0, 1, 1, "a"]]}]).training_data
    assert math.isnan(row.boxes[0][0])


@pytest.mark.parametrize(
    "row", [{"boxes": []}, {"boxes": [], "label": None}, {"boxes": [BOX], "weight": 2, "group": 1}]
)
def test_a_row_with_boxes(valid: Valid, row: dict[str, Any]) -> None:
    [read] = valid(training_data=[{"file": "a.png"} | row]).training_data
    assert len(read.boxes) == len(row["boxes"])


@pytest.mark.parametrize("key", ["training_data", "validation_data"])
@pytest.mark.parametrize(
    ("boxes", "place", "rule"),
    [
        ([BOX, ["1", 2, 3, 4, "a"]], "[1][0]", 'must be a valid number, but got "1"'),
        ([[1, True, 3, 4, "a"]], "[0][1]", "must be a valid number, but got true"),
        ([[1, 2, None, 4, "a"]], "[0][2]", "must be a valid number, but got null"),
        ([[1, 2, 3, [4], "a"]], "[0][3]", "must be a valid number, but got [4]"),
        ([BOX, BOX, [1, 2, 3, 4, None]], "[2][4]", "must be a valid string, but got null"),
        ([[1, 2, 3, 4, True]], "[0][4]", "must be a valid string, but got true"),
        ([[1, 2, 3, 4, 5.0]], "[0][4]", "must be a valid string, but got 5.0"),
        ([[1, 2, 3, 4]], "[0][4]", "is required"),
        ([[*BOX, 6]], "[0]", 'must have at most 5 items, but got [1, 2, 3, 4, "cat", 6]'),
        ([BOX, 5], "[1]", "must be a list, but got 5"),
        (["1 2 3 4 cat"], "[0]", 'must be a list, but got "1 2 3 4 cat"'),
        ([None], "[0]", "must be a list, but got null"),
        (BOX, "[0]", "must be a list, but got 1"),  # a box where a list of boxes belongs
        ("cat", "", 'must be a list, but got "cat"'),
        ({}, "", "must be a list, but got {}"),
    ],
)
def test_what_is_no_box(problems: Problems, key: str, boxes: Any, place: str, rule: str) -> None:
    found = problems(**{"training_data": [GOOD], key: [GOOD, {"file": "b.png", "boxes": boxes}]})
    assert found[0] == f"{key}[1].boxes{place}: {rule}"
    assert len(found) == (len(BOX) if boxes is BOX else 1)


def test_every_problem_of_a_box_is_told(problems: Problems) -> None:
    found = problems(training_data=[{"file": "a.png", "boxes": [["1", 2, None, 4, "a"], [1, 2, 3]]}])
    places = [problem.split(":")[0] for problem in found]
    assert places == [f"training_data[0].boxes{place}" for place in ("[0][0]", "[0][2]", "[1][3]", "[1][4]")]


@pytest.mark.parametrize(
    "row",
    [
        {"file": "a.png"},
        {"file": "a.png", "boxes": None},
        {"file": "a.png", "label": None, "boxes": None},
        {"file": "a.png", "label": "cat", "boxes": []},
        {"file": "a.png", "label": 0, "boxes": [BOX]},
    ],
)
def test_a_row_has_either_a_label_or_boxes(problems: Problems, row: dict[str, Any]) -> None:
    [problem] = problems(training_data=[GOOD, row])
    assert problem.startswith('training_data[1]: must have either label or boxes, but got {"file": "a.png"')


def test_a_row_that_is_none_names_both_forms(problems: Problems) -> None:
    assert problems(training_data=[GOOD, 5]) == [
        "training_data[1]: must be an object {file, label} or {file, boxes}, but got 5"
    ]


def test_a_key_that_is_nearly_boxes(problems: Problems) -> None:
    [problem] = problems(training_data=[{"file": "a.png", "label": "cat", "box": []}])
    assert problem == 'training_data[0].box: unknown key; did you mean "boxes"?'


# Anchors and strictness


@pytest.mark.parametrize(
    ("anchors", "read"),
    [
        ([[10, 20.5], [1.1, 8192]], [(10.0, 20.5), (1.1, 8192.0)]),
        ([(1, 2)] * 64, [(1.0, 2.0)] * 64),
        (None, None),
    ],
)
def test_anchors(valid: Valid, anchors: Any, read: Any) -> None:
    assert valid(bounding_box_anchors=anchors).bounding_box_anchors == read


@pytest.mark.parametrize(
    ("anchors", "place", "rule"),
    [
        ([], "", "must have 2 or more items, but got []"),
        ([[1, 2]], "", "must have 2 or more items, but got [[1, 2]]"),
        ([[1, 2]] * 65, "", "must have at most 64 items, but got [[1, 2], "),
        ([[1, 2], [3]], "[1][1]", "is required"),
        ([[1, 2], [3, 4, 5]], "[1]", "must have at most 2 items, but got [3, 4, 5]"),
        ([[1, 2], 5], "[1]", "must be a list, but got 5"),
        ([1, 2], "[0]", "must be a list, but got 1"),
        ([[1, 2], [0, 4]], "[1][0]", "must be greater than or equal to 1, but got 0"),
        ([[1, -0.5], [3, 4]], "[0][1]", "must be greater than or equal to 1, but got -0.5"),
        ([[8192.5, 2], [3, 4]], "[0][0]", "must be less than or equal to 8192, but got 8192.5"),
        ([["1", 2], [3, 4]], "[0][0]", 'must be a valid number, but got "1"'),
        ([[True, 2], [3, 4]], "[0][0]", "must be a valid number, but got true"),
        ([[math.nan, 2], [3, 4]], "[0][0]", "must be a finite number, but got NaN"),
        ([[math.inf, 2], [3, 4]], "[0][0]", "must be "),
        ("kmeans", "", 'must be a list, but got "kmeans"'),
    ],
)
def test_what_is_no_list_of_anchors(problems: Problems, anchors: Any, place: str, rule: str) -> None:
    problem, *others = problems(bounding_box_anchors=anchors)
    assert problem.startswith(f"bounding_box_anchors{place}: {rule}")
    assert len(others) == (1 if anchors == [1, 2] else 0)


@pytest.mark.parametrize("value", ["yes", 1, None, []])
def test_strict_boxes_is_true_or_false(problems: Problems, valid: Valid, value: Any) -> None:
    [problem] = problems(strict_boxes=value)
    assert problem.startswith("strict_boxes: must be a valid boolean, but got ")
    assert [valid(strict_boxes=flag).strict_boxes for flag in (True, False)] == [True, False]
    assert not valid().strict_boxes


def test_the_other_settings_hold_although_a_box_is_wrong(problems: Problems) -> None:
    found = problems(training_data=[{"file": "a.png", "boxes": [5]}, GOOD], patience=0, strict_boxes="no")
    assert {problem.split(":")[0] for problem in found} == {"training_data[0].boxes[0]", "patience", "strict_boxes"}
