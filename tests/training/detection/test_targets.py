"""Which predictions should find which boxes."""

import numpy as np
import pytest

from pyramid.tf import tf
from pyramid.training.detection.overlap import centred
from pyramid.training.detection.targets import assign


@pytest.fixture
def assigned(branches, padded):
    """The targets of both branches for the boxes of some pictures."""

    def of(*pictures):
        boxes = padded(*pictures)
        cells = [64 // branch.stride for branch in branches]
        pairs = zip(branches, cells, strict=True)
        return [assign(centred(boxes[..., :4]), boxes[..., 4], branch, branches, n) for branch, n in pairs]

    return of


def places(target):
    """(picture, row, column, anchor) of every object."""
    return [tuple(map(int, place)) for place in np.argwhere(target.there.numpy())]


def test_a_box_goes_to_the_cell_of_its_centre_and_to_every_anchor_that_fits(assigned):
    # 14×14 about (39, 23). IoU of sizes: 64/196 = 0.33, 196/256 = 0.77, 140/356 = 0.39; 196/900 = 0.22 and less.
    fine, coarse = assigned([[32, 16, 46, 30, 2]])
    assert places(fine) == [(0, 1, 2, 0), (0, 1, 2, 1), (0, 1, 2, 2)]
    assert places(coarse) == []
    np.testing.assert_array_equal(fine.boxes.numpy()[0, 1, 2], [[39, 23, 14, 14]] * 3)
    assert (fine.names.numpy()[0, 1, 2] == 2).all()


def test_the_best_anchor_finds_a_box_that_none_fits(assigned):
    # 3×3: IoU 9/64 = 0.14 with the smallest, less with the others.
    fine, coarse = assigned([[1, 1, 4, 4, 0]])
    assert places(fine) == [(0, 0, 0, 0)]
    assert places(coarse) == []


def test_a_box_may_be_found_on_both_grids(assigned):
    # 20×20 about (20, 20): 256/400 = 0.64 with the 16×16 of the fine grid, 400/900 = 0.44 with the 30×30 of the other.
    fine, coarse = assigned([[10, 10, 30, 30, 1]])
    assert (0, 1, 1, 1) in places(fine)
    assert places(coarse) == [(0, 0, 0, 0)]


def test_of_two_boxes_at_one_place_the_one_that_fits_the_anchor_better_is_found(assigned):
    small, large = [2, 2, 12, 12, 0], [1, 1, 15, 15, 1]
    for boxes in ([small, large], [large, small]):
        fine, _ = assigned(boxes)
        found = fine.names.numpy()[0, 0, 0]
        assert (found[0], found[1]) == (0, 1)  # 10×10 fits 8×8 better, 14×14 fits 16×16
        np.testing.assert_array_equal(fine.boxes.numpy()[0, 0, 0, 0], [7, 7, 10, 10])


def test_pictures_do_not_mix(assigned):
    fine, _ = assigned([[32, 16, 46, 30, 2]], [], [[0, 48, 14, 62, 1]])
    assert {place[0] for place in places(fine)} == {0, 2}
    assert fine.names.numpy()[2, 3, 0, 1] == 1


def test_no_box_is_no_object(assigned):
    for target in assigned([], []):
        assert places(target) == []
        assert np.isfinite(target.boxes).all()


def test_a_box_at_the_right_or_lower_border_is_in_the_last_cell(assigned):
    fine, _ = assigned([[60, 60, 68, 68, 0]])  # its centre is the corner of the picture
    assert (0, 3, 3, 0) in places(fine)


def test_it_runs_in_a_graph_for_any_number_of_boxes(branches):
    @tf.function(input_signature=[tf.TensorSpec((None, None, 4)), tf.TensorSpec((None, None))])
    def count(boxes, names):
        return tf.reduce_sum(tf.cast(assign(boxes, names, branches[0], branches, 4).there, tf.int32))

    for pictures, boxes in ((1, 1), (3, 7)):
        there = count(tf.fill((pictures, boxes, 4), 8.0), tf.zeros((pictures, boxes)))
        assert int(there) > 0
