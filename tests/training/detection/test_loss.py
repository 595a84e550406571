"""The three parts of a detector's loss."""

import math

import numpy as np
import pytest

from pyramid.tf import tf
from pyramid.training.detection.loss import FOCUS, IGNORE, SMOOTHING, WEIGHTS, parts, total

BOX = [32, 16, 46, 30, 2]  # all three anchors of the fine grid are to find it
ANCHORS = 3


@pytest.fixture
def loss(branches, padded):
    """The parts for outputs, and the boxes of some pictures."""

    def of(raws, *pictures):
        return parts(padded(*pictures), [tf.constant(raw) for raw in raws], branches)

    return of


@pytest.fixture
def perfect(branches, background, encode):
    """Outputs that are sure of BOX, from every anchor that is to find it."""
    raws = background(1)
    for anchor in range(ANCHORS):
        encode(raws[0][0], branches[0], anchor, BOX[:4], BOX[4])
    return raws


def test_constants_are_those_that_the_readme_tells():
    assert (IGNORE, FOCUS, SMOOTHING) == (0.3, 2.0, 0.01)
    assert WEIGHTS == {"ciou_loss": 2.0, "confidence_loss": 4.0, "probability_loss": 1.0}


def test_what_is_right_costs_nothing_but_the_smoothing(loss, perfect):
    found = loss(perfect, [BOX])
    assert float(found.objects[0]) == ANCHORS
    assert float(found.ciou_loss[0]) == pytest.approx(0, abs=1e-4)
    assert float(found.confidence_loss[0]) == pytest.approx(0, abs=1e-6)
    # A sure logit of 20 costs 20 times what the smoothing takes from the true class and gives to the two others.
    assert float(found.probability_loss[0]) == pytest.approx(ANCHORS * 20 * SMOOTHING * 4 / 3, rel=1e-3)


def test_nothing_to_find_and_nothing_found_cost_nothing(loss, background):
    found = loss(background(2), [], [])
    for part in found:
        np.testing.assert_allclose(part, 0, atol=1e-6)
    assert float(tf.reduce_mean(total(found))) == pytest.approx(0, abs=1e-6)


def test_a_small_box_that_is_missed_by_as_much_costs_more(branches, background, encode, loss):
    """2 - area of the box / area of the picture: hardly more than 1 for one that fills the picture."""
    costs = []
    for branch, anchor, box in ((0, 0, [28, 28, 36, 36, 0]), (1, 2, [0, 0, 63, 63, 0])):
        raws = background(1)
        width = (box[2] - box[0]) / 2
        shrunk = [box[0] + width / 2, box[1] + width / 2, box[2] - width / 2, box[3] - width / 2]
        encode(raws[branch][0], branches[branch], anchor, shrunk, 0)
        found = loss(raws, [box])
        costs.append(float(found.ciou_loss[0]))
    # IoU 1/4 about the same centre with the same shape: (1 - 1/4)(2 - area); other anchors at that place miss as well.
    assert costs[0] > 0.75 * (2 - 64 / 4096) - 1e-3


def test_ciou_loss_of_one_prediction_by_hand(loss, branches, background, encode):
    """The only anchor that is to find 62×62 predicts a square of half its sides: CIoU is 1/4."""
    raws = background(1)
    encode(raws[1][0], branches[1], 2, [16.5, 16.5, 47.5, 47.5], 0)
    found = loss(raws, [[1, 1, 63, 63, 0]])
    only = float(found.objects[0])
    one = 0.75 * (2 - 62 * 62 / 64**2)
    assert only == 2  # 32×60 fits too, by 0.5
    raws[1][0, 1, 1, 1] = raws[1][0, 1, 1, 2]
    raws[1][0, 1, 1, 1, 2:4] += np.log(np.array([60, 60]) / np.array([32, 60]))
    assert float(loss(raws, [[1, 1, 63, 63, 0]]).ciou_loss[0]) == pytest.approx(2 * one, rel=1e-4)


def test_confidence_is_a_focal_cross_entropy(loss, background):
    """A background prediction of probability p costs p² · -log(1 - p)."""
    raws = background(1)
    raws[0][0, 3, 3, 0, 4] = math.log(0.8 / 0.2)
    expected = 0.8**2 * -math.log(0.2)
    assert float(loss(raws, []).confidence_loss[0]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("shift", "punished"), [(2, False), (8.5, True)])
def test_background_that_overlaps_an_object_is_not_punished(loss, perfect, branches, encode, shift, punished):
    """A sure prediction of the coarse grid, which is not to find the box: IoU 0.75 with it, and then 0.24."""
    x1, y1, x2, y2, name = BOX
    encode(perfect[1][0], branches[1], 0, [x1 + shift, y1, x2 + shift, y2], name)
    assert (float(loss(perfect, [BOX]).confidence_loss[0]) > 1) == punished


def test_boxes_that_fill_up_excuse_nothing(loss, background, branches, encode):
    """A prediction of nearly no size at the corner, where the boxes of class -1 lie, is background."""
    raws = background(2)
    encode(raws[0][0], branches[0], 0, [0, 0, 0.1, 0.1], 0)
    assert float(loss(raws, [], [BOX]).confidence_loss[0]) > 1


def test_the_total_is_for_each_object_of_the_batch(loss, branches, background, encode):
    raws = background(2)
    found = loss(raws, [BOX], [])
    by_hand = sum(weight * float(tf.reduce_sum(getattr(found, name))) for name, weight in WEIGHTS.items())
    assert float(tf.reduce_mean(total(found))) == pytest.approx(by_hand / ANCHORS, rel=1e-5)


def test_a_single_class_is_certain(branches, padded):
    """Its smoothed probability is 1, so a sure prediction costs nothing."""
    raws = [np.zeros((1, 64 // branch.stride, 64 // branch.stride, 3, 6), np.float32) for branch in branches]
    for raw in raws:
        raw[..., 5] = 20
    found = parts(padded([[*BOX[:4], 0]]), [tf.constant(raw) for raw in raws], branches)
    assert float(found.objects[0]) == ANCHORS
    assert float(found.probability_loss[0]) == pytest.approx(0, abs=1e-5)


def test_wild_predictions_have_finite_gradients(branches, padded):
    raws = [
        tf.Variable(tf.random.stateless_normal((2, 64 // b.stride, 64 // b.stride, 3, 8), [1, 2]) * 100)
        for b in branches
    ]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(total(parts(padded([BOX, [1, 1, 2, 63, 0]], []), raws, branches)))
    assert math.isfinite(float(loss))
    for gradient in tape.gradient(loss, raws):
        assert np.isfinite(gradient).all()
