"""COCO's JSON -> rows with boxes."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyramid.data.sources import Source, read_source

Write = Callable[..., Path]

CATEGORIES = [{"id": 7, "name": "cat"}, {"id": 1, "name": "dog"}]
IMAGES = [{"id": 10, "file_name": "a.png"}, {"id": 3, "file_name": "b.png"}]


def annotation(**keys: Any) -> dict[str, Any]:
    return {"id": 1, "image_id": 10, "category_id": 7, "bbox": [2, 3, 10, 20]} | keys


def document(*annotations: Any, **keys: Any) -> dict[str, Any]:
    return {"images": IMAGES, "annotations": list(annotations), "categories": CATEGORIES} | keys


@pytest.fixture
def read(write: Write) -> Callable[..., Source]:
    """Write a document as coco.json, and read it."""

    def write_and_read(content: dict[str, Any], image_root: str | None = None) -> Source:
        return read_source("training_data", str(write("coco.json", json.dumps(content))), image_root)

    return write_and_read


Read = Callable[..., Source]


def test_boxes_become_corners(read: Read, tmp_path: Path) -> None:
    boxes = [annotation(), annotation(category_id=1, bbox=[0.5, 0, 1.25, 2])]
    source = read(document(*boxes))
    assert (source.problems, source.notes, source.text, source.validation) == ([], [], False, None)
    assert source.root == tmp_path
    assert source.rows == [
        {"file": "a.png", "boxes": [[2, 3, 12, 23, "cat"], [0.5, 0, 1.75, 2, "dog"]]},
        {"file": "b.png", "boxes": []},
    ]


@pytest.mark.parametrize("layout", [{"indent": 1}, {"indent": 0}, {}])
def test_any_layout_of_the_json(write: Write, layout: dict[str, Any]) -> None:
    """With lines that begin with a brace it is still no JSON Lines."""
    path = write("coco.json", "\ufeff" + json.dumps(document(annotation()), **layout))
    source = read_source("training_data", str(path), None)
    assert source.problems == []
    assert [len(row["boxes"]) for row in source.rows] == [1, 0]


@pytest.mark.parametrize(
    ("file", "picture", "root"),
    [
        ("coco.json", "a.png", "."),
        ("coco.json", "images/a.png", "images"),
        ("train.json", "train/a.png", "train"),
        ("annotations/instances_train2017.json", "train2017/a.png", "train2017"),
        ("annotations/instances_train2017.json", "annotations/a.png", "annotations"),
        ("annotations/train.json", "train/a.png", "train"),
        ("coco.json", "elsewhere/a.png", "."),
    ],
)
def test_where_the_pictures_are(write: Write, tmp_path: Path, file: str, picture: str, root: str) -> None:
    write(picture, (4, 4))
    source = read_source("training_data", str(write(file, json.dumps(document()))), None)
    assert source.problems == []
    assert source.root == tmp_path / root


def test_image_root_wins(read: Read, write: Write, tmp_path: Path) -> None:
    write("images/a.png", (4, 4))
    assert read(document(), str(tmp_path / "elsewhere")).root == tmp_path / "elsewhere"


def test_crowds_are_left_out_with_a_note(read: Read) -> None:
    source = read(document(annotation(iscrowd=1), annotation(iscrowd=0), annotation(iscrowd=1)))
    assert source.problems == []
    assert source.notes == ["2 crowd annotations were left out"]
    assert [len(row["boxes"]) for row in source.rows] == [1, 0]


def test_degenerate_boxes_are_passed_on(read: Read) -> None:
    boxes = [[5, 5, 0, -2], [math.nan, 0, 1, 1], [0, 0, math.inf, 1]]
    source = read(document(*(annotation(bbox=box) for box in boxes)))
    assert source.problems == []
    flat, nan, infinite = source.rows[0]["boxes"]
    assert flat == [5, 5, 5, 3, "cat"]
    assert math.isnan(nan[0])
    assert infinite[2] == math.inf


def test_texts_as_ids_and_integers_as_names(read: Read) -> None:
    source = read(
        document(
            annotation(image_id="x", category_id="c"),
            images=[{"id": "x", "file_name": "a.png"}],
            categories=[{"id": "c", "name": 5}],
        )
    )
    assert source.problems == []
    assert source.rows == [{"file": "a.png", "boxes": [[2, 3, 12, 23, "5"]]}]


def test_a_category_and_an_image_without_annotations_may_have_the_same_id(read: Read) -> None:
    assert read(document(images=[{"id": 7, "file_name": "a.png"}])).problems == []


# What is wrong


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            document(annotation(), annotation(image_id=99)),
            "annotations[1].image_id: must be the id of an image, but got 99",
        ),
        (document(annotation(image_id=[1])), "annotations[0].image_id: must be the id of an image, but got [1]"),
        (document(annotation(image_id=True)), "annotations[0].image_id: must be the id of an image, but got True"),
        (document(annotation(category_id=2)), "annotations[0].category_id: must be the id of a category, but got 2"),
        (document({"image_id": 10, "bbox": [1] * 4}), "annotations[0].category_id: must be the id of a category, but "),
        (document(annotation(bbox=[1, 2, 3])), "annotations[0].bbox: must be 4 numbers [x, y, width, height], but got"),
        (document(annotation(bbox=[1, 2, 3, "4"])), "annotations[0].bbox: must be 4 numbers"),
        (document(annotation(bbox=[1, 2, 3, True])), "annotations[0].bbox: must be 4 numbers"),
        (document(annotation(bbox=[1, 2, 3, 10**400])), "annotations[0].bbox: must be 4 numbers"),
        (document(annotation(bbox=[1, 2, 3, [4]])), "annotations[0].bbox: must be 4 numbers"),
        (document(annotation(bbox="1234")), "annotations[0].bbox: must be 4 numbers"),
        (
            document({"image_id": 10, "category_id": 7}),
            "annotations[0].bbox: must be 4 numbers [x, y, width, height], but is missing",
        ),
        (document(5), "annotations[0]: must be an object, but got 5"),
        ({"images": IMAGES, "annotations": []}, "categories: must be a list of objects, but is missing"),
        (document(annotations={}), "annotations: must be a list of objects, but got {}"),
        (document(images=[{"id": 1}]), "images[0].file_name: must be a name, but is missing"),
        (document(images=[{"id": 1, "file_name": ""}]), "images[0].file_name: must be a name, but got ''"),
        (document(images=[{"file_name": "a.png"}]), "images[0].id: must be a number or a text, but is missing"),
        (document(images=[{"id": {}, "file_name": "a.png"}]), "images[0].id: must be a number or a text, but got {}"),
        (
            document(images=[{"id": True, "file_name": "a.png"}]),
            "images[0].id: must be a number or a text, but got True",
        ),
        (document(images=[IMAGES[0], IMAGES[0]]), "images[1].id: must be of one entry of images alone, but got 10"),
        (document(images=[]), "images: must not be empty"),
        (document(categories=[{"id": 1}]), "categories[0].name: must be a name, but is missing"),
        (document(categories=[{"id": 1, "name": None}]), "categories[0].name: must be a name, but got None"),
        (
            document(categories=[*CATEGORIES, {"id": 1, "name": "bird"}]),
            "categories[2].id: must be of one entry of categories alone, but got 1",
        ),
        (
            document(categories=[*CATEGORIES, {"id": 2, "name": "cat"}]),
            "categories: must have different names, but two are 'cat'",
        ),
    ],
)
def test_a_problem_has_its_place_and_value(read: Read, tmp_path: Path, content: dict[str, Any], problem: str) -> None:
    [told] = read(content).problems
    assert told.startswith(f"training_data: {tmp_path / 'coco.json'}: {problem}")
    assert "\n" not in told


def test_all_problems_are_told(read: Read) -> None:
    wrong = annotation(image_id=5, category_id=5, bbox=None)
    problems = read(document(wrong, annotation(bbox=[]), images=[*IMAGES, {}], categories=[{"id": 7}])).problems
    places = [problem.split(": ")[2] for problem in problems]
    assert places == [
        *["images[2].file_name", "images[2].id", "categories[0].name"],
        *["annotations[0].image_id", "annotations[0].category_id", "annotations[0].bbox", "annotations[1].bbox"],
    ]


def test_broken_json_is_told_with_its_line(write: Write) -> None:
    path = write("coco.json", '{"images": [\n{"id": 1 "file_name": "a.png"}], "annotations": []}')
    [problem] = read_source("training_data", str(path), None).problems
    assert problem.startswith(f"training_data: cannot read {path}: ")
    assert "line 2" in problem


def test_images_without_annotations_are_no_data_set(read: Read) -> None:
    [problem] = read({"images": IMAGES}).problems
    assert "COCO's object {images, annotations}" in problem


def test_the_folder_that_holds_most_pictures_is_theirs(read: Read, write: Write, tmp_path: Path) -> None:
    """The first one is missing."""
    write("images/b.png", b"")
    assert read(document()).root == tmp_path / "images"
