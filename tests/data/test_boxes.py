"""Boxes as they were given -> those that can be learned, as targets."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pyramid.data.boxes import (
    NO_AREA,
    NOT_FINITE,
    OUTSIDE,
    REPEATED,
    TOO_MANY,
    Boxes,
    box_targets,
    learnable,
    rarest_classes,
)
from pyramid.data.image import read_image
from pyramid.errors import DataError

WIDTH, HEIGHT = 100, 50

NAN, INF = float("nan"), float("inf")


def learned(*rows: list[Any], strict: bool = False, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Boxes:
    """What remains of the boxes of pictures 0.png, 1.png, … of one size."""
    files = [f"{i}.png" for i in range(len(rows))]
    return learnable(rows, files, np.array([size] * len(rows), np.int32), strict)


# What is left out


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ((NAN, 0, 10, 10, "a"), NOT_FINITE),
        ((0, -INF, 10, 10, "a"), NOT_FINITE),
        ((0, 0, INF, 10, "a"), NOT_FINITE),
        ((0, 0, 10, NAN, "a"), NOT_FINITE),
        ((9, 0, 9, NAN, "a"), NOT_FINITE),  # the first reason of several counts
        ((5, 5, 5, 10, "a"), NO_AREA),
        ((5, 5, 10, 5, "a"), NO_AREA),
        ((10, 5, 5, 10, "a"), NO_AREA),
        ((300, 5, 290, 10, "a"), NO_AREA),  # outside too
        ((-10, 0, 9.9, 10, "a"), OUTSIDE),
        ((0, -10, 10, 9.9, "a"), OUTSIDE),
        ((95.1, 0, 105, 10, "a"), OUTSIDE),
        ((0, 45, 10, 55.1, "a"), OUTSIDE),
        ((1e308, 0, 1.7e308, 10, "a"), OUTSIDE),
    ],
)
def test_what_cannot_be_learned_is_left_out_with_the_reason(box: Any, reason: str) -> None:
    boxes = learned([box, (1, 2, 3, 4, "b")])
    assert boxes.rows == [[(1, 2, 3, 4, "b")]]
    assert boxes.left_out == {reason: 1}
    [told] = boxes.told
    assert (told["file"], told["reason"]) == ("0.png", reason)
    assert [str(value) for value in told["box"]] == [str(value) for value in box]
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        ((0, 0, WIDTH, HEIGHT, "a"), None),
        ((0.5, 0.25, 0.75, 0.5, "a"), None),
        ((-10, 0, 10, 10, "a"), (0, 0, 10, 10, "a")),  # the centre is on the border
        ((95, 0, 105, 10, "a"), (95, 0, 100, 10, "a")),
        ((0, -1, 10, 10, "a"), (0, 0, 10, 10, "a")),
        ((0, 40, 10, 50.5, "a"), (0, 40, 10, 50, "a")),
        ((-1e300, -1e300, 1e300, 1e300, "a"), (0, 0, 100, 50, "a")),
    ],
)
def test_what_reaches_out_is_clipped_and_counted(box: Any, clipped: Any) -> None:
    boxes = learned([box])
    assert boxes.rows == [[clipped or box]]
    assert boxes.clipped == (clipped is not None)
    assert not boxes.left_out
    assert not boxes.told


def test_a_box_is_learned_once_in_a_picture() -> None:
    box = (1, 2, 30, 40, "a")
    boxes = learned([box, (*box[:4], "b"), list(box), (1.0, 2.0, 30.0, 40.0, "a")], [box])
    assert boxes.rows == [[box, (*box[:4], "b")], [box]]
    assert boxes.left_out == {REPEATED: 2}


def test_what_is_wrong_and_there_twice_is_told_by_what_is_wrong() -> None:
    assert learned([(5, 5, 5, 9, "a")] * 2).left_out == {NO_AREA: 2}


def test_the_128_largest_boxes_of_a_picture_are_kept() -> None:
    few = [(0, 0, 1 + i / 10, 1, "a") for i in range(128)]
    many = [*few[::2], (0, 0, 50, 50, "large"), *few[1::2], (0, 0, 0.5, 0.5, "small")]
    boxes = learned(few, many)
    assert boxes.rows[0] == few  # 128 keep their order
    assert sorted(boxes.rows[1]) == sorted([*few[1:], (0, 0, 50, 50, "large")])
    assert boxes.left_out == {TOO_MANY: 2}
    assert [told["box"][4] for told in boxes.told] == ["a", "small"]
    assert {told["file"] for told in boxes.told} == {"1.png"}


def test_the_boxes_of_a_picture_that_cannot_be_read_are_no_boxes() -> None:
    boxes = learned([(1, 2, 3, 4, "a"), (NAN, 0, 1, 1, "a"), (9, 9, 9, 9, "a")], size=(0, 0))
    assert boxes == Boxes([[]])
    assert boxes.notes() == []


def test_each_picture_has_its_own_size() -> None:
    box = (0, 0, 60, 60, "a")
    boxes = learnable([[box], [box]], ["a.png", "b.png"], np.array([[20, 200], [200, 20]], np.int32), False)
    assert boxes.left_out == {OUTSIDE: 2}
    boxes = learnable([[box], [box]], ["a.png", "b.png"], np.array([[30, 200], [200, 30]], np.int32), False)
    assert boxes.rows == [[(0, 0, 30, 60, "a")], [(0, 0, 60, 30, "a")]]


# What is told


def test_the_notes_count_the_boxes_of_each_reason_the_most_frequent_first() -> None:
    outside = [(200 + i, 0, 210 + i, 10, "a") for i in range(1200)]
    boxes = learned([(-1, 0, 10, 10, "a"), (5, 5, 5, 5, "a")], outside)
    assert boxes.notes() == [
        "WARNING: 1,201 of 1,202 boxes were left out:",
        f"  1,200: {OUTSIDE}",
        f"  1: {NO_AREA}",
        "1 of 1,202 boxes were clipped to their picture",
    ]
    assert learned([(1, 2, 3, 4, "a")], []).notes() == []


def test_a_thousand_are_told_one_by_one() -> None:
    boxes = learned([(5, 5, 5, 5, "a")] * 600, [(6, 6, 6, 6, "b")] * 600)
    assert boxes.left_out == {NO_AREA: 1200}
    assert len(boxes.told) == 1000
    assert [told["file"] for told in boxes.told] == ["0.png"] * 600 + ["1.png"] * 400


def test_strict_boxes_makes_every_centre_that_is_outside_an_error() -> None:
    with pytest.raises(DataError) as error:
        learned([(1, 2, 3, 4, "a"), (200, 0, 210, 10, "a")], [], [(0, -30.5, 10, 10, "b")], strict=True)
    assert error.value.problems == [
        f"0.png: the centre of box [200, 0, 210, 10, 'a'] is outside the picture ({WIDTH}×{HEIGHT})",
        f"2.png: the centre of box [0, -30.5, 10, 10, 'b'] is outside the picture ({WIDTH}×{HEIGHT})",
        "strict_boxes is true: mend these boxes or set it to false",
    ]


def test_strict_boxes_is_about_the_centre_alone() -> None:
    box = (-1, 0, 10, 10, "a")
    boxes = learned([box, box, (5, 5, 5, 9, "a"), (NAN, 0, 1, 1, "a")], strict=True)
    assert boxes.left_out == {REPEATED: 1, NO_AREA: 1, NOT_FINITE: 1}
    assert boxes.clipped == 1


COORDINATES = st.floats(-30, 130) | st.integers(-10, 110) | st.sampled_from([NAN, INF, -INF, 1e308, 0.0, -0.0])
BOXES = st.tuples(*[COORDINATES] * 4, st.sampled_from("ab"))


@given(st.lists(BOXES, max_size=20))
@settings(deadline=None)
def test_every_box_is_learned_or_told_and_what_is_learned_lies_inside(row: list[Any]) -> None:
    boxes = learned(row)
    assert len(boxes.rows[0]) + len(boxes.told) == len(row)
    assert boxes.left_out.total() == len(boxes.told)
    for x1, y1, x2, y2, _ in boxes.rows[0]:
        assert 0 <= x1 < x2 <= WIDTH
        assert 0 <= y1 < y2 <= HEIGHT


# Targets


def test_targets_are_scaled_by_the_longer_side_and_filled_up_with_class_minus_1() -> None:
    rows = [[(10, 20, 30, 40, "cat"), (0, 0, 100, 50, "ant")], [(10, 20, 30, 40, "cat")], []]
    sizes = np.array([[100, 50], [20, 80], [0, 0]], np.int32)
    targets = box_targets(rows, ["ant", "cat"], sizes, 40)
    assert targets.dtype == np.float32
    empty = [0, 0, 0, 0, -1]
    np.testing.assert_allclose(
        targets, [[[4, 8, 12, 16, 1], [0, 0, 40, 20, 0]], [[5, 10, 15, 20, 1], empty], [empty, empty]]
    )


def test_without_any_box_there_is_room_for_one() -> None:
    targets = box_targets([[], []], [], np.full((2, 2), 9, np.int32), 32)
    assert targets.tolist() == [[[0, 0, 0, 0, -1]]] * 2


@pytest.mark.parametrize("size", [(100, 60), (60, 100), (64, 64), (20, 13)])
def test_targets_lie_where_a_picture_that_was_read_has_its_pixels(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    x1, y1, x2, y2 = width // 5, height // 4, width // 2, height - 2
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y1:y2, x1:x2] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    seen = read_image(str(tmp_path / "a.png"), 64, 64, "pad")[..., 0] > 160  # above the mean, which pads
    ys, xs = np.nonzero(seen)
    target = box_targets([[(x1, y1, x2, y2, "a")]], ["a"], np.array([size], np.int32), 64)[0, 0, :4]
    tolerance = max(1, 64 / max(size))  # an enlarged edge is a ramp as wide as a pixel was
    np.testing.assert_allclose(target, [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], atol=tolerance)


def test_the_rarest_class_of_a_picture_is_that_with_the_fewest_boxes_in_all() -> None:
    names = ["common", "rare", "medium"]
    pictures = [["common", "common"], ["common", "medium", "rare"], ["medium", "common"], [], ["rare"], ["medium"]]
    rows = [[(0.0, 0.0, 1.0 + i, 9.0, name) for i, name in enumerate(picture)] for picture in pictures]
    targets = box_targets(rows, names, np.full((6, 2), 10, np.int32), 10)
    rarest = rarest_classes(targets, 3)
    assert rarest.dtype == np.float32
    assert rarest.tolist() == [0, 1, 2, -1, 1, 2]


def test_boxes_are_counted_not_pictures() -> None:
    rows = [[(0.0, 0.0, 1.0, 1.0, "a")] * 5 + [(0.0, 0.0, 1.0, 1.0, "b")], [(0.0, 0.0, 1.0, 1.0, "b")]]
    targets = box_targets(rows, ["a", "b"], np.full((2, 2), 10, np.int32), 10)
    assert rarest_classes(targets, 2).tolist() == [1, 1]


def test_a_box_that_can_be_learned_has_an_area_in_the_targets() -> None:
    """Targets have fewer digits than what was given."""
    boxes = learned([(50, 10, math.nextafter(50, 99), 20, "a")])
    targets = box_targets(boxes.rows, ["a"], np.array([[WIDTH, HEIGHT]], np.int32), 416)
    shown = targets[targets[..., 4] >= 0]
    assert (shown[:, 2] > shown[:, 0]).all()
