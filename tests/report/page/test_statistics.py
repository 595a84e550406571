"""Figures of a classifier, beside scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics

from pyramid.report.page.statistics import calibration, confusion, likelihood_of_shares, most_confused, tradeoff
from tests.report.page.pages import categorical


@pytest.mark.parametrize("digits", [1, 6])
def test_curves_and_areas_are_scikit_learns(digits: int) -> None:
    """With one digit many rows have the same score."""
    evaluation = categorical(500, 4)
    scores = evaluation.predicted.round(digits)
    for k in range(4):
        found, of_class = tradeoff(evaluation.truth == k, scores[:, k]), evaluation.truth == k
        assert found.area == pytest.approx(metrics.roc_auc_score(of_class, scores[:, k]))
        assert found.average == pytest.approx(metrics.average_precision_score(of_class, scores[:, k]))
        false, true, _ = metrics.roc_curve(of_class, scores[:, k], drop_intermediate=False)
        np.testing.assert_allclose(found.false, false)
        np.testing.assert_allclose(found.found, true)
        precision, recall, _ = metrics.precision_recall_curve(of_class, scores[:, k])
        np.testing.assert_allclose(found.precision[1:], precision[-2::-1][: len(found.precision) - 1])
        np.testing.assert_allclose(found.found[1:], recall[-2::-1][: len(found.found) - 1])


def test_the_likelihood_of_shares_is_scikit_learns_of_these_probabilities() -> None:
    truth = np.array([0, 0, 0, 2])
    loss = metrics.log_loss(truth, np.tile([0.75, 0.0, 0.25], (4, 1)), labels=[0, 1, 2])
    assert likelihood_of_shares(truth) == pytest.approx(np.exp(-loss))
    assert likelihood_of_shares(np.zeros(5, int)) == 1


def test_the_matrix_is_scikit_learns() -> None:
    evaluation = categorical(200, 5)
    predicted = evaluation.predicted.argmax(1)
    expected = metrics.confusion_matrix(evaluation.truth, predicted)
    assert (confusion(evaluation.truth, predicted, 5) == expected).all()
    (a, b, count), *_ = most_confused(evaluation.truth, predicted, 5, 3)
    np.fill_diagonal(expected, 0)
    assert expected[a, b] == count == expected.max()


def test_the_calibration_error_of_a_worked_example() -> None:
    """Ten rows at 0.8, of which six are right, and ten at 1, all right: half of the rows are 0.2 off."""
    probabilities = np.array([[0.8, 0.2]] * 10 + [[1.0, 0.0]] * 10)
    truth = np.array([0] * 6 + [1] * 4 + [0] * 10)
    found = calibration(truth, probabilities, bins=10)
    assert found.error == pytest.approx(0.1)
    assert found.counts.tolist() == [0, 0, 0, 0, 0, 0, 0, 10, 0, 10]
    assert found.accuracy[7] == pytest.approx(0.6)


def test_a_class_that_is_sure_and_right_is_calibrated() -> None:
    assert calibration(np.zeros(5, int), np.ones((5, 1))).error == 0
