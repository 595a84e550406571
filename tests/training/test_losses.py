"""Losses against their formulas in numpy."""

import numpy as np
import pytest

from pyramid.tf import tf
from pyramid.training.losses import categorical_loss, numeric_loss

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0], [0.1, 0.2, 0.3], [-4.0, 4.0, 0.0]], np.float32)
CLASSES = np.array([0, 2, 1, 1], np.float32)
VALUES = np.array([900.0, 1000.0, 1080.0, 1400.0], np.float32)
RAW = np.array([[-1.0], [0.5], [2.0], [3.0]], np.float32)
MEAN, STDEV = 1000.0, 50.0


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def smooth(classes, smoothing):
    """The true class keeps 1 - s + s/3, the other two get s/3 each."""
    truth = np.full((len(classes), 3), smoothing / 3)
    truth[np.arange(len(classes)), classes.astype(int)] += 1 - smoothing
    return truth


def loss_of(name, smoothing=0.0, logits=LOGITS, classes=CLASSES):
    return categorical_loss(name, 3, smoothing)(tf.constant(classes), tf.constant(logits)).numpy()


def error_of(name, values=VALUES, raw=RAW, mean=MEAN, stdev=STDEV):
    values, raw = tf.constant(values, tf.float32), tf.constant(raw, tf.float32)
    return numeric_loss(name, mean, stdev)(values, raw).numpy()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_crossentropy(smoothing):
    expected = -np.sum(smooth(CLASSES, smoothing) * np.log(softmax(LOGITS)), axis=1)
    np.testing.assert_allclose(loss_of("crossentropy", smoothing), expected, rtol=1e-5)


def test_crossentropy_with_smoothing_by_hand():
    """Three classes, 0.3: the truth 0, 1, 0 becomes 0.1, 0.8, 0.1."""
    probabilities = np.array([[0.2, 0.5, 0.3]])
    expected = -(0.1 * np.log(0.2) + 0.8 * np.log(0.5) + 0.1 * np.log(0.3))
    logits = np.log(probabilities).astype(np.float32)
    assert loss_of("crossentropy", 0.3, logits, np.array([1.0], np.float32)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_kl_divergence_is_crossentropy_less_the_entropy_of_the_truth(smoothing):
    truth = smooth(CLASSES, smoothing)
    entropy = -np.sum(truth * np.log(np.where(truth > 0, truth, 1.0)), axis=1)
    expected = loss_of("crossentropy", smoothing) - entropy
    np.testing.assert_allclose(loss_of("kl_divergence", smoothing), expected, rtol=1e-4, atol=1e-6)


def test_kl_divergence_of_the_smoothed_truth_itself_is_zero():
    logits = np.log(smooth(CLASSES, 0.3)).astype(np.float32)
    np.testing.assert_allclose(loss_of("kl_divergence", 0.3, logits), 0.0, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_hinge(smoothing):
    truth, predicted = smooth(CLASSES, smoothing), softmax(LOGITS)
    best_wrong = np.max((1 - truth) * predicted, axis=1)
    expected = np.maximum(0, 1 + best_wrong - np.sum(truth * predicted, axis=1))
    np.testing.assert_allclose(loss_of("hinge", smoothing), expected, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cosine(smoothing):
    truth, predicted = smooth(CLASSES, smoothing), softmax(LOGITS)
    lengths = np.linalg.norm(truth, axis=1) * np.linalg.norm(predicted, axis=1)
    expected = 1 - np.sum(truth * predicted, axis=1) / lengths
    np.testing.assert_allclose(loss_of("cosine", smoothing), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["crossentropy", "hinge", "kl_divergence", "cosine"])
def test_a_certain_and_true_answer_costs_nothing_and_a_wrong_one_much(name):
    certain = np.array([[60.0, 0.0, 0.0]], np.float32)
    right = loss_of(name, 0.0, certain, np.array([0.0], np.float32))
    wrong = loss_of(name, 0.0, certain, np.array([1.0], np.float32))
    assert right == pytest.approx(0.0, abs=1e-6)
    assert wrong >= 0.99


def test_mean_squared_error_is_in_standard_deviations():
    np.testing.assert_allclose(error_of("mean_squared_error"), [(-2 + 1) ** 2, 0.5**2, (1.6 - 2) ** 2, 5**2], rtol=1e-4)


def test_huber_is_quadratic_to_one_standard_deviation_and_linear_beyond():
    distances = np.array([1.0, 0.5, 0.4, 5.0])
    expected = np.where(distances <= 1, distances**2 / 2, distances - 0.5)
    np.testing.assert_allclose(error_of("huber"), expected, rtol=1e-4)


def test_percentage_error_is_relative_to_the_value_in_its_own_unit():
    predicted = RAW[:, 0] * STDEV + MEAN
    np.testing.assert_allclose(error_of("mean_percentage_error"), np.abs(VALUES - predicted) / VALUES, rtol=1e-4)


def test_percentage_error_counts_a_negative_value_by_its_size():
    """True -200, predicted -150: a quarter off."""
    assert error_of("mean_percentage_error", [-200.0], [[1.0]], -200.0, 50.0) == pytest.approx(0.25)


def test_percentage_error_near_zero_is_relative_to_a_hundredth_of_the_standard_deviation():
    """True 0 and 0.001, predicted 5, with a standard deviation of 5: 5 / 0.05, not 5 / 0."""
    errors = error_of("mean_percentage_error", [0.0, 0.001], [[1.0], [1.0]], 0.0, 5.0)
    np.testing.assert_allclose(errors, [100.0, 99.98], rtol=1e-4)


@pytest.mark.parametrize("name", ["mean_squared_error", "huber", "mean_percentage_error"])
def test_a_true_value_costs_nothing(name):
    np.testing.assert_allclose(error_of(name, raw=((VALUES - MEAN) / STDEV)[:, np.newaxis]), 0.0, atol=1e-6)


@pytest.mark.parametrize("name", ["mean_squared_error", "huber", "mean_percentage_error"])
def test_gradients_of_a_true_value_are_numbers(name):
    raw = tf.Variable([[0.0], [1.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(numeric_loss(name, 0.0, 1.0)(tf.constant([0.0, 1.0]), raw))
    assert np.isfinite(tape.gradient(loss, raw).numpy()).all()


@pytest.mark.parametrize("name", ["crossentropy", "hinge", "kl_divergence", "cosine"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_gradients_of_extreme_logits_are_numbers(name, smoothing):
    raw = tf.Variable([[500.0, -500.0, 0.0], [-500.0, 500.0, 0.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(categorical_loss(name, 3, smoothing)(tf.constant([0.0, 0.0]), raw))
    assert np.isfinite(loss.numpy())
    assert np.isfinite(tape.gradient(loss, raw).numpy()).all()
