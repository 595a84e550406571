"""Metrics with intervals, and two models compared."""

import tracemalloc

import numpy as np
import pytest

from pyramid.finalize.evaluation import Evaluation
from pyramid.prediction import resampled_map
from pyramid.prediction.compare import compare
from pyramid.prediction.intervals import measured
from pyramid.prediction.resampled_map import found_of, padded, resampled_precisions
from pyramid.training import resamples
from pyramid.training.detection.score import score
from pyramid.training.metrics import accuracy


def some_boxes(pictures=12, classes=3, seed=0):
    """True boxes, and predictions of which some are near them."""
    random = np.random.default_rng(seed)
    truth, predicted = [], []
    for _ in range(pictures):
        n = random.integers(0, 5)
        low = random.uniform(0, 80, (n, 2))
        boxes = np.concatenate([low, low + random.uniform(10, 40, (n, 2)), random.integers(0, classes, (n, 1))], 1)
        near = boxes + np.concatenate([random.normal(0, 4, (n, 4)), np.zeros((n, 1))], 1)
        false = np.array([[1, 1, 30, 30, random.integers(0, classes)]])
        found = np.concatenate([near, false])
        scores = random.uniform(0.1, 1, (len(found), 1))
        truth.append(boxes.astype(np.float32))
        predicted.append(np.concatenate([found, scores], 1)[np.argsort(-scores[:, 0])].astype(np.float32))
    return truth, predicted


def of_classes(rows=400, right=0.8, seed=1):
    random = np.random.default_rng(seed)
    truth = np.random.default_rng(0).integers(0, 3, rows)
    logits = random.normal(0, 1, (rows, 3)) + 4 * right * np.eye(3)[truth]
    predicted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Evaluation("categorical", ["a", "b", "c"], [], truth, predicted)


def test_precisions_of_resamples_are_those_of_the_pictures_as_often_as_they_were_drawn():
    truth, predicted = some_boxes()
    random = np.random.default_rng(3)
    draws = [np.arange(len(truth)), *random.integers(0, len(truth), (6, len(truth)))]
    counts = np.stack([np.bincount(rows, minlength=len(truth)) for rows in draws], 1).astype(float)
    found = resampled_precisions(truth, predicted, 3, [counts[:, :3], counts[:, 3:]])
    for r, rows in enumerate(draws):
        expected = score(padded([truth[i] for i in rows], 5), found_of([predicted[i] for i in rows]), ["a", "b", "c"])
        # Equal scores come in another order when a picture is there twice.
        tolerance = 1e-9 if r == 0 else 0.02
        assert found["map_50"][r] == pytest.approx(expected.map_50, abs=tolerance)
        assert found["map"][r] == pytest.approx(expected.map, abs=tolerance)
    assert 0.1 < found["map"][0] < found["map_50"][0] < 1


def test_the_interval_of_an_accuracy_is_as_wide_as_that_of_a_binomial():
    evaluation = of_classes()
    told = measured(evaluation, 1000).metrics["accuracy"]
    share = accuracy(evaluation.truth, evaluation.predicted)
    half = 1.96 * np.sqrt(share * (1 - share) / len(evaluation))
    assert told["value"] == share
    assert told["low"] == pytest.approx(share - half, abs=0.01)
    assert told["high"] == pytest.approx(share + half, abs=0.01)


def test_values_and_boxes_have_intervals_around_them():
    random = np.random.default_rng(0)
    truth = random.normal(5, 2, 300)
    numeric = Evaluation("numeric", [], [], truth, truth + random.normal(0, 0.5, 300))
    boxes = Evaluation("bounding_box", ["a", "b", "c"], [], *some_boxes())
    for evaluation in (numeric, boxes):
        for name, told in measured(evaluation, 200).metrics.items():
            assert told["low"] <= told["value"] <= told["high"], name


def test_blocks_of_resamples_change_no_number(monkeypatch):
    boxes = Evaluation("bounding_box", ["a", "b", "c"], [], *some_boxes())
    whole = [measured(one, 50).draws for one in (of_classes(100), boxes)]
    monkeypatch.setattr(resamples, "_CELLS", 700)
    monkeypatch.setattr(resampled_map, "_CELLS", 100)
    parts = [measured(one, 50).draws for one in (of_classes(100), boxes)]
    for one, other in zip(whole, parts, strict=True):
        for name, values in one.items():
            assert len(values) == 50
            np.testing.assert_allclose(values, other[name], rtol=1e-12)


def test_memory_does_not_grow_with_the_resamples(monkeypatch):
    monkeypatch.setattr(resamples, "_CELLS", 100_000)
    evaluation = of_classes(1000)
    tracemalloc.start()
    try:
        measured(evaluation, 200)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        measured(evaluation, 800)
        assert tracemalloc.get_traced_memory()[1] < 1.2 * most
    finally:
        tracemalloc.stop()


def test_of_two_models_the_better_one_is_told():
    good, bad = of_classes(right=1.0), of_classes(right=0.3, seed=2)
    both = measured(good, 200), measured(bad, 200)
    told = compare(("good", "bad"), (good, bad), both)
    for values in told["metrics"].values():
        assert values["difference"] == values["first"] - values["second"]
        assert values["low"] < values["difference"] < values["high"]
        assert values["better"] == 1.0
    assert told["only_first_right"] > told["only_second_right"]
    assert told["mcnemar_p_value"] < 1e-3
    same = compare(("good", "good"), (good, good), (both[0], both[0]))
    assert same["metrics"]["accuracy"] == {
        "first": both[0].metrics["accuracy"]["value"],
        "second": both[0].metrics["accuracy"]["value"],
        "difference": 0.0,
        "low": 0.0,
        "high": 0.0,
        "better": 0.5,
    }
    assert same["mcnemar_p_value"] == 1.0
