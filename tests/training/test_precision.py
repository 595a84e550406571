"""Steps with 16 bits; what is learned, measured and served has 32."""

from dataclasses import replace

import numpy as np
import pytest

from pyramid.finalize.document import model_document
from pyramid.networks.build import build
from pyramid.networks.given_layers import complete_layers
from pyramid.tf import tf
from pyramid.training import precision
from pyramid.training.candidate import WEIGHTS_FILE
from pyramid.training.feeds import Stream
from pyramid.training.learners.table import TableLearner
from pyramid.training.loop import TrainingLoop
from pyramid.training.optimizers import SteppedRate, make_optimizer
from pyramid.training.precision import FULL, LossScale, compute_type, lowered
from pyramid.training.table import build_network
from pyramid.training.values import Values
from tests.candidates import CANDIDATE
from tests.training import tables

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.wrappers import create_model  # isort: skip

without_gpus = pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="there are GPUs")


@pytest.fixture(autouse=True)
def forget():
    yield
    tf.keras.backend.clear_session()  # else Keras keeps every network, and each test is slower than the one before


@without_gpus
@pytest.mark.parametrize(("wish", "expected"), [("auto", FULL), ("off", FULL), ("on", "bfloat16")])
def test_a_cpu_computes_with_32_bits_unless_told(wish, expected):
    assert compute_type(wish) == expected


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_layers_compute_with_16_bits_and_the_outputs_with_32(kind):
    model = build("simple_residual", 16, 16, 3, True, 0).model
    low = lowered(model, kind)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype(np.float32)
    types = {type(layer).__name__: layer.compute_dtype for layer in low.layers[:-2]}
    assert types["Conv2D"] == types["BatchNormalization"] == types["Add"] == kind
    assert [layer.compute_dtype for layer in low.layers[-2:]] == [FULL, FULL]
    for one, other in zip(low(pixels, training=False), model(pixels, training=False), strict=True):
        assert one.dtype == tf.float32
        assert 0 < np.abs(one - other).max() < 0.05


def test_variables_are_shared_and_have_32_bits():
    model = build("mobilenetv2", 32, 32, 2, True, 0).model
    low = lowered(model, "bfloat16")
    assert all(variable.dtype == tf.float32 for variable in low.weights)
    low.set_weights([np.full(array.shape, 0.25, np.float32) for array in low.get_weights()])
    assert all((array == 0.25).all() for array in model.get_weights())
    assert model.layers[-1].compute_dtype == FULL


def make_loop(kind, optimizer="adam", weight=1.0, network="simple"):
    rng = np.random.default_rng(4)
    pictures, targets = rng.integers(0, 256, (8, 8, 8, 3)).astype(np.uint8), (np.arange(8) % 2).astype(np.float32)
    batches = tf.data.Dataset.from_tensors((pictures, targets, np.full(8, weight, np.float32))).repeat()
    model = build(network, 8, 8, 2, True, 0).model
    optimizer = make_optimizer(optimizer, SteppedRate(0.001, 0), {})
    return TrainingLoop(model, optimizer, Values(CANDIDATE, targets), Stream(batches), compute_type=kind)


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_the_loss_comes_down_as_with_32_bits(kind):
    loop, full = make_loop(kind), make_loop(FULL)
    first, other = loop.run(1), full.run(1)
    assert first == pytest.approx(other, rel=0.02)
    assert first != other
    loop.run(60)
    assert loop.run(1) < 0.5 * first


def test_small_gradients_are_no_zeros_in_float16(monkeypatch):
    """Of pictures that weigh next to nothing; the steps of adam are of one size, however small the gradients."""
    moved = {}
    for scale in (2.0**15, 1.0):
        monkeypatch.setattr(precision, "FIRST_SCALE", scale)
        loop = make_loop("float16", weight=1e-6)
        loop._penalty = lambda: tf.constant(0.0)
        kernel = loop.model.trainable_variables[0]
        before = kernel.numpy()
        loop.run(1)
        moved[scale] = (kernel.numpy() != before).mean()
    assert moved[1.0] < 0.5
    assert moved[2.0**15] > 0.9


def test_steps_that_overflow_are_left_out_and_halve_the_scale():
    loop = make_loop("float16", weight=1e5)
    before = loop.model.trainable_variables[0].numpy()
    loop.run(2)
    np.testing.assert_array_equal(loop.model.trainable_variables[0].numpy(), before)
    assert float(loop._scale.value) == precision.FIRST_SCALE / 4
    assert int(loop._optimizer.iterations) == 0
    loop.run(20)
    assert int(loop._optimizer.iterations) > 0
    assert all(np.isfinite(array).all() for array in loop.model.get_weights())
    loop.model.set_weights([np.full_like(array, np.nan) for array in loop.model.get_weights()])
    assert not np.isfinite(loop.run(1))  # what diverges is told


def test_the_scale_doubles_after_many_good_steps_and_is_never_below_one():
    scale, calls = LossScale(), []
    for _ in range(precision.STEPS_TO_DOUBLE):
        scale.guard(tf.constant(True), lambda: calls.append(1))
    assert float(scale.value) == 2 * precision.FIRST_SCALE
    assert len(calls) == precision.STEPS_TO_DOUBLE
    for _ in range(30):
        scale.guard(tf.constant(False), lambda: calls.append(1))
    assert float(scale.value) == 1.0
    assert len(calls) == precision.STEPS_TO_DOUBLE


def test_what_is_measured_and_served_has_32_bits(make_candidate, dark_and_light, start, saved_network, tmp_path):
    candidate = make_candidate(mixed_precision="on", max_iterations=15)
    pictures, dataset = dark_and_light
    training = start(candidate, *dark_and_light)
    while (progress := training.advance(1e6)).result is None:
        pass
    assert training._learner.loop._learning is not training._learner.model
    predicted = training.predict(dataset.holdout)
    document = model_document(candidate, progress.result, tmp_path / candidate.folder / WEIGHTS_FILE)
    served = create_model(document)
    for row, expected in zip(dataset.holdout[:5], predicted, strict=False):
        np.testing.assert_allclose(served(pictures[row])[0], expected, rtol=0, atol=1e-5)
    truth = dataset.targets[dataset.holdout].astype(int)
    measured = training._task.measure(["accuracy", "likelihood"], dataset.holdout, predicted).metrics
    assert measured == pytest.approx({name: progress.result.metrics[name] for name in measured}, abs=1e-6)
    assert measured["accuracy"] == pytest.approx((predicted.argmax(axis=1) == truth).mean())
    assert all(array.dtype == np.float32 for array in saved_network(candidate).get_weights())


def test_frozen_layers_stay_to_the_bit(make_candidate, dark_and_light, start, published):
    candidate = make_candidate(method="use_pretrained", mixed_precision="on", max_data_size=1000)
    weights = published(candidate)
    learner = start(candidate, *dark_and_light, start=weights)._learner
    learner.run(5)
    body = [array for layer in learner._network.body for array in layer.get_weights()]
    for given, now in zip([array for layer in weights for array in layer], body, strict=True):
        np.testing.assert_array_equal(given, now)


def make_table(**changes):
    hidden = [{"type": "dense", "number_of_nodes": 16}, {"type": "batch_normalization"}]
    block = {"type": "dense_residual_block", "dense_path": [{"type": "dense", "number_of_nodes": 16}]}
    candidate = replace(tables.CANDIDATE, layers=complete_layers([*hidden, block], 3, True), **changes)
    data = tables.table()
    network = build_network(candidate)
    return TableLearner(candidate, network, Values(candidate, data.classes, standardised=True), data)


def test_a_table_is_learned_with_16_bits_where_that_is_asked_for():
    learner, full = make_table(mixed_precision="on", l2_regularization=0.01), make_table(l2_regularization=0.01)
    assert full._loop._learning is full.model
    assert learner._loop._learning is not learner.model
    first = learner.run(1)
    assert first == pytest.approx(full.run(1), rel=0.02)
    learner._loop.fuse(5, np.inf)  # by XLA
    learner.run(60)
    assert learner.run(4) < 0.5 * first
    rows = np.arange(5)
    np.testing.assert_allclose(learner.predict(rows, 5), learner.model(tables.table().inputs[rows])[1], atol=1e-6)
