"""The metrics of resamples against those of the rows that were drawn, measured one resample after the other."""

import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyramid.errors import DataError
from pyramid.settings.metrics import METRICS as ALL_NAMES
from pyramid.settings.objectives import CATEGORICAL, NUMERIC
from pyramid.training.metrics import METRICS, measure
from pyramid.training.resampled_metrics import RESAMPLED
from pyramid.training.resamples import RESAMPLES, draw, resampled

CLASSES, VALUES = ALL_NAMES[CATEGORICAL], ALL_NAMES[NUMERIC]


def one_by_one(names, truth, predicted, resamples):
    """What `resampled` is to give, the slow way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [measure(names, truth[rows], predicted[rows]) for rows in draw(len(truth), resamples)]


def assert_equal(fast, slow, tolerance=1e-6):
    assert [list(one) for one in fast] == [list(one) for one in slow]
    found, expected = (np.array([list(one.values()) for one in both], np.float64) for both in (fast, slow))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, equal_nan=True)  # None is NaN here


def guesses(seed, n, classes, levels=None, dtype=np.float64):
    """Class indices and probabilities that know a little; with ``levels`` the probabilities have many ties."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    scores = rng.random((n, classes)) + 0.5 * np.eye(classes)[truth]
    if levels:
        scores = np.round(scores * levels) + 1
    return truth, (scores / scores.sum(axis=1, keepdims=True)).astype(dtype)


def values(seed, n, levels=None):
    """Values and predictions that know a little; with ``levels`` both are halves, and have many ties."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n) * (levels or 3)
    predicted = truth + rng.normal(size=n)
    return (np.round(truth) / 2, np.round(predicted) / 2) if levels else (truth, predicted)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(2, 5), st.sampled_from([None, 1, 3]))
def test_classes_are_measured_as_if_the_rows_were_repeated(seed, n, classes, levels):
    truth, predicted = guesses(seed, n, classes, levels)
    assert_equal(resampled(CLASSES, truth, predicted, 8), one_by_one(CLASSES, truth, predicted, 8))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 40), st.sampled_from([None, 1, 2]))
def test_values_are_measured_as_if_the_rows_were_repeated(seed, n, levels):
    truth, predicted = values(seed, n, levels)
    expected = one_by_one(VALUES, truth, predicted, 16)
    for one in expected:  # of one value many times scikit-learn may find a variance, by rounding
        if (one["r_squared"] or 0.0) < -1e20:
            one["r_squared"] = 0.0
    assert_equal(resampled(VALUES, truth, predicted, 16), expected)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_resamples_of_few_rows_are_measured_alike(n):
    """Many of them have one class or one value only."""
    truth, predicted = guesses(n, n, 2, levels=2)
    assert_equal(resampled(CLASSES, truth, predicted), one_by_one(CLASSES, truth, predicted, RESAMPLES))
    truth, predicted = values(n, n, levels=1)
    assert_equal(resampled(VALUES, truth, predicted), one_by_one(VALUES, truth, predicted, RESAMPLES))


def test_a_few_hundred_rows_are_measured_alike():
    truth, predicted = guesses(7, 300, 5, levels=20)
    assert_equal(resampled(CLASSES, truth, predicted, 6), one_by_one(CLASSES, truth, predicted, 6))
    truth, predicted = values(7, 301)
    assert_equal(resampled(VALUES, truth, predicted, 6), one_by_one(VALUES, truth, predicted, 6))


def test_single_precision_is_measured_alike():
    truth, predicted = guesses(8, 200, 3, dtype=np.float32)
    truth = truth.astype(np.float32)
    assert_equal(resampled(CLASSES, truth, predicted, 8), one_by_one(CLASSES, truth, predicted, 8), 1e-5)


def test_a_rare_class_is_left_out_where_it_was_not_drawn():
    truth, predicted = guesses(9, 30, 3)
    truth[truth == 2] = 0
    truth[4] = 2
    without = (draw(30) != 4).all(axis=1)
    assert 20 < without.sum() < 100
    assert_equal(resampled(CLASSES, truth, predicted), one_by_one(CLASSES, truth, predicted, RESAMPLES))


def test_a_class_that_never_occurs_says_nothing():
    truth, predicted = guesses(10, 40, 3)
    extended = np.hstack([predicted, np.full((40, 1), 0.01)])
    assert_equal(resampled(["auc", "max_phi"], truth, extended), resampled(["auc", "max_phi"], truth, predicted))


def test_probabilities_that_say_nothing_are_measured_alike():
    truth, flat = np.arange(12) % 3, np.full((12, 3), 1 / 3)
    found = resampled(CLASSES, truth, flat)
    assert_equal(found, one_by_one(CLASSES, truth, flat, RESAMPLES))
    assert {one["auc"] for one in found} == {0.5}
    assert {one["max_phi"] for one in found} == {0.0}


def test_certain_and_wrong_probabilities_are_clipped_alike():
    truth, predicted = np.array([0, 1, 1, 0]), np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    assert_equal(resampled(CLASSES, truth, predicted), one_by_one(CLASSES, truth, predicted, RESAMPLES))


@pytest.mark.parametrize("guess", [[2.5, 2.5, 2.5], [2.5, 3.0, 2.0]])
def test_a_constant_truth_is_measured_alike(guess):
    truth, predicted = np.full(3, 2.5), np.array(guess)
    found = resampled(VALUES, truth, predicted)
    assert_equal(found, one_by_one(VALUES, truth, predicted, RESAMPLES))
    assert {one["spearman"] for one in found} == {None}
    assert {one["r_squared"] for one in found} <= {0.0, 1.0}


def test_a_constant_that_is_no_binary_fraction_is_a_constant():
    found = resampled(["r_squared"], np.full(7, 0.1), np.linspace(0.2, 0.3, 7))
    assert {one["r_squared"] for one in found} == {0.0}


def test_of_a_single_row_only_the_errors_are_defined():
    assert resampled(VALUES, [3.0], [2.0]) == [measure(VALUES, np.array([3.0]), np.array([2.0]))] * RESAMPLES


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_network_that_predicts_no_number_has_no_metric(wrong):
    truth, predicted = values(11, 50)
    predicted[3] = wrong
    assert resampled(VALUES, truth, predicted, 5) == [dict.fromkeys(VALUES)] * 5


def test_what_overflows_is_not_defined():
    found = resampled(["mean_squared_error", "mean_absolute_error"], [0.0, 0.0], [1e200, -1e200], 2)
    assert found == [{"mean_squared_error": None, "mean_absolute_error": -1e200}] * 2


def test_the_draw_is_a_bootstrap_that_depends_on_the_number_of_rows_alone():
    drawn = draw(500)
    assert drawn.shape == (128, 500)
    assert drawn.min() == 0
    assert drawn.max() == 499
    distinct = np.mean([len(np.unique(rows)) for rows in drawn]) / 500
    assert distinct == pytest.approx(1 - np.exp(-1), abs=0.01)
    assert np.array_equal(drawn, draw(500))
    assert np.array_equal(drawn[:10], draw(500, 10))
    assert not np.array_equal(drawn[0], drawn[1])


def test_the_draw_is_the_same_tomorrow():
    """Submodels that a restarted process evaluates are compared with those from before."""
    assert draw(9)[0].tolist() == [1, 7, 2, 6, 8, 6, 7, 0, 2]


def test_every_metric_of_classes_and_values_can_be_resampled():
    assert list(RESAMPLED) == list(METRICS)


def test_only_the_metrics_that_are_asked_for_are_measured_and_all_are_plain_numbers():
    truth, predicted = guesses(12, 30, 3)
    found = resampled(iter(["accuracy", "auc"]), truth, predicted)
    assert len(found) == 128
    assert {tuple(one) for one in found} == {("accuracy", "auc")}
    assert {type(value) for one in found for value in one.values()} == {float}


@pytest.mark.parametrize(
    ("names", "truth", "predicted", "message"),
    [
        (VALUES, [], [], "one or more rows"),
        (VALUES, [1.0, 2.0], [1.0], r"shape \[2\], got \(1,\)"),
        (VALUES, [1.0, 2.0], [[1.0], [2.0]], r"shape \[2\], got \(2, 1\)"),
        (CLASSES, [0, 1], [0.5, 0.5], r"shape \[2, classes\], got \(2,\)"),
        (CLASSES, [0, -1], [[0.5, 0.5], [0.5, 0.5]], "row 1 must be a class index below 2, got -1"),
        (CLASSES, [2, 1], [[0.5, 0.5], [0.5, 0.5]], "row 0 must be a class index below 2, got 2"),
        (VALUES, [1.0, np.nan], [1.0, 1.0], "row 1 must be a finite number, got nan"),
    ],
)
def test_rows_that_cannot_be_measured_are_refused(names, truth, predicted, message):
    with pytest.raises(DataError, match=message):
        resampled(names, truth, predicted)


@pytest.mark.parametrize(("n", "classes", "seconds"), [(178, 3, 0.3), (4_096, 5, 2.0)])
def test_it_is_fast(n, classes, seconds):
    """Processor time: what else runs on the machine does not count."""
    truth, predicted = guesses(13, n, classes, dtype=np.float32)
    before = time.process_time()
    resampled(CLASSES, truth, predicted)
    resampled(VALUES, predicted[:, 0], predicted[:, 1])
    assert time.process_time() - before < seconds
