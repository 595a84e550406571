"""Deep networks on rows: what was trained is what sensenet serves."""

import itertools
import json

import numpy as np
import pytest

from pyramid.networks.deepnets import build_deepnet
from pyramid.networks.given_layers import complete_layers, output_layers
from pyramid.networks.hidden_layers import TOPOLOGIES, hidden_layers
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.layers.construct import feed_through  # isort: skip
from sensenet.layers.legacy import legacy_convert  # isort: skip
from sensenet.models.wrappers import create_model  # isort: skip

INPUTS = 5


@pytest.fixture(autouse=True)
def forget():
    yield
    tf.keras.backend.clear_session()  # else Keras keeps every network, and each test is slower than the one before


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(8).normal(size=(40, INPUTS)).astype(np.float32)


def d(nodes, function="linear", **more):
    return {"type": "dense", "number_of_nodes": nodes, "activation_function": function, **more}


def drop(rate=0.5, **more):
    return {"type": "dropout", "rate": rate, **more}


def act(function, **more):
    return {"type": "activation", "activation_function": function, **more}


def join(kind, *inputs):
    return {"type": kind, "inputs": list(inputs)}


def block(dense_path, identity_path=(), function="relu"):
    paths = {"dense_path": list(dense_path), "identity_path": list(identity_path)}
    return {"type": "dense_residual_block", "activation_function": function, **paths}


BATCH = {"type": "batch_normalization"}

NETWORKS = {
    "output alone": [],
    "dense": [d(4, "relu"), d(4, "tanh")],
    "activation apart": [d(4), act("mish"), d(6), act("leaky_relu")],
    "dropout first": [drop(), d(4, "relu")],
    "two dropouts first": [drop(), drop(0.2), d(4, "relu")],
    "dropout alone": [drop()],
    "dropout last": [d(4, "relu"), drop()],
    "dropout behind dropout": [d(4, "relu"), drop(), drop(), d(3), drop()],
    "alpha dropout": [d(4, "selu"), drop(dropout_type="alpha"), d(3, "selu")],
    "normalization first": [BATCH, d(4, "relu"), BATCH],
    "own epsilon": [d(4), {**BATCH, "epsilon": 0.5}, act("relu")],
    "inputs skip a layer": [d(4, "relu"), d(6, "tanh"), d(3, "relu", inputs=[0])],
    "inputs of a dropout": [d(4, "relu"), drop(), d(6, "tanh"), d(3, "relu", inputs=[1])],
    "a dropout skips a layer": [d(4, "relu"), d(6, "tanh"), drop(inputs=[0]), d(3)],
    "places move behind dropout": [d(4), drop(), d(4, "tanh"), drop(), d(4, "relu"), join("add", 0, 2, 4)],
    "add": [d(4, "relu"), d(4, "tanh"), join("add", 0, 1)],
    "add of dropouts": [d(4, "relu"), drop(), d(4, "tanh"), drop(), join("add", 1, 3), act("relu")],
    "one layer twice": [d(4, "relu"), drop(), join("add", 0, 1)],
    "concatenate": [d(4, "relu"), d(3, "tanh"), join("concatenate", 1, 0), d(5, "relu")],
    "branches": [d(4, "relu"), d(3, inputs=[0]), d(2, "tanh", inputs=[0]), join("concatenate", 1, 2)],
    "block": [d(4, "relu"), block([d(6, "relu"), d(4)])],
    "block first": [block([d(7, "relu"), d(INPUTS)]), d(4)],
    "two blocks": [d(4), block([d(4), BATCH, act("relu"), d(4), BATCH]), block([d(3), d(4)], function="tanh")],
    "identity path": [d(4, "relu"), block([d(6, "relu"), d(3)], [d(3), BATCH])],
    "identity path alone": [d(4, "relu"), block([], [d(4, "tanh")])],
    "dropout in a block": [d(4), block([drop(), d(6, "relu"), drop(), d(4), drop()], [drop()])],
    "places in a block": [d(4), drop(), block([d(4, "relu"), drop(), d(4), join("add", 1, 2)])],
    "dropout before a block": [d(4, "relu"), drop(), block([d(4)]), drop(), block([d(4)])],
    "around a block": [d(4, "relu"), drop(), block([d(4)]), drop(), join("concatenate", 0, 1, 3)],
}


def trained(layers, outputs, categorical, rows, steps=3):
    """A network after some steps: its biases and moving averages are no longer those that it starts with."""
    network = build_deepnet(complete_layers(layers, outputs, categorical), INPUTS, categorical, 7)
    optimizer = tf.keras.optimizers.legacy.SGD(0.05)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            raw, _ = network.model(rows * 3 + 1, training=True)
            loss = tf.reduce_mean(tf.abs(raw - 1.5))
        variables = network.model.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients((g, v) for g, v in zip(gradients, variables, strict=True) if g is not None)
    return network


def served(layers, rows):
    """What sensenet makes of a document."""
    given = tf.keras.Input((rows.shape[1],))
    return tf.keras.Model(given, feed_through(layers, given))(rows).numpy()


@pytest.mark.parametrize(("name", "categorical"), [*zip(NETWORKS, itertools.cycle([True, False]))])
def test_sensenet_predicts_what_the_network_does(name, categorical, rows):
    network = trained(NETWORKS[name], 3 if categorical else 1, categorical, rows)
    layers = network.layers()
    assert "dropout" not in json.dumps(layers, default=lambda array: None)
    expected = network.served(rows).numpy()
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(served(layers, rows), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "layers",
    [
        [drop(), d(4, "relu"), d(INPUTS, "tanh", inputs=[0])],
        [drop(), d(INPUTS, "relu"), d(INPUTS, "tanh"), join("add", 0, 2)],
        [drop(), d(INPUTS, "relu"), d(4), join("concatenate", 2, 0)],
    ],
    ids=["skip", "add", "concatenate"],
)
def test_what_leaves_a_first_dropout_may_enter_any_layer(layers, rows):
    network = trained(layers, 1, False, rows)
    np.testing.assert_allclose(served(network.layers(), rows), network.served(rows).numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("topology", "residuals"), [("rectangle", True), ("funnel", False), ("diamond", True)])
def test_sensenet_predicts_what_a_network_of_a_topology_does(topology, residuals, rows):
    hidden = hidden_layers(TOPOLOGIES[topology](5, 8), "swish", 0.2, residuals)
    network = trained(hidden, 3, True, rows)
    np.testing.assert_allclose(served(network.layers(), rows), network.served(rows).numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("topology", "residuals", "categorical"),
    [("rectangle", True, True), ("rectangle", True, False), ("funnel", False, True), ("diamond", True, False)],
)
def test_the_legacy_form_predicts_the_same(topology, residuals, categorical, rows):
    hidden = hidden_layers(TOPOLOGIES[topology](5, 8), "relu", 0.2, residuals)
    network = trained(hidden, 3 if categorical else 1, categorical, rows)
    converted = legacy_convert({"layers": network.layers()})["layers"]
    assert not any("type" in layer for layer in converted)
    np.testing.assert_allclose(served(converted, rows), network.served(rows).numpy(), rtol=1e-4, atol=1e-5)


def test_a_whole_document_predicts_the_mean_of_its_networks_in_the_objectives_own_unit(rows):
    networks = [trained(NETWORKS[name], 1, False, rows) for name in ("two blocks", "concatenate")]
    document = {
        "networks": [{"layers": network.layers(), "trees": False} for network in networks],
        "preprocess": [{"type": "numeric", "index": i, "mean": 10.0 * i, "stdev": 2.0} for i in range(INPUTS)],
        "output_exposition": {"type": "numeric", "mean": 100.0, "stdev": 20.0},
        "trees": None,
        "image_network": None,
    }
    own = rows * 2 + 10.0 * np.arange(INPUTS, dtype=np.float32)
    expected = 100 + 20 * np.mean([network.served(rows).numpy() for network in networks], axis=0)
    np.testing.assert_allclose(create_model(document)(own.tolist()), expected, rtol=1e-4, atol=1e-3)


def test_the_model_gives_what_is_learned_and_what_is_served(rows):
    raw, probabilities = trained([d(4, "relu")], 3, True, rows).model(rows)
    np.testing.assert_allclose(tf.nn.softmax(raw), probabilities, atol=1e-6)
    raw, values = trained([d(4, "relu")], 1, False, rows).model(rows)
    np.testing.assert_array_equal(raw, values)


def test_a_documents_weights_are_float32_arrays(rows):
    layers = trained([d(4), BATCH], 1, False, rows).layers()
    arrays = [value for layer in layers for value in layer.values() if isinstance(value, np.ndarray)]
    assert [array.shape for array in arrays] == [(INPUTS, 4), (4,), (4,), (4,), (4,), (4,), (4, 1), (1,)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def kernels(layers, seed, inputs=8):
    network = build_deepnet(layers, inputs, False, seed)
    return [kernel.numpy() for _, kernel in network.kernels]


DEEP = [*hidden_layers([8] * 6, "relu", 0.0, True), *output_layers(1, False)]


def test_no_two_layers_of_one_shape_start_equal():
    """Those within blocks included."""
    weights = kernels(DEEP, 3)[:-1]
    assert len(weights) == 6
    for i, one in enumerate(weights):
        for other in weights[:i]:
            assert np.abs(one - other).max() > 0.01


def test_the_same_seed_gives_the_same_weights_and_another_one_others():
    first = kernels(DEEP, 3)
    for one, same, other in zip(first, kernels(DEEP, 3), kernels(DEEP, 4), strict=True):
        np.testing.assert_array_equal(one, same)
        assert np.abs(one - other).max() > 0.01


def test_neighbouring_seeds_share_no_layer():
    """Two members of an ensemble must not begin with the same weights in other places."""
    for one in kernels(DEEP, 3)[:-1]:
        for other in kernels(DEEP, 4)[:-1]:
            assert np.abs(one - other).max() > 0.01


def test_the_largest_seed_is_taken():
    assert np.ptp(kernels(DEEP, 2**31 - 1)[0]) > 0


def test_every_dense_layer_has_a_kernel_to_regularise():
    layers = complete_layers([d(8), block([d(3), d(8)], [d(8)])], 1, False)
    assert [kernel.shape for kernel in kernels(layers, 0)] == [(8, 8), (8, 3), (3, 8), (8, 8), (8, 1)]


@pytest.mark.parametrize(
    "layers",
    [
        [d(4), d(3), join("add", 0, 1)],
        [d(4), block([d(3)])],
    ],
    ids=["add", "block"],
)
def test_layers_that_do_not_fit_together_are_a_value_error(layers):
    with pytest.raises(ValueError):  # noqa: PT011 - Keras's message
        build_deepnet(complete_layers(layers, 1, False), INPUTS, False, 0)


def kept(seed, rate=0.5):
    """Which of 64 nodes of 100 rows each of two dropouts keeps, in one step of a graph."""
    network = build_deepnet(complete_layers([drop(rate), d(64), drop(rate)], 1, False), 64, False, seed)
    layers = [layer for layer in network.model.layers if isinstance(layer, tf.keras.layers.Dropout)]
    ones = tf.ones((100, 64))
    return [mask.numpy() > 0 for mask in tf.function(lambda: [layer(ones, training=True) for layer in layers])()]


def test_a_dropout_leaves_out_its_share_of_the_nodes():
    for mask in kept(1, 0.25):
        assert mask.mean() == pytest.approx(0.75, abs=0.02)


def test_two_dropouts_of_one_width_leave_out_different_nodes():
    """By chance one half of the nodes has the same fate in both."""
    first, second = kept(1)
    assert np.mean(first == second) == pytest.approx(0.5, abs=0.05)


def test_the_seed_decides_which_nodes_a_dropout_leaves_out():
    assert np.mean(kept(1)[0] == kept(2)[0]) == pytest.approx(0.5, abs=0.05)
