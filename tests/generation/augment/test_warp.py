"""Pictures follow maps of the plane, to the pixel where there is nothing to interpolate."""

import cv2
import numpy as np
import pytest

from pyramid.generation.augment.warp import moved, scaled, warp

PICTURE = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
QUARTER = np.array([[0, -1, 4], [1, 0, 0], [0, 0, 1]], np.float64)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_window_larger_than_the_picture_shows_nothing_around_it(kind):
    found = warp(PICTURE.astype(kind), np.eye(3), (-2, -1, 9, 7))
    assert found.dtype == kind
    np.testing.assert_array_equal(found, np.pad(PICTURE, ((1, 2), (2, 1), (0, 0))))


def test_a_border_can_be_repeated():
    found = warp(PICTURE, moved(2, 1), (0, 0, 6, 4), cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(found, np.pad(PICTURE, ((1, 0), (2, 0), (0, 0)), "edge")[:4, :6])


def test_a_quarter_turn_is_clockwise():
    np.testing.assert_array_equal(warp(PICTURE, QUARTER, (0, 0, 4, 6)), np.rot90(PICTURE, -1))


def test_twice_as_large_keeps_the_mean_of_each_pixel():
    flat = np.full((4, 6, 3), 200, np.uint8)
    np.testing.assert_array_equal(warp(flat, scaled(2, 2), (1, 1, 10, 6)), np.full((6, 10, 3), 200))


def test_a_map_in_perspective_moves_one_corner():
    """The corner (60, 40) goes to (45, 30), the three others stay."""
    corners = np.array([(0, 0), (60, 0), (0, 40), (60, 40)], np.float32)
    forward = cv2.getPerspectiveTransform(corners, np.concatenate([corners[:3], [(45, 30)]]).astype(np.float32))
    found = warp(np.full((40, 60, 3), 255, np.uint8), forward, (0, 0, 60, 40))[..., 0]
    assert found[2, 2] == found[2, 56] == found[36, 2] == found[28, 42] == 255
    assert found[32, 48] == found[39, 59] == 0
