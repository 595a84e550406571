"""Folded networks compute what they did before."""

import numpy as np
import orjson
import pytest

from pyramid.prediction.folding import folded, folded_document
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.layers.construct import LAYER_FUNCTIONS  # isort: skip
from sensenet.layers.utils import build_graph  # isort: skip

RANDOM = np.random.default_rng(0)


def weights(*shape):
    return RANDOM.normal(0, 0.3, shape).tolist()


def convolution(inputs=3, filters=4, **more):
    return {"type": "convolution_2d", "kernel": weights(3, 3, inputs, filters)} | PLAIN | more


def depthwise(inputs, multiplier, **more):
    kernel = {"kernel": weights(3, 3, inputs, multiplier), "depth_multiplier": multiplier}
    return {"type": "depthwise_convolution_2d"} | kernel | PLAIN | more


def separable(inputs, filters):
    kernels = {"depth_kernel": weights(3, 3, inputs, 2), "point_kernel": weights(1, 1, 2 * inputs, filters)}
    return {"type": "separable_convolution_2d", "depth_multiplier": 2} | kernels | PLAIN


def normalization(filters, **more):
    positive = {key: RANDOM.uniform(0.2, 3, filters).tolist() for key in ("gamma", "variance")}
    moments = {"beta": weights(filters), "mean": weights(filters), "epsilon": 0.01}
    return {"type": "batch_normalization"} | positive | moments | more


PLAIN = {"bias": None, "activation_function": "linear", "padding": "same", "strides": [1, 1]}
RELU = {"type": "activation", "activation_function": "relu"}

#: Layers, and how many of their normalizations stay.
NETWORKS = {
    "a convolution": ([convolution(), normalization(4), RELU], 0),
    "one with a bias": ([convolution(bias=weights(4)), normalization(4)], 0),
    "depthwise": ([depthwise(3, 2), normalization(6), RELU, depthwise(6, 1), normalization(6)], 0),
    "separable": ([separable(3, 5), normalization(5)], 0),
    "the input": ([normalization(3), convolution(), normalization(4)], 1),
    "an activation between": ([convolution(activation_function="relu"), normalization(4)], 1),
    "read twice": ([convolution(), normalization(4), {"type": "add", "inputs": [0, 1]}], 1),
    "read from afar": (
        [convolution(), convolution(4, 4), normalization(4, inputs=[0]), {"type": "concatenate", "inputs": [1, 2]}],
        1,
    ),
    "behind two layers": (
        [convolution(), RELU, convolution(4, 4), normalization(4, inputs=[2]), {"type": "add", "inputs": [1, 3]}],
        0,
    ),
    "in a block": (
        [
            convolution(),
            {
                "type": "resnet_block",
                "convolution_path": [convolution(4, 4), normalization(4)],
                "identity_path": [],
                "activation_function": "relu",
            },
            RELU,  # for a block has no output of its own
        ],
        0,
    ),
}


def computed(layers, place=-1):
    pixels = tf.constant(np.random.default_rng(1).uniform(-2, 2, (2, 7, 6, 3)), tf.float32)
    inputs = tf.keras.Input((7, 6, 3))
    network = tf.keras.Model(inputs, build_graph(layers, LAYER_FUNCTIONS, inputs)[place].output)
    return network(pixels, training=False).numpy()


def normalizations(layers):
    return orjson.dumps(layers, option=orjson.OPT_SERIALIZE_NUMPY).count(b'"batch_normalization"')


@pytest.mark.parametrize("name", NETWORKS)
def test_a_folded_network_computes_the_same(name):
    layers, stay = NETWORKS[name]
    before = orjson.dumps(layers)
    made = folded(layers)
    assert len(made) == len(layers)
    assert normalizations(made) == stay < max(2, normalizations(layers))
    expected = computed(layers)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(computed(made), expected, rtol=0, atol=1e-5)
    assert orjson.dumps(layers) == before


def test_an_output_of_the_network_stays_what_it_was():
    layers = [convolution(), normalization(4)]
    assert normalizations(folded(layers, outputs=[0])) == 1
    made = folded(layers, outputs=[1])
    assert normalizations(made) == 0
    np.testing.assert_allclose(computed(made, 1), computed(layers, 1), rtol=0, atol=1e-5)


def test_the_branches_of_a_detector_are_outputs():
    network = {"layers": [convolution(), normalization(4)], "metadata": {"outputs": [{"input": 0}, {"input": 1}]}}
    assert normalizations(folded_document({"image_network": network})["image_network"]["layers"]) == 1
    for other in (4, None, ["x"]):
        network["metadata"]["outputs"] = other
        assert normalizations(folded_document({"image_network": network})["image_network"]["layers"]) == 0


DAMAGED = {
    "one value for all filters": lambda convolution, normal: normal.update(gamma=[1.0]),
    "a number for a list": lambda convolution, normal: normal.update(beta=1.0),
    "too many values": lambda convolution, normal: normal.update(mean=weights(5)),
    "no mean": lambda convolution, normal: normal.pop("mean"),
    "a short bias": lambda convolution, normal: convolution.update(bias=[1.0]),
    "one filter": lambda convolution, normal: convolution.update(kernel=weights(3, 3, 3, 1)),
    "a flat kernel": lambda convolution, normal: convolution.update(kernel=weights(4)),
    "no epsilon": lambda convolution, normal: normal.update(epsilon=None),
    "a place that is not there": lambda convolution, normal: normal.update(inputs=[99]),
    "a place before the first": lambda convolution, normal: normal.update(inputs=[-99]),
    "itself": lambda convolution, normal: normal.update(inputs=[1]),
    "no number": lambda convolution, normal: normal.update(inputs=[False]),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_damaged_is_left_for_sensenet_to_refuse(damage):
    layers = [convolution(), normalization(4)]
    DAMAGED[damage](*layers)
    assert folded(layers) == layers


def test_what_has_no_weights_to_fold_stays_as_it_is():
    layers = [convolution(), {"type": "batch_normalization"} | dict.fromkeys(("gamma", "variance"), "ones")]
    assert folded(layers) == layers
    older = [{"weights": weights(3, 2), "offset": weights(2)}]
    assert folded(older) is older
    assert folded_document({"layers": older}) == {"layers": older}
    assert folded_document({"image_network": None}) == {"image_network": None}
