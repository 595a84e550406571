"""What `test_devices.py` runs in a process of its own, whose CPU is three devices: it can be told so once only."""

from dataclasses import replace

import numpy as np
import pytest

from pyramid.tf import tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 3
)

from pyramid.networks.given_layers import complete_layers  # noqa: E402 - nothing may use TensorFlow before that
from pyramid.training.candidate import WEIGHTS_FILE  # noqa: E402
from pyramid.training.devices import Devices  # noqa: E402
from pyramid.training.feeds import Stream  # noqa: E402
from pyramid.training.loop import TrainingLoop  # noqa: E402
from pyramid.training.optimizers import SteppedRate, make_optimizer  # noqa: E402
from pyramid.training.table import TableTraining, build_network  # noqa: E402
from pyramid.training.values import Values  # noqa: E402
from tests.candidates import CANDIDATE  # noqa: E402
from tests.training import tables  # noqa: E402

NAMES = ("CPU:0", "CPU:1", "CPU:2")

NORMALIZED = complete_layers([{"type": "dense", "number_of_nodes": 8}, {"type": "batch_normalization"}], 3, True)


@pytest.fixture
def two():
    yield Devices(NAMES[:2])
    tf.keras.backend.clear_session()


@pytest.fixture
def three():
    yield Devices(NAMES)
    tf.keras.backend.clear_session()


def convolutions(devices, optimizer="momentum", precision="float32", rows=10, weight=1.0):
    """A loop over one batch, for a network without batch normalization, but with a penalty of large weights."""
    rng = np.random.default_rng(4)
    targets = (np.arange(rows) % 2).astype(np.float32)
    pictures = rng.integers(0, 256, (rows, 8, 8, 3)).astype(np.uint8)
    weights = (weight * rng.uniform(0.5, 1.5, rows)).astype(np.float32)
    batches = tf.data.Dataset.from_tensors((pictures, targets, weights)).repeat()
    layers = tf.keras.layers
    start = tf.keras.initializers.GlorotUniform
    with devices.scope():
        pixels = tf.keras.Input((8, 8, 3))
        seen = layers.Conv2D(
            6, 3, activation="relu", kernel_regularizer=tf.keras.regularizers.l2(0.1), kernel_initializer=start(seed=1)
        )(pixels / 255)
        logits = layers.Dense(2, kernel_initializer=start(seed=2))(layers.Flatten()(seen))
        model = tf.keras.Model(pixels, [logits, layers.Softmax()(logits)])
        descent = make_optimizer(optimizer, SteppedRate(0.01, 5), {})
    return TrainingLoop(model, descent, Values(CANDIDATE, targets), Stream(batches), devices, precision)


def assert_same(loop, other):
    for one, two in zip(loop.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("count", "optimizer", "weight"), [(2, "momentum", 1.0), (3, "sgd", 1e5)])
def test_several_devices_learn_what_one_learns(count, optimizer, weight):
    """Of 10 rows three have 4, 3 and 3; and gradients that are too long are shortened as a whole."""
    alone, together = (convolutions(Devices(names), optimizer, weight=weight) for names in ((), NAMES[:count]))
    before = alone.model.get_weights()[0]
    assert [together.run(1), together.run(11)] == pytest.approx([alone.run(1), alone.run(11)], rel=1e-4)
    assert_same(together, alone)
    assert np.abs(alone.model.get_weights()[0] - before).max() > 0.01


def test_a_table_is_learned_as_by_one_device(two, tmp_path):
    """In uneven parts, with mixup, a penalty, weights, and steps down of the rate."""
    data = tables.table()
    data.weights[::4] = 2.0
    candidate = replace(
        tables.CANDIDATE, batch_size=15, mixup_alpha=0.3, l2_regularization=0.01, descent_algorithm="momentum"
    )
    alone = TableTraining(candidate, data, tmp_path / "alone")._learner
    together = TableTraining(candidate, data, tmp_path / "together", devices=two)._learner
    assert together.run(30) == pytest.approx(alone.run(30), rel=1e-4)
    assert_same(together, alone)


def test_a_table_with_batch_normalization_is_learned(three, tmp_path):
    candidate = replace(tables.CANDIDATE, layers=NORMALIZED, max_iterations=150)
    data = tables.table()
    training = TableTraining(candidate, data, tmp_path / "one", devices=three)
    result = training.complete(1000.0, lambda progress: None)
    assert result.metrics["likelihood"] > 0.6
    again = build_network(candidate)
    again.model.load_weights(tmp_path / "one" / WEIGHTS_FILE)
    np.testing.assert_allclose(training.predict(data.holdout), again.served(data.inputs[data.holdout]), atol=1e-6)


def test_pictures_are_learned_by_a_network_with_batch_normalization(
    two, make_candidate, dark_and_light, start, saved_network
):
    candidate = make_candidate(max_iterations=40, mixed_precision="on")
    training = start(candidate, *dark_and_light, devices=two)
    while (progress := training.advance(1e6)).result is None:
        pass
    assert progress.result.metrics["accuracy"] == 1.0
    pictures, dataset = dark_and_light
    expected = saved_network(candidate)(pictures[dataset.holdout].astype(np.float32))[1]
    np.testing.assert_allclose(training.predict(dataset.holdout), expected, atol=1e-5)


def test_copies_on_the_devices_are_served_and_set_together(two, tmp_path):
    """Moments are the mean over the devices; weights that are restored, and a step down of the rate, reach all."""
    learner = TableTraining(
        replace(tables.CANDIDATE, layers=NORMALIZED), tables.table(), tmp_path, devices=two
    )._learner
    learner.run(5)
    for variable, served in zip(learner.model.weights, learner.model.get_weights(), strict=True):
        copies = [copy.numpy() for copy in variable.values]
        assert np.allclose(*copies) != ("moving" in variable.name)
        np.testing.assert_allclose(served, np.mean(copies, axis=0), rtol=1e-5, atol=1e-6)
    given = [np.full_like(array, 0.5) for array in learner.model.get_weights()]
    learner.model.set_weights(given)
    learner._rate.rate.assign(0.0)
    for variable, array in zip(learner.model.weights, given, strict=True):
        np.testing.assert_array_equal([copy.numpy() for copy in variable.values], [array, array])
    learner.run(3)
    for variable in learner.model.trainable_variables:
        np.testing.assert_array_equal([copy.numpy() for copy in variable.values], np.full((2, *variable.shape), 0.5))


@pytest.mark.parametrize("size", [2**30, 1000], ids=["features are kept", "features are computed again"])
def test_frozen_layers_stay_and_the_readout_is_learned(two, make_candidate, dark_and_light, start, published, size):
    candidate = make_candidate(method="use_pretrained", max_data_size=size, mixed_precision="on")
    weights = published(candidate)
    learner = start(candidate, *dark_and_light, start=weights, devices=two)._learner
    readout = learner._network.readout[0].get_weights()[0]
    learner.run(5)
    body = [array for layer in learner._network.body for array in layer.get_weights()]
    for given, now in zip([array for layer in weights for array in layer], body, strict=True):
        np.testing.assert_array_equal(given, now)
    assert not np.array_equal(readout, learner._network.readout[0].get_weights()[0])


def test_a_step_that_overflows_is_left_out_by_all_devices(two):
    """In float16, whose scaled gradients are too large here; a smaller scale follows, until they are not."""
    loop = convolutions(two, "adam", "float16", weight=1e4)
    before, scale = loop.model.get_weights(), float(loop._scale.value.numpy())
    loop.run(1)
    for one, other in zip(before, loop.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert float(loop._scale.value.numpy()) == scale / 2
    loop.run(20)
    assert not np.array_equal(before[0], loop.model.get_weights()[0])
    assert np.isfinite(loop.model.get_weights()[0]).all()
