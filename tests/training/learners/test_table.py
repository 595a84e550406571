"""Learning the rows of a table."""

from dataclasses import replace

import numpy as np
import pytest

from pyramid.networks.given_layers import complete_layers
from pyramid.tf import tf
from pyramid.training.learners.table import WORTH_FUSING, TableLearner
from pyramid.training.schedule import Phase
from pyramid.training.table import build_network
from pyramid.training.values import Values
from tests.training.tables import CANDIDATE, NUMERIC, table


@pytest.fixture(autouse=True)
def forget():
    yield
    tf.keras.backend.clear_session()  # else Keras keeps every network, and each test is slower than the one before


def make(candidate=CANDIDATE, data=None, **changes):
    candidate = replace(candidate, **changes)
    data = data or table(candidate.categorical)
    network = build_network(candidate)
    return TableLearner(candidate, network, Values(candidate, data.classes, standardised=True), data)


def weights(learner):
    return [array.copy() for array in learner.model.get_weights()]


@pytest.mark.parametrize("candidate", [CANDIDATE, NUMERIC], ids=["classes", "value"])
def test_the_loss_comes_down(candidate):
    learner = make(candidate)
    first = learner.run(1)
    learner.run(150)
    assert learner.run(4) < 0.5 * first
    assert learner.iterations == learner.own_iterations == 155


def test_making_it_takes_no_step():
    learner, before = make(), build_network(CANDIDATE).model.get_weights()
    assert learner.iterations == 0
    for one, other in zip(before, weights(learner), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_seed_learns_the_same_in_whatever_pieces():
    one, other = make(mixup_alpha=0.3), make(mixup_alpha=0.3)
    one.run(20)
    for steps in (1, 4, 15):
        other.run(steps)
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_predictions_are_probabilities_in_the_order_of_the_rows():
    learner, data = make(), table()
    learner.run(10)
    rows = np.array([5, 0, 0, 33, 2])
    expected = learner.model(data.inputs[rows])[1].numpy()
    for at_once in (1, 2, 100):
        np.testing.assert_allclose(learner.predict(rows, at_once), expected, atol=1e-6)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-5)


def test_nothing_is_learned_from_rows_that_are_held_out():
    """Their inputs are NaN here: one of them in a batch would show."""
    data = table()
    data.inputs[data.holdout] = np.nan
    learner = make(data=data)
    assert np.isfinite(learner.run(50))


def test_nothing_is_learned_from_rows_without_weight():
    data = table()
    data.inputs[data.training[::2]] = np.nan
    data.weights[data.training[::2]] = 0
    assert np.isfinite(make(data=data).run(50))


def test_rows_that_weigh_more_count_more():
    """Equal rows of two classes, one with nine times the weight of the other."""
    data = table()
    data.inputs[:] = 1.0
    data.targets[:] = np.eye(3, dtype=np.float32)[np.arange(len(data.inputs)) % 2]
    data.weights[:] = np.where(np.arange(len(data.inputs)) % 2, 1.8, 0.2)
    learner = make(data=data, batch_size=60)
    learner.run(300)
    assert learner.predict(np.array([0]), 1)[0] == pytest.approx([0.1, 0.9, 0.0], abs=0.03)


def test_a_balanced_objective_draws_rare_classes_as_often():
    data = table()
    data.inputs[:] = 1.0
    classes = np.zeros(len(data.inputs), int)
    classes[data.training[:6]] = 1
    data.targets[:] = np.eye(3, dtype=np.float32)[classes]
    plain, balanced = make(data=data, batch_size=60), make(data=data, batch_size=60, balance_objective=True)
    for learner in (plain, balanced):
        learner.run(300)
    assert plain.predict(np.array([0]), 1)[0] == pytest.approx([0.9, 0.1, 0.0], abs=0.03)
    assert balanced.predict(np.array([0]), 1)[0] == pytest.approx([0.5, 0.5, 0.0], abs=0.03)


def test_balancing_values_changes_nothing():
    one, other = make(NUMERIC), make(NUMERIC, balance_objective=True)
    assert one.run(10) == pytest.approx(other.run(10), rel=1e-5)


def size(learner, power):
    kernels = [array for array in weights(learner) if array.ndim == 2]
    return sum(np.sum(np.abs(kernel) ** power) for kernel in kernels)


@pytest.mark.parametrize(("key", "power"), [("l1_regularization", 1), ("l2_regularization", 2)])
def test_regularisation_is_part_of_the_loss_and_shrinks_weights(key, power):
    plain, shrunk = make(), make(**{key: 0.05})
    penalty = 0.05 * size(shrunk, power)
    assert shrunk.run(1) - plain.run(1) == pytest.approx(penalty, rel=1e-3)
    for learner in (plain, shrunk):
        learner.run(150)
    assert size(shrunk, power) < 0.5 * size(plain, power)


def test_l1_regularisation_makes_weights_of_useless_columns_vanish():
    learner = make(NUMERIC, l1_regularization=0.02)
    learner.run(400)
    kernel = np.abs(weights(learner)[0]).sum(axis=1)
    assert kernel[2:].max() < 0.1 * kernel[:2].min()


def test_regularisation_reaches_layers_within_blocks():
    block = {"type": "dense_residual_block", "dense_path": [{"type": "dense", "number_of_nodes": 4}]}
    layers = complete_layers([block], 3, True)
    penalty = make(layers=layers, l2_regularization=1.0).run(1) - make(layers=layers).run(1)
    assert penalty == pytest.approx(size(make(layers=layers), 2), rel=1e-3)


def test_a_phase_has_its_share_of_the_learning_rate():
    """With sgd a step is the rate times the gradient."""
    steps = {}
    for factor in (1.0, 0.25):
        learner = make(descent_algorithm="sgd", learning_rate=0.1)
        learner.enter(Phase(factor, 1.0))
        before = weights(learner)
        learner.run(1)
        steps[factor] = weights(learner)[0] - before[0]
    np.testing.assert_allclose(steps[0.25], 0.25 * steps[1.0], rtol=1e-3, atol=1e-6)


def test_a_step_that_is_compiled_by_xla_learns_the_same():
    block = {"type": "dense_residual_block", "dense_path": [{"type": "dense", "number_of_nodes": 8}]}
    hidden = [{"type": "dense", "number_of_nodes": 8}, {"type": "batch_normalization"}, block]
    layers = complete_layers(hidden, 3, True)
    changes = {"layers": layers, "mixup_alpha": 0.2, "l2_regularization": 0.001, "descent_algorithm": "momentum"}
    plain, fused = make(**changes), make(**changes)  # adam would make steps of the rounding where a gradient is 0
    fused._loop.fuse(5, np.inf)
    plain.run(5)
    assert fused.iterations == plain.iterations
    assert [fused.run(1) for _ in range(10)] == pytest.approx([plain.run(1) for _ in range(10)], rel=1e-3)
    for one, other in zip(weights(plain), weights(fused), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3)


def test_what_xla_made_is_kept_only_if_it_is_faster():
    learner = make(layers=complete_layers([], 3, True), descent_algorithm="sgd")
    plain = learner._loop._steps
    learner._loop.fuse(2, 0.0)
    assert learner._loop._steps is plain
    learner._loop.fuse(2, np.inf)
    assert learner._loop._steps is not plain


def test_an_operation_without_xla_code_leaves_the_plain_step():
    learner = make()
    learner.run(3)
    loss = learner._loop._task._loss

    def without_code(targets, outputs):
        seen = tf.numpy_function(lambda values: values, [outputs], tf.float32)  # Python, in the middle of the graph
        return loss(targets, outputs) + 0.0 * tf.reduce_sum(tf.stop_gradient(tf.reshape(seen, tf.shape(outputs))))

    learner._loop._task._loss = without_code
    plain = learner._loop._steps
    learner._loop.fuse(5, np.inf)
    assert learner._loop._steps is plain
    assert learner.iterations == 3
    assert np.isfinite(learner.run(5))


def test_a_short_training_is_not_timed():
    learner = make(max_iterations=499)
    learner.run(1)
    learner.settle()
    assert learner.iterations == 1


def test_a_training_that_is_over_soon_is_not_compiled():
    learner = make(max_iterations=None, max_training_time=WORTH_FUSING)
    plain = learner._loop._steps
    learner.settle()
    assert learner._loop._steps is plain


def test_finding_the_faster_step_stays_within_the_time_of_the_training():
    """Steps of some 20 ms or more, and 0.1 s for all of them."""
    layers = complete_layers([{"type": "dense", "number_of_nodes": 1024}] * 3, 3, True)
    learner = make(layers=layers, batch_size=256, max_iterations=None, max_training_time=0.1)
    learner.run(1)
    learner.settle()
    assert learner.iterations < 20


def test_an_absurd_rate_diverges_and_the_loss_says_so():
    assert not np.isfinite(make(learning_rate=1e38, descent_algorithm="sgd").run(5))
