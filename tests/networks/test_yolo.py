"""The detectors."""

import numpy as np
import pytest

from pyramid.networks.yolo import PRIOR, build_detector

SIX = [[4.0, 6.0], [8.0, 8.0], [12.0, 10.0], [20.0, 22.0], [30.0, 28.0], [50.0, 52.0]]


@pytest.fixture(scope="module")
def tiny():
    return build_detector("tinyyolov4", 64, 2, SIX, seed=5)


def test_a_branch_predicts_from_each_of_its_anchors_in_every_cell(tiny):
    outputs = tiny.model(np.zeros((2, 64, 64, 3), np.float32))
    assert [tuple(output.shape) for output in outputs] == [(2, 4, 4, 3, 7), (2, 2, 2, 3, 7)]


def test_small_anchors_go_to_the_fine_grid(tiny):
    assert [(branch.stride, branch.anchors) for branch in tiny.branches] == [(16, SIX[:3]), (32, SIX[3:])]


def test_anchors_are_dealt_evenly_when_they_do_not_divide():
    detector = build_detector("tinyyolov4", 32, 1, SIX[:3], seed=0)
    assert [branch.anchors for branch in detector.branches] == [SIX[:2], SIX[2:3]]
    outputs = detector.model(np.zeros((1, 32, 32, 3), np.float32))
    assert [tuple(output.shape) for output in outputs] == [(1, 2, 2, 2, 6), (1, 1, 1, 1, 6)]


def test_an_untrained_detector_expects_background(tiny):
    pictures = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3)).astype(np.float32)
    for output in tiny.model(pictures):
        probability = 1 / (1 + np.exp(-output.numpy()[..., 4]))
        assert np.median(probability) == pytest.approx(PRIOR, rel=0.5)


def test_the_seed_decides_the_weights(tiny):
    same, other = (build_detector("tinyyolov4", 64, 2, SIX, seed).model.get_weights() for seed in (5, 6))
    for ours, theirs in zip(tiny.model.get_weights(), same, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(same[0], other[0])


def test_the_document_has_every_layer_and_where_the_branches_end(tiny):
    layers = tiny.image_layers()
    kinds = [layers[branch["input"]] for branch in tiny.outputs]
    assert [np.shape(layer["kernel"])[-1] for layer in kinds] == [3 * 7, 3 * 7]
    assert [branch["strides"] for branch in tiny.outputs] == [16, 32]
