"""The shapes of the networks that are pyramid's own."""

import pytest

from pyramid.networks.topologies import TOPOLOGIES, simple, simple_residual
from pyramid.settings.networks import NETWORKS


def of_type(topology, kind):
    return [layer for layer in topology.layers if layer["type"] == kind]


def filters(topology):
    return [layer["number_of_filters"] for layer in of_type(topology, "convolution_2d")]


def test_simple_is_three_convolutions_with_pooling_between():
    topology = simple(32, 32)
    block = ["convolution_2d", "batch_normalization", "activation"]
    expected = [*block, "max_pool_2d", *block, "max_pool_2d", *block, "global_max_pool_2d"]
    assert [layer["type"] for layer in topology.layers] == expected
    assert filters(topology) == [32, 64, 128]
    assert all(layer["kernel_dimensions"] == [3, 3] for layer in of_type(topology, "convolution_2d"))
    assert all(layer["strides"] == [1, 1] for layer in of_type(topology, "convolution_2d"))
    assert {layer["activation_function"] for layer in of_type(topology, "activation")} == {"relu"}
    assert all(layer["pool_size"] == layer["strides"] == [2, 2] for layer in of_type(topology, "max_pool_2d"))


#: shorter side -> clamp(round(log2(side)) - 2, 3, 6)
STAGES = {16: 3, 22: 3, 32: 3, 45: 3, 46: 4, 64: 4, 90: 4, 91: 5, 128: 5, 181: 5, 182: 6, 256: 6, 1024: 6}


@pytest.mark.parametrize(("side", "stages"), STAGES.items())
def test_simple_residual_has_more_stages_for_larger_pictures(side, stages):
    topology = simple_residual(side, side)
    assert len(of_type(topology, "add")) == stages
    assert len(of_type(topology, "max_pool_2d")) == stages - 1
    assert filters(topology) == [32 * 2**stage for stage in range(stages) for _ in range(3)]


@pytest.mark.parametrize("shape", [(64, 300), (300, 64)])
def test_the_shorter_side_says_how_many_stages(shape):
    assert len(of_type(simple_residual(*shape), "add")) == 4


def test_a_stage_is_a_1x1_convolution_and_a_residual_pair_of_3x3_with_mish_and_drop_block():
    topology = simple_residual(32, 32)
    sides = [layer["kernel_dimensions"] for layer in of_type(topology, "convolution_2d")]
    assert sides == [[1, 1], [3, 3], [3, 3]] * 3
    assert {layer["activation_function"] for layer in of_type(topology, "activation")} == {"mish"}
    assert [layer["dropout_type"] for layer in of_type(topology, "dropout")] == ["block"] * 3
    assert topology.layers[-1]["type"] == "global_max_pool_2d"


def test_a_shortcut_leads_from_the_mish_after_the_1x1_to_the_sum():
    """And the other input is the normalization before the sum."""
    topology = simple_residual(32, 32)
    for place, layer in enumerate(topology.layers):
        if layer["type"] == "add":
            shortcut, added = layer["inputs"]
            assert topology.layers[shortcut - 2]["kernel_dimensions"] == [1, 1]
            assert topology.layers[shortcut]["type"] == "activation"
            assert topology.layers[added]["type"] == "batch_normalization"
            assert (place - shortcut, place - added) == (6, 1)
            assert topology.layers[place + 1]["type"] == "activation"


@pytest.mark.parametrize(("side", "block"), [(16, 1), (32, 1), (64, 2), (100, 3), (224, 7), (500, 15)])
def test_the_drop_block_is_three_percent_of_the_side(side, block):
    """Of each stage's own side, and one pixel at least."""
    blocks = [layer["block_size"] for layer in of_type(simple_residual(side, 2 * side), "dropout")]
    assert blocks[0] == block
    assert blocks == sorted(blocks, reverse=True)
    assert blocks[-1] >= 1


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_two_calls_share_nothing(name):
    side = NETWORKS[name].minimum_side
    first, second = TOPOLOGIES[name](side, side), TOPOLOGIES[name](side, side)
    assert first == second
    first.layers[0]["type"] = "changed"
    assert second.layers[0]["type"] != "changed"
    assert TOPOLOGIES[name](side, side) == second
