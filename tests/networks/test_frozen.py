"""The two halves of a network, and what stays as it is in the first."""

import numpy as np
import pytest

from pyramid.networks.build import build
from pyramid.networks.frozen import extractor, head, set_frozen
from pyramid.networks.yolo import build_detector

SIX = [[4.0, 6.0], [8.0, 8.0], [12.0, 10.0], [20.0, 22.0], [30.0, 28.0], [50.0, 52.0]]


def settled(network):
    """``network`` with moments and biases that do something, as those of a trained one do."""
    rng = np.random.default_rng(8)
    for layer in network.layers:
        arrays = layer.get_weights()
        if "BatchNormalization" in type(layer).__name__:
            arrays = [np.exp(rng.normal(0, 0.1, array.shape)) for array in arrays]
        layer.set_weights(arrays)
    return network


@pytest.fixture(scope="module")
def networks():
    return {
        "simple": settled(build("simple", 16, 12, 3, categorical=True, seed=5)),
        "resnet18": settled(build("resnet18", 32, 32, 2, categorical=True, seed=5)),
        "simple, values": settled(build("simple", 16, 12, 1, categorical=False, seed=5)),
        "tinyyolov4": settled(build_detector("tinyyolov4", 64, 2, SIX, seed=5)),
    }


def pictures_for(network, count=3):
    height, width = network.model.input.shape[1:3]
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "branches"),
    [
        ("simple", 1),
        ("resnet18", 1),
        ("tinyyolov4", 2),
        ("simple, values", 1),
    ],
)
def test_the_readout_on_the_features_gives_what_the_whole_gives(networks, name, branches):
    network = networks[name]
    pixels = pictures_for(network)
    features = extractor(network)(pixels, training=False)
    assert features.shape == (3, sum(symbolic.shape[1:].num_elements() for symbolic in network.features))
    assert len(network.features) == branches
    halves = head(network)(features, training=False)
    whole = network.model(pixels, training=False)
    assert len(halves) == len(whole) == 2
    for half, full in zip(halves, whole, strict=True):
        assert np.std(full) > 1e-4  # else anything would be equal
        np.testing.assert_allclose(half, full, rtol=1e-5, atol=1e-5)


def test_the_halves_share_their_weights_with_the_whole(networks):
    """What is learned on the features is learned in the network."""
    network = networks["simple"]
    features = extractor(network)(pictures_for(network), training=False)
    before = head(network)(features)[0].numpy()
    half = head(network)
    half.trainable_variables[-1].assign_add([1.0, 2.0, 3.0])
    np.testing.assert_allclose(head(network)(features)[0] - before, np.tile([1.0, 2.0, 3.0], (3, 1)), atol=1e-5)
    np.testing.assert_allclose(network.model(pictures_for(network))[0] - before, half(features)[0] - before, atol=1e-5)


@pytest.mark.parametrize("name", ["simple", "tinyyolov4"])
def test_a_frozen_network_has_only_its_readout_to_learn(networks, name):
    network = networks[name]
    readout = {id(variable) for layer in network.readout for variable in layer.trainable_variables}
    total = len(network.model.trainable_variables)
    set_frozen(network, True)
    assert {id(variable) for variable in network.model.trainable_variables} == readout
    set_frozen(network, False)
    assert len(network.model.trainable_variables) == total > len(readout)


def test_frozen_moments_neither_move_nor_follow_the_batch(networks):
    network = networks["resnet18"]
    pixels = pictures_for(network)
    served, before = network.model(pixels, training=False)[0].numpy(), network.model.get_weights()
    set_frozen(network, True)
    np.testing.assert_allclose(network.model(pixels, training=True)[0], served, rtol=1e-5, atol=1e-5)
    for one, other in zip(before, network.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    set_frozen(network, False)
    assert not np.allclose(network.model(pixels, training=True)[0], served, rtol=1e-2)
    assert any(not np.array_equal(*pair) for pair in zip(before, network.model.get_weights(), strict=True))
