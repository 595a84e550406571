"""IoU and complete IoU against cases computed by hand, and what always holds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid.tf import tf
from pyramid.training.detection.overlap import centred, ciou, cornered, iou, size_iou

place = st.floats(-200, 200, width=32)
side = st.floats(0.5, 200, width=32)
box = st.tuples(place, place, side, side)

#: What the aspect ratios 1 and 2 differ by.
TURNED = 4 / math.pi**2 * (math.atan(2) - math.pi / 4) ** 2

#: Corners are rounded to 24 bits: that is up to 3e-5 of a box of half a pixel 200 pixels from the origin.
EXACT = 1e-4


def of(function, a, b):
    return float(function(tf.constant([a], tf.float32), tf.constant([b], tf.float32))[0])


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((5, 5, 10, 10), (5, 5, 10, 10), 1),
        ((5, 5, 10, 10), (10, 5, 10, 10), 50 / 150),
        ((5, 5, 10, 10), (10, 10, 10, 10), 25 / 175),
        ((5, 5, 10, 10), (5, 5, 2, 5), 10 / 100),  # inside
        ((5, 5, 10, 10), (15, 5, 10, 10), 0),  # side by side
        ((5, 5, 10, 10), (100, 100, 10, 10), 0),
    ],
)
def test_iou(a, b, expected):
    assert of(iou, a, b) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [((10, 10), (10, 10), 1), ((10, 20), (20, 10), 100 / 300), ((10, 10), (5, 10), 0.5)],
)
def test_iou_of_sizes(a, b, expected):
    assert of(size_iou, a, b) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((5, 5, 10, 10), (5, 5, 10, 10), 1),
        # Two squares 20 apart: IoU 0, squared distance 400, enclosing box 30×10.
        ((5, 5, 10, 10), (25, 5, 10, 10), -400 / 1000),
        # The same centre, 10×10 in 20×10: IoU 0.5, v = 4/π² (atan 2 - atan 1)², alpha = v / (0.5 + v).
        ((10, 10, 10, 10), (10, 10, 20, 10), 0.5 - TURNED**2 / (0.5 + TURNED)),
    ],
)
def test_ciou(a, b, expected):
    assert of(ciou, a, b) == pytest.approx(expected, abs=1e-5)


@given(box, box)
def test_iou_is_symmetric_and_between_0_and_1(a, b):
    assert 0 <= of(iou, a, b) <= 1 + EXACT
    assert of(iou, a, b) == pytest.approx(of(iou, b, a), abs=EXACT)


@given(box, box)
def test_ciou_is_iou_at_most(a, b):
    assert -1.5 - EXACT <= of(ciou, a, b) <= of(iou, a, b) + EXACT


@given(box)
def test_a_box_is_all_of_itself(a):
    assert of(iou, a, a) == pytest.approx(1, abs=EXACT)
    assert of(ciou, a, a) == pytest.approx(1, abs=EXACT)


@given(box)
def test_corners_and_back(a):
    there = tf.constant([a], tf.float32)
    np.testing.assert_allclose(centred(cornered(there)), there, atol=1e-4)


def test_gradients_are_finite_where_boxes_do_not_touch_or_are_the_same():
    predicted = tf.Variable([[5.0, 5.0, 10.0, 10.0], [5.0, 5.0, 10.0, 10.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(1 - ciou(predicted, tf.constant([[500.0, 500, 3, 8], [5, 5, 10, 10]])))
    assert np.isfinite(tape.gradient(loss, predicted)).all()
