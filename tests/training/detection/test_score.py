"""mAP and the counts of each class."""

import numpy as np
import pytest

from pyramid.training.detection.score import Found, score

NAMES = ["cat", "dog"]


def found(*pictures):
    """Predictions (x1, y1, x2, y2, score, class) of each picture."""
    boxes, scores = np.zeros((len(pictures), 40, 4), np.float32), np.zeros((len(pictures), 40), np.float32)
    names = np.zeros((len(pictures), 40), np.int32)
    for i, predictions in enumerate(pictures):
        for j, (*box, certainty, name) in enumerate(predictions):
            boxes[i, j], scores[i, j], names[i, j] = box, certainty, name
    return Found(boxes, scores, names)


def truth(*pictures):
    filled = np.full((len(pictures), 4, 5), -1, np.float32)
    for i, boxes in enumerate(pictures):
        filled[i, : len(boxes)] = np.reshape(boxes, (-1, 5))
    return filled


CAT, DOG = [10, 10, 30, 30, 0], [50, 50, 90, 70, 1]


def sure(box, certainty=0.9):
    return (*box[:4], certainty, box[4])


def test_all_that_is_right():
    scores = score(truth([CAT, DOG], [CAT], []), found([sure(CAT), sure(DOG)], [sure(CAT)], []), NAMES)
    assert (scores.map_50, scores.map) == (pytest.approx(1), pytest.approx(1))
    assert scores.per_class["cat"] == {
        "map_50": pytest.approx(1),
        "map": pytest.approx(1),
        "objects": 2,
        "found": 2,
        "missed": 0,
        "false": 0,
    }


def test_a_box_that_is_off_counts_for_the_thresholds_that_it_passes():
    """20×20 moved by 3: IoU 340/460 = 0.739, which passes 0.5 to 0.7, five of ten."""
    scores = score(truth([CAT]), found([(13, 10, 33, 30, 0.9, 0)]), NAMES)
    assert scores.map_50 == pytest.approx(1)
    assert scores.map == pytest.approx(0.5)


def test_a_class_that_is_not_there_says_nothing_and_one_that_is_never_found_counts():
    scores = score(truth([CAT], [CAT]), found([sure(CAT)], [sure(CAT)]), NAMES)
    assert scores.map_50 == pytest.approx(1)
    assert scores.per_class["dog"]["map_50"] is None
    scores = score(truth([CAT, DOG]), found([sure(CAT)]), NAMES)
    assert scores.map_50 == pytest.approx(0.5)
    assert scores.per_class["dog"]["missed"] == 1


def test_no_object_at_all_is_not_defined():
    scores = score(truth([], []), found([sure(CAT)], []), NAMES)
    assert (scores.map_50, scores.map) == (None, None)
    assert scores.per_class["cat"]["false"] == 1


def test_counts_are_of_what_is_served():
    """A weak prediction counts for mAP, not for what a user gets."""
    scores = score(truth([CAT, DOG]), found([sure(CAT, 0.3), sure(DOG, 0.6), sure([*CAT[:4], 1], 0.55)]), NAMES)
    assert scores.per_class["cat"]["map_50"] == pytest.approx(1)
    assert [scores.per_class["cat"][key] for key in ("objects", "found", "missed", "false")] == [1, 0, 1, 0]
    assert [scores.per_class["dog"][key] for key in ("objects", "found", "missed", "false")] == [1, 1, 0, 1]


def test_two_predictions_of_one_object_find_it_once():
    scores = score(truth([CAT]), found([sure(CAT, 0.9), (11, 10, 31, 30, 0.8, 0)]), NAMES)
    assert [scores.per_class["cat"][key] for key in ("found", "false")] == [1, 1]


def test_32_objects_of_a_picture_are_served():
    many = [[x, y, x + 5, y + 5, 0] for x in range(0, 60, 10) for y in range(0, 60, 10)]  # 36
    filled = np.array(many, np.float32)[np.newaxis]
    scores = score(filled, found([sure(box) for box in many]), NAMES)
    assert [scores.per_class["cat"][key] for key in ("objects", "found", "missed")] == [36, 32, 4]
    assert scores.map_50 == pytest.approx(1)


def test_it_prints_nothing(capfd):
    score(truth([CAT]), found([sure(CAT)]), NAMES)
    assert capfd.readouterr().out == ""
