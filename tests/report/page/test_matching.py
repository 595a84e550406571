"""Boxes that are found, missed and false, beside COCO's own evaluation."""

import numpy as np
import pytest
from sensenet import constants

from pyramid.report.page.matching import curves, match, served
from pyramid.settings.boxes import SERVED_IOU, SERVED_OBJECTS, SERVED_SCORE
from pyramid.training.detection.score import Found, score


def test_what_is_served_is_what_sensenet_serves() -> None:
    theirs = constants.SCORE_THRESHOLD, constants.IOU_THRESHOLD, constants.MAX_OBJECTS
    assert theirs == (SERVED_SCORE, SERVED_IOU, SERVED_OBJECTS)


def test_an_object_is_found_once_by_the_surest_box_of_its_class() -> None:
    truth = np.array([[0, 0, 10, 10, 1]], np.float32)
    predicted = np.array(
        [[0, 0, 10, 10, 1, 0.6], [0, 0, 10, 9, 1, 0.9], [0, 0, 10, 10, 0, 1.0], [0, 0, 4, 10, 1, 1.0]], np.float32
    )
    found = match(truth, predicted)
    assert found.right.tolist() == [False, True, False, False]
    assert found.found.tolist() == [True]


def test_only_sure_boxes_are_served() -> None:
    boxes = np.zeros((50, 6), np.float32)
    boxes[:, 5] = np.linspace(0, 1, 50)
    assert len(served(boxes)) == 25
    assert len(served(boxes, score=0.0)) == 32
    assert served(boxes)[0, 5] == 1


@pytest.mark.parametrize("seed", range(3))
def test_average_precision_is_cocos(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = [], []
    for _ in range(40):
        corners = rng.uniform(0, 60, (4, 2))
        true = np.concatenate([corners, corners + rng.uniform(10, 30, (4, 2)), rng.integers(0, 3, (4, 1))], 1)
        near = true + np.concatenate([rng.normal(0, 3, (4, 4)), np.zeros((4, 1))], 1)
        both = np.concatenate([near, true[rng.permutation(4)] + np.array([30, 0, 30, 0, 0])])
        predicted.append(np.concatenate([both, rng.uniform(0.05, 1, (8, 1))], 1).astype(np.float32))
        truth.append(true.astype(np.float32))
    stacked = np.stack(predicted)
    found = Found(stacked[..., :4], stacked[..., 5], stacked[..., 4].astype(np.int32))
    expected = score(np.stack(truth), found, ["a", "b", "c"]).per_class
    for ours, theirs in zip(curves(truth, predicted, 3), expected.values(), strict=True):
        assert ours.average == pytest.approx(theirs["map_50"], abs=0.01)
        assert ours.objects == theirs["objects"]
