"""Boxes stay on their objects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid.data.augment.boxes import move_boxes
from pyramid.data.augment.draws import draw
from pyramid.data.augment.geometry import GEOMETRIC, maps, warp

SIDE = 96

ROWS = np.arange(60)


def moved(boxes, strengths, rows=ROWS, width=SIDE, height=SIDE):
    """``boxes`` [n, 4] in the pictures of all ``rows``: boxes [rows, n, 4], seen [rows, n], and the maps."""
    to_original = maps(draw(0, 0 * rows, rows), strengths, width, height)
    batch = np.repeat(np.array(boxes, np.float32)[np.newaxis], len(rows), 0)
    found, seen = move_boxes(batch, to_original, width, height)
    return found.numpy(), seen.numpy(), to_original


def extent(mask):
    """x1, y1, x2, y2 of what is lit in a picture [h, w]."""
    ys, xs = np.nonzero(mask > 127)
    return [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def ellipse(box):
    """A white ellipse that fills ``box``, uint8 [SIDE, SIDE, 3]."""
    x1, y1, x2, y2 = box
    y, x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    inside = ((x - (x1 + x2) / 2) / ((x2 - x1) / 2)) ** 2 + ((y - (y1 + y2) / 2) / ((y2 - y1) / 2)) ** 2 <= 1
    return np.repeat(255 * inside[..., np.newaxis], 3, -1).astype(np.uint8)


TURNED = {"rotation": 45, "shear": 25, "zoom": 0.2, "horizontal_flip": 1, "vertical_flip": 1}


def test_the_box_of_an_ellipse_fits_it_however_it_is_turned():
    box = [30, 40, 70, 54]
    found, seen, to_original = moved([box], TURNED)
    pictures = warp(np.repeat(ellipse(box)[np.newaxis], len(ROWS), 0), to_original).numpy()
    assert seen.all()
    for picture, (moved_box,) in zip(pictures, found, strict=True):
        np.testing.assert_allclose(moved_box, extent(picture[..., 0]), atol=1.5)


@given(
    middle=st.tuples(st.floats(40, 56), st.floats(40, 56)),
    size=st.tuples(st.floats(2, 20), st.floats(2, 20)),
    row=st.integers(0, 10_000),
)
def test_a_turned_box_holds_the_ellipse_and_lies_within_the_corners(middle, size, row):
    (x, y), (width, height) = middle, size
    box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    [[found]], _, to_original = moved([box], {"rotation": 180, "shear": 30}, np.array([row]))
    turn = np.linspace(0, 2 * np.pi, 100)
    around = np.stack([x + width / 2 * np.cos(turn), y + height / 2 * np.sin(turn)])
    corners = np.array([[box[0], box[2], box[2], box[0]], [box[1], box[1], box[3], box[3]]])

    def extent_of(points):
        there = np.linalg.inv(to_original[0]) @ np.vstack([points - SIDE / 2, np.ones(points.shape[1])])
        return np.concatenate([there[:2].min(axis=1), there[:2].max(axis=1)]) + SIDE / 2

    inner, outer = extent_of(around), extent_of(corners)
    assert (found[:2] <= inner[:2] + 0.01).all()
    assert (found[2:] >= inner[2:] - 0.01).all()
    assert (found[:2] >= outer[:2] - 0.01).all()
    assert (found[2:] <= outer[2:] + 0.01).all()


@pytest.mark.parametrize(
    "strengths", [{"zoom": 0.2}, {"width_shift": 0.2, "height_shift": 0.1}, {"horizontal_flip": 1}]
)
def test_without_a_turn_the_box_of_a_rectangle_fits_it(strengths):
    box = [40, 30, 60, 62]
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[30:62, 40:60] = 255
    found, seen, to_original = moved([box], strengths)
    pictures = warp(np.repeat(picture[np.newaxis], len(ROWS), 0), to_original).numpy()
    assert seen.all()
    for warped, (moved_box,) in zip(pictures, found, strict=True):
        np.testing.assert_allclose(moved_box, extent(warped[..., 0]), atol=1)


def test_nothing_moves_without_geometric_augmentations():
    boxes = [[1, 2, 3, 4], [0, 0, 50, 20]]
    found, seen, _ = moved(boxes, {}, width=50, height=20)
    np.testing.assert_allclose(found, np.repeat([boxes], len(ROWS), 0), atol=1e-5)
    assert seen.all()


def test_boxes_are_clipped_and_dropped_below_a_quarter_of_their_area():
    rows = np.arange(400)
    box = [0, 40, 40, 60]
    found, seen, to_original = moved([box], {"width_shift": 0.9}, rows)
    left = -to_original.numpy()[:, 0, 2]  # where the box begins
    share = np.clip(np.minimum(left + 40, SIDE) - np.maximum(left, 0), 0, 40) / 40
    clear = np.abs(share - 0.25) > 1e-3
    np.testing.assert_array_equal(seen[clear, 0], share[clear] > 0.25)
    assert 0.1 < seen.mean() < 0.9
    assert found.min() >= 0
    assert found.max() <= SIDE
    np.testing.assert_allclose((found[:, 0, 2] - found[:, 0, 0])[seen[:, 0]], 40 * share[seen[:, 0]], atol=1e-3)


def test_an_empty_box_is_dropped():
    _, seen, _ = moved([[5, 5, 5, 9], [5, 5, 5, 5]], {"rotation": 30})
    assert not seen.any()


@pytest.mark.parametrize("name", GEOMETRIC)
def test_every_geometric_augmentation_moves_boxes(name):
    found, _, _ = moved([[10, 20, 40, 50]], {name: 0.5 if "flip" not in name else 1})
    assert np.abs(found - [[10, 20, 40, 50]]).max() > 0.1
