"""The map of one object: that of training, which tests/contracts/test_augmentations.py compares, and ``deform``."""

import cv2
import numpy as np
import pytest

from pyramid.data.augment.draws import WIDTH, columns, draw
from pyramid.generation.augment.geometry import back_map

WIDE, HIGH = 60, 40
#: In pixels from the centre: upper left, upper right, lower left, lower right, as ``deform`` counts.
CORNERS = np.array([(x, y) for y in (-HIGH / 2, HIGH / 2) for x in (-WIDE / 2, WIDE / 2)])
ROWS = np.arange(400)


def drawn(**numbers):
    """Draws of one picture: everything 0.5 but what is given by the name of its augmentation."""
    row = np.full(WIDTH, 0.5, np.float32)
    for name, values in numbers.items():
        row[columns(name)] = values
    return row


def deformed(corner, x, y, n=1.0):
    """The map that moves ``corner`` by shares ``x`` and ``y`` of the sides."""
    values = [0.25, (corner + 0.5) / 4, (x / n + 1) / 2, (y / n + 1) / 2]
    return back_map(drawn(deform=values), {"deform": n}, WIDE, HIGH)


def applied(matrix, points):
    there = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return there[:, :2] / there[:, 2:]


def moved(corner, x, y):
    """Where the corners are after one has moved outwards by shares of the sides."""
    corners = CORNERS.copy()
    corners[corner] += np.sign(corners[corner]) * [WIDE * x, HIGH * y]
    return corners


@pytest.mark.parametrize("corner", range(4))
@pytest.mark.parametrize(("x", "y"), [(0.2, 0.1), (-0.3, 0.15), (0.25, -0.2), (-0.2, -0.3), (-0.7, 0.9), (-0.89, 0)])
def test_deform_moves_one_corner_and_keeps_the_others(corner, x, y):
    np.testing.assert_allclose(applied(deformed(corner, x, y), moved(corner, x, y)), CORNERS, atol=1e-4)


def test_deform_is_the_perspective_map_of_the_corners():
    expected = cv2.getPerspectiveTransform(moved(1, 0.2, -0.3).astype(np.float32), CORNERS.astype(np.float32))
    found = deformed(1, 0.2, -0.3)
    np.testing.assert_allclose(found, expected / expected[2, 2], atol=1e-5)


@pytest.mark.parametrize(("x", "y"), [(-0.6, -0.6), (-1, -0.2), (-0.99, 0), (-0.9, -0.9)])
def test_a_corner_stops_before_the_diagonal_of_its_neighbours(x, y):
    x, y = max(x, -0.9), max(y, -0.9)
    shorter = 0.9 / -(x + y)
    found = applied(deformed(0, x, y), moved(0, shorter * x, shorter * y))
    np.testing.assert_allclose(found, CORNERS, atol=1e-3)


def test_a_corner_stops_before_the_side_that_it_does_not_lie_on():
    """Beyond it the picture would turn over, too."""
    np.testing.assert_allclose(applied(deformed(2, -1, 0.8), moved(2, -0.9, 0.8)), CORNERS, atol=1e-3)


def test_no_deformed_picture_turns_over():
    rows = draw(1, np.zeros_like(ROWS), ROWS)
    rows[:8, columns("deform")] = [(0, 0.9, x, y) for x in (0, 0.05, 0.5, 0.99999) for y in (0, 0.99999)]
    inside = applied(np.diag([0.999, 0.999, 1]), np.concatenate([CORNERS, 0 * CORNERS[:1], CORNERS / 2]))
    for row in rows:
        forward = np.linalg.inv(back_map(row, {"deform": 1}, WIDE, HIGH))
        w = np.column_stack([inside, np.ones(len(inside))]) @ forward[2]
        assert (w > 0).all() or (w < 0).all()
        assert np.sign(np.linalg.det(forward)) * np.sign(w[0]) > 0


def test_half_of_the_pictures_are_deformed_each_corner_as_often():
    back = [back_map(row, {"deform": 0.2}, WIDE, HIGH) for row in draw(0, np.zeros_like(ROWS), ROWS)]
    there = np.array([applied(np.linalg.inv(one), CORNERS) for one in back])
    by_corner = (np.abs(there - CORNERS).max(axis=2) > 1e-6).sum(axis=0)
    assert 170 < by_corner.sum() < 230
    assert (by_corner > 30).all()
    shares = (there - CORNERS) / [WIDE, HIGH]
    assert 0.19 < shares.max() <= 0.2
    assert -0.2 <= shares.min() < -0.19


def test_deform_comes_first():
    """It acts on the frame of the original, and what follows moves the deformed picture as a whole."""
    strengths = {"rotation": 90, "deform": 0.5}
    row = drawn(deform=[0.25, 0.9, 0.9, 0.9], rotation=[0.75])
    alone = [back_map(row, {name: strengths[name]}, WIDE, HIGH) for name in ("deform", "rotation")]
    np.testing.assert_allclose(back_map(row, strengths, WIDE, HIGH), alone[0] @ alone[1])


def test_without_a_geometric_augmentation_nothing_moves():
    np.testing.assert_array_equal(back_map(drawn(), {"blur": 0.5, "tint": 0.1}, WIDE, HIGH), np.eye(3))
