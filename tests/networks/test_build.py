"""Layer documents -> Keras models and back."""

import numpy as np
import pytest

from pyramid.networks.build import BATCH_NORMALIZATION_MOMENTUM, build
from pyramid.networks.readout import readout
from pyramid.tf import tf


def pixels(width, height, count=2):
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3)).astype(np.float32)


def test_the_readout_of_classes_is_a_dense_layer_of_256_and_probabilities():
    hidden, output, top = readout(7, categorical=True)
    assert (hidden["number_of_nodes"], hidden["activation_function"]) == (256, "relu")
    assert (output["number_of_nodes"], output["activation_function"]) == (7, "linear")
    assert (top["type"], top["activation_function"]) == ("activation", "softmax")


def test_the_readout_of_a_value_ends_with_one_number():
    hidden, output = readout(1, categorical=False)
    assert (hidden["number_of_nodes"], output["number_of_nodes"]) == (256, 1)
    assert output["activation_function"] == "linear"


def test_a_network_of_classes_gives_logits_and_their_probabilities():
    raw, served = build("simple", 16, 8, 4, True, 0).model(pixels(16, 8))
    assert raw.shape == (2, 4)
    np.testing.assert_allclose(served, tf.nn.softmax(raw), atol=1e-6)


def test_a_network_of_values_serves_what_it_learns():
    raw, served = build("simple", 16, 8, 1, False, 0).model(pixels(16, 8))
    assert raw.shape == (2, 1)
    np.testing.assert_array_equal(raw, served)


def test_the_shape_is_height_by_width():
    assert build("simple", 16, 8, 2, True, 0).model.input_shape == (None, 8, 16, 3)


@pytest.mark.parametrize(("network", "width", "height"), [("simple", 11, 27), ("simple_residual", 45, 17)])
def test_odd_shapes_are_fine(network, width, height):
    assert np.isfinite(build(network, width, height, 2, True, 0).model(pixels(width, height))[1]).all()


def test_pixels_are_scaled_inside_the_model():
    """Centred: grey 127.5 is 0 to the first convolution, whatever its kernel."""
    network = build("simple", 8, 8, 2, True, 0)
    assert network.loading_method == "centering"
    first = next(layer for layer in network.model.layers if isinstance(layer, tf.keras.layers.Conv2D))
    response = tf.keras.Model(network.model.input, first.output)
    assert np.abs(response(np.full((1, 8, 8, 3), 127.5, np.float32))).max() == pytest.approx(0.0, abs=1e-4)
    assert np.abs(response(np.full((1, 8, 8, 3), 255.0, np.float32))).max() > 1e-3


def test_batch_normalization_follows_quickly():
    layers = build("simple", 8, 8, 2, True, 0).model.layers
    momenta = [layer.momentum for layer in layers if isinstance(layer, tf.keras.layers.BatchNormalization)]
    assert momenta == [BATCH_NORMALIZATION_MOMENTUM] * 3


def test_the_layers_come_back_with_their_weights():
    network = build("simple", 8, 8, 5, True, 0)
    image, top = network.image_layers(), network.readout_layers()
    assert network.outputs == 128
    assert image[-1]["type"] == "global_max_pool_2d"
    assert np.shape(image[0]["kernel"]) == (3, 3, 3, 32)
    assert np.shape(top[0]["weights"]) == (128, 256)
    assert np.shape(top[1]["weights"]) == (256, 5)
    assert top[2] == {"type": "activation", "activation_function": "softmax"} | {"inputs": top[2]["inputs"]}
    np.testing.assert_array_equal(np.float32(image[0]["kernel"]), network.model.get_weights()[0])


def test_drop_block_is_no_part_of_the_document():
    layers = build("simple_residual", 16, 16, 2, True, 0).image_layers()
    assert "dropout" not in {layer["type"] for layer in layers}


def test_the_two_layers_of_the_readout_have_draws_of_their_own():
    first, second = build("simple", 8, 8, 256, True, 0).model.get_weights()[-4::2]
    assert first.shape == (128, 256)
    assert second.shape == (256, 256)
    assert not np.allclose(first / np.abs(first).max(), second[:128] / np.abs(second).max())


def test_a_network_that_is_not_known_is_an_error():
    with pytest.raises(KeyError):
        build("no_such_network", 32, 32, 2, True, 0)
