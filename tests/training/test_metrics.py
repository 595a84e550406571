"""Metrics against values by hand, or another way to compute them."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from pyramid.settings.metrics import METRICS as ALL_NAMES
from pyramid.settings.objectives import CATEGORICAL, NUMERIC
from pyramid.training.metrics import METRICS, measure

#: Those of boxes are measured elsewhere.
NAMES = {objective: ALL_NAMES[objective] for objective in (CATEGORICAL, NUMERIC)}

TRUTH = np.array([0, 1, 2, 1], np.float32)
PREDICTED = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.5, 0.3, 0.2], [0.6, 0.4, 0.0]], np.float32)


def value(name, truth, predicted):
    return measure([name], np.asarray(truth, np.float32), np.asarray(predicted, np.float32))[name]


def random_predictions(seed, rows=200, classes=4, levels=None):
    """Class indices and probabilities; with ``levels`` the probabilities have many ties."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows).astype(np.float32)
    scores = rng.random((rows, classes)) + 0.5 * np.eye(classes)[truth.astype(int)]
    if levels:
        scores = np.round(scores * levels) + 1
    return truth, (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("objective", NAMES)
def test_a_perfect_prediction_is_the_best_there_is(objective):
    truth = np.array([0, 1, 2, 3, 1], np.float32)
    perfect = np.eye(4, dtype=np.float32)[truth.astype(int)] if objective == "categorical" else truth
    best = {name: 0.0 if name.endswith("_error") else 1.0 for name in NAMES[objective]}
    assert measure(NAMES[objective], truth, perfect) == pytest.approx(best)


def test_likelihood_by_hand():
    """The geometric mean of the probabilities of the true classes: 0.7, 0.6, 0.2 and 0.4."""
    assert value("likelihood", TRUTH, PREDICTED) == pytest.approx((0.7 * 0.6 * 0.2 * 0.4) ** 0.25, rel=1e-6)


def test_likelihood_is_the_exponential_of_the_negative_log_loss():
    truth, predicted = random_predictions(1)
    exact = predicted.astype(np.float64)
    loss = sklearn_metrics.log_loss(truth, exact / exact.sum(axis=1, keepdims=True), labels=range(4))
    assert value("likelihood", truth, predicted) == pytest.approx(math.exp(-loss), rel=1e-5)


def test_likelihood_of_an_impossible_truth_is_tiny_but_a_number():
    assert 0 < value("likelihood", [0, 1], [[1, 0], [1, 0]]) < 1e-6


def test_accuracy_by_hand():
    assert value("accuracy", TRUTH, PREDICTED) == 0.5


def test_auc_by_hand():
    """Class 0 beats two of three others, class 1 all four, class 2 all three: (2/3 + 4/4 + 3/3) / 3."""
    by_hand = (2 / 3 + 4 / 4 + 3 / 3) / 3
    predicted = [[0.55, 0.2, 0.1], [0.3, 0.6, 0.1], [0.5, 0.3, 0.2], [0.6, 0.4, 0.0]]
    assert value("auc", TRUTH, predicted) == pytest.approx(by_hand)


def test_auc_is_the_mean_over_the_classes():
    truth, predicted = random_predictions(2)
    macro = sklearn_metrics.roc_auc_score(truth, predicted, multi_class="ovr", average="macro")
    assert value("auc", truth, predicted) == pytest.approx(macro)


@pytest.mark.parametrize("name", ["auc", "max_phi"])
def test_a_class_that_does_not_occur_says_nothing(name):
    truth, predicted = random_predictions(3, classes=3)
    extended = np.hstack([predicted, np.full((len(truth), 1), 0.01, np.float32)])
    assert value(name, truth, extended) == pytest.approx(value(name, truth, predicted))


def test_ndcg_by_hand():
    """The true classes are on places 1, 1, 3 and 2 of the predictions."""
    gains = [1 / math.log2(1 + place) for place in (1, 1, 3, 2)]
    assert value("ndcg", TRUTH, PREDICTED) == pytest.approx(np.mean(gains))


def brute_force_phi(positive, scores):
    """The best Matthews coefficient over every threshold that tells any two scores apart."""
    thresholds = [-np.inf, *np.unique(scores), np.inf]
    return max(sklearn_metrics.matthews_corrcoef(positive, scores >= threshold) for threshold in thresholds)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(5, 40), st.sampled_from([None, 2, 5]))
def test_max_phi_is_that_of_the_best_threshold(seed, rows, levels):
    truth, predicted = random_predictions(seed, rows, 3, levels)
    occurring = [k for k in range(3) if 0 < np.sum(truth == k) < rows]
    assume(occurring)  # one class alone is another test
    expected = np.mean([brute_force_phi(truth == k, predicted[:, k]) for k in occurring])
    assert value("max_phi", truth, predicted) == pytest.approx(expected, abs=1e-6)


def test_max_phi_of_scores_that_say_nothing_is_zero():
    assert value("max_phi", [0, 1, 0, 1], np.full((4, 2), 0.5)) == pytest.approx(0.0)


@pytest.mark.parametrize("name", ["auc", "max_phi"])
def test_with_one_class_only_nothing_can_be_told_apart(name):
    assert value(name, [1, 1, 1], [[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]]) is None


@pytest.mark.parametrize("name", ["likelihood", "accuracy", "ndcg"])
def test_with_one_class_only_the_other_metrics_are_defined(name):
    assert value(name, [1, 1], [[0.2, 0.8], [0.6, 0.4]]) is not None


def test_errors_by_hand_are_negated():
    truth, predicted = [1.0, 2.0, 3.0, 10.0], [1.5, 2.0, 1.0, 6.0]
    assert value("mean_squared_error", truth, predicted) == pytest.approx(-(0.25 + 0 + 4 + 16) / 4)
    assert value("mean_absolute_error", truth, predicted) == pytest.approx(-(0.5 + 0 + 2 + 4) / 4)
    assert value("median_absolute_error", truth, predicted) == pytest.approx(-(0.5 + 2) / 2)


def test_r_squared_by_hand():
    """1 - the squared errors over the squared distances from the mean, here 4."""
    truth, predicted = [1.0, 2.0, 3.0, 10.0], [1.5, 2.0, 1.0, 6.0]
    assert value("r_squared", truth, predicted) == pytest.approx(1 - (0.25 + 0 + 4 + 16) / (9 + 4 + 1 + 36))


def test_r_squared_is_below_zero_for_what_is_worse_than_the_mean():
    assert value("r_squared", [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == pytest.approx(-3.0)


def test_spearman_by_hand():
    """Ranks 1 2 3 4 against 2 1 3 4: 1 - 6·(1 + 1) / (4·15)."""
    assert value("spearman", [1.0, 2.0, 30.0, 400.0], [5.0, 4.0, 6.0, 7.0]) == pytest.approx(1 - 6 * 2 / 60)


def test_spearman_takes_any_growing_prediction_for_perfect():
    truth = np.linspace(1, 5, 20)
    assert value("spearman", truth, np.exp(truth)) == pytest.approx(1.0)


def test_spearman_of_a_constant_is_not_defined():
    assert value("spearman", [1.0, 2.0, 3.0], [2.0, 2.0, 2.0]) is None
    assert value("spearman", [2.0, 2.0, 2.0], [1.0, 2.0, 3.0]) is None


def test_of_a_single_row_only_the_errors_are_defined():
    values = measure(NAMES["numeric"], np.array([3.0], np.float32), np.array([2.0], np.float32))
    assert values == {
        "r_squared": None,
        "mean_squared_error": -1.0,
        "mean_absolute_error": -1.0,
        "median_absolute_error": -1.0,
        "spearman": None,
    }


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_every_value_is_a_finite_number_or_none(seed, rows):
    truth, predicted = random_predictions(seed, rows, 3, levels=3)
    numbers = predicted[:, 0].round(1)
    for objective, guess in (("categorical", predicted), ("numeric", numbers)):
        for metric in measure(NAMES[objective], truth, guess).values():
            assert metric is None or (isinstance(metric, float) and math.isfinite(metric))


def test_only_the_metrics_that_are_asked_for_are_measured():
    assert set(measure(["accuracy", "auc"], TRUTH, PREDICTED)) == {"accuracy", "auc"}
    assert set(METRICS) == {name for names in NAMES.values() for name in names}
