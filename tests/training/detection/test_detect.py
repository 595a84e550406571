"""Raw outputs -> objects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid.networks.yolo import decode
from pyramid.tf import tf
from pyramid.training.detection.detect import detect
from pyramid.training.detection.overlap import cornered
from tests.training.detection.raw import BRANCHES, CLASSES, SIDE, write_box

BRANCH_AND_BOX = [
    (0, 0, [32, 16, 46, 30]),
    (0, 2, [1, 20, 9, 63]),
    (1, 2, [3, 2, 60, 61.5]),
    (1, 1, [33, 0, 64, 64]),
]


@pytest.mark.parametrize(("branch", "anchor", "box"), BRANCH_AND_BOX)
def test_what_was_encoded_is_decoded(branches, background, encode, branch, anchor, box):
    raw = background(1)[branch]
    encode(raw[0], branches[branch], anchor, box, 0)
    row, column = (int((box[i] + box[i + 2]) / 2 / branches[branch].stride) for i in (1, 0))
    decoded = cornered(decode(tf.constant(raw), branches[branch]))[0, row, column, anchor]
    np.testing.assert_allclose(decoded, box, atol=1e-3)


@given(
    branch=st.integers(0, 1),
    anchor=st.integers(0, 2),
    middle=st.tuples(st.floats(0.5, 63.5), st.floats(0.5, 63.5)),
    size=st.tuples(st.floats(1, 64), st.floats(1, 64)),
)
def test_any_box_is_decoded_within_half_a_pixel(branch, anchor, middle, size):
    (x, y), (width, height) = middle, size
    box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    grid = BRANCHES[branch]
    cells = SIDE // grid.stride
    raw = np.zeros((1, cells, cells, 3, 5 + CLASSES), np.float32)
    write_box(raw[0], grid, anchor, box, 0)
    decoded = cornered(decode(tf.constant(raw), grid))[0, int(y / grid.stride), int(x / grid.stride), anchor]
    np.testing.assert_allclose(decoded, box, atol=0.5)


def test_objects_are_in_pixels_of_the_original_the_best_first(branches, background, encode):
    raws = background(2)
    encode(raws[0][0], branches[0], 0, [32, 16, 46, 30], 2, certainty=3.0)
    encode(raws[1][0], branches[1], 1, [0, 2, 20, 62], 1, certainty=5.0)
    encode(raws[1][1], branches[1], 2, [3, 2, 60, 61.5], 0)
    objects = detect([tf.constant(raw) for raw in raws], branches, tf.constant([128.0, 640.0]))
    np.testing.assert_array_equal(objects.boxes[0, :2], [[0, 4, 40, 124], [64, 32, 92, 60]])
    np.testing.assert_array_equal(objects.names[0, :2], [1, 2])
    sure = 1 / (1 + np.exp(-np.array([5.0, 3.0])))
    np.testing.assert_allclose(objects.scores[0, :2], sure**2, rtol=1e-5)
    np.testing.assert_array_equal(objects.boxes[1, 0], [30, 20, 600, 615])
    assert np.count_nonzero(objects.scores) == 3


def test_nothing_is_found_where_there_is_nothing(branches, background):
    objects = detect([tf.constant(raw) for raw in background(3)], branches, tf.constant([64.0, 64.0, 64.0]))
    assert objects.boxes.shape == (3, 100, 4)
    assert not np.count_nonzero(objects.scores)


def test_of_boxes_that_overlap_the_better_stays_whatever_the_class(branches, background, encode):
    raws = background(1)
    encode(raws[0][0], branches[0], 0, [32, 16, 46, 30], 2, certainty=3.0)
    encode(raws[0][0], branches[0], 1, [32, 16, 46, 31], 1, certainty=4.0)
    objects = detect([tf.constant(raw) for raw in raws], branches, tf.constant([64.0]))
    assert np.count_nonzero(objects.scores) == 1
    assert int(objects.names[0, 0]) == 1


def test_no_more_than_were_asked_for(branches, background, encode):
    raws = background(1)
    for row in range(4):
        for column in range(4):
            corner = (16 * column + 4, 16 * row + 4)
            encode(raws[0][0], branches[0], 0, [*corner, corner[0] + 8, corner[1] + 8], 0, certainty=2.0 + row)
    tensors = [tf.constant(raw) for raw in raws]
    assert np.count_nonzero(detect(tensors, branches, tf.constant([64.0])).scores) == 16
    few = detect(tensors, branches, tf.constant([64.0]), most=5)
    assert few.scores.shape == (1, 5)
    assert (few.boxes[0, :4, 1].numpy() == 52).all()  # the lowest row is the surest
    assert np.count_nonzero(detect(tensors, branches, tf.constant([64.0]), least_score=0.93).scores) == 8
