"""The training loop: steps in a graph, and predictions."""

import numpy as np
import pytest

from pyramid.networks.build import build
from pyramid.tf import tf
from pyramid.training.feeds import Stream
from pyramid.training.loop import GRADIENT_NORM, TrainingLoop
from pyramid.training.optimizers import OPTIMIZERS, SteppedRate, make_optimizer
from pyramid.training.values import Values
from tests.candidates import CANDIDATE

ROWS = 8


@pytest.fixture
def make_loop():
    """Make a loop over one fixed batch, or over what ``batches`` gives."""

    def make(network="simple", side=8, rate=0.01, optimizer="sgd", weight=1.0, seed=0):
        rng = np.random.default_rng(4)
        images = rng.integers(0, 256, (ROWS, side, side, 3)).astype(np.uint8)
        targets = (np.arange(ROWS) % 2).astype(np.float32)
        options = tf.data.Options()
        options.autotune.enabled = False  # its thread takes seconds to end
        batch = (images, targets, np.full(ROWS, weight, np.float32))
        batches = tf.data.Dataset.from_tensors(batch).repeat().with_options(options)
        model = build(network, side, side, 2, True, seed).model
        descent = make_optimizer(optimizer, SteppedRate(rate, 0), {})
        return TrainingLoop(model, descent, Values(CANDIDATE, targets), Stream(batches))

    yield make
    tf.keras.backend.clear_session()  # else Keras keeps every network, and each test is slower than the one before


def test_the_loss_comes_down(make_loop):
    loop = make_loop(optimizer="adam", rate=0.001)
    first = loop.run(1)
    loop.run(60)
    assert loop.run(1) < 0.5 * first


def test_the_mean_loss_of_several_steps_is_returned(make_loop):
    one, many = make_loop(), make_loop()
    singles = [one.run(1) for _ in range(5)]
    assert many.run(5) == pytest.approx(np.mean(singles), rel=1e-5)
    assert len(set(singles)) == 5


@pytest.mark.parametrize("network", ["simple", "simple_residual"])
def test_the_same_seed_gives_the_same_losses(make_loop, network):
    """Drop-block's draws included."""
    first, again = (make_loop(network, side=16, seed=5) for _ in range(2))
    losses = [first.run(1) for _ in range(4)]
    assert [again.run(1) for _ in range(4)] == pytest.approx(losses, rel=1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_step_is_traced_once(make_loop, optimizer, monkeypatch):
    traced = []
    step = TrainingLoop.step
    monkeypatch.setattr(TrainingLoop, "step", lambda loop, *batch: traced.append(1) or step(loop, *batch))
    loop = make_loop(optimizer=optimizer)
    loop.trace()
    loop.run(1)
    loop.run(3)
    assert len(traced) == 1


def test_another_seed_gives_other_losses(make_loop):
    assert make_loop(seed=5).run(1) != pytest.approx(make_loop(seed=6).run(1), rel=1e-3)


def test_the_regularisation_is_part_of_the_loss(make_loop):
    """With pictures that weigh nothing it is all there is."""
    loop = make_loop(weight=0.0)
    penalty = float(tf.add_n(loop.model.losses))
    assert penalty > 0
    assert loop.run(1) == pytest.approx(penalty, rel=1e-5)


def test_weights_of_examples_multiply_their_losses(make_loop):
    losses = {}
    for weight in (1.0, 3.0):
        loop = make_loop(weight=weight)
        penalty = float(tf.add_n(loop.model.losses))
        losses[weight] = loop.run(1) - penalty
    assert losses[3.0] == pytest.approx(3 * losses[1.0], rel=1e-4)


def test_a_long_gradient_is_shortened(make_loop):
    """With sgd and a rate of 1 the step is the gradient."""
    loop = make_loop(rate=1.0, weight=1e6)
    before = [variable.numpy() for variable in loop.model.trainable_variables]
    loop.run(1)
    moved = [np.sum((v.numpy() - b) ** 2) for v, b in zip(loop.model.trainable_variables, before, strict=True)]
    assert np.sqrt(np.sum(moved)) == pytest.approx(GRADIENT_NORM, rel=1e-3)


def test_a_short_gradient_is_left_alone(make_loop):
    steps = {}
    for weight in (0.01, 0.02):
        loop = make_loop(rate=1.0, weight=weight)
        top = loop.model.layers[-2]
        before = top.get_weights()[0]
        loop.run(1)
        steps[weight] = top.get_weights()[0] - before
    np.testing.assert_allclose(steps[0.02], 2 * steps[0.01], rtol=1e-3, atol=1e-6)


def test_an_absurd_rate_diverges_and_the_loss_says_so(make_loop):
    loop = make_loop(rate=1e38)
    assert not np.isfinite(loop.run(3))


def test_predictions_are_those_of_the_model_in_the_order_of_the_rows(make_loop):
    loop = make_loop()
    loop.run(3)
    pictures = np.random.default_rng(9).integers(0, 256, (11, 8, 8, 3)).astype(np.uint8)
    rows = np.array([10, 3, 3, 0, 7, 5, 1])
    expected = loop.model(pictures[rows].astype(np.float32), training=False)[1].numpy()
    for batch_size in (1, 3, 7, 100):
        np.testing.assert_allclose(loop.predict(pictures, rows, batch_size), expected, atol=1e-6)


def test_predicting_changes_nothing(make_loop):
    loop = make_loop("simple_residual", side=16)
    pictures = np.random.default_rng(9).integers(0, 256, (5, 16, 16, 3)).astype(np.uint8)
    before = loop.model.get_weights()
    first = loop.predict(pictures, np.arange(5), 5)
    np.testing.assert_array_equal(loop.predict(pictures, np.arange(5), 5), first)
    for old, new in zip(before, loop.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
