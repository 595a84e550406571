"""The hidden layers of a network on rows, from a few numbers."""

import pytest

from pyramid.networks.hidden_layers import TOPOLOGIES, hidden_layers
from pyramid.networks.readout import dense
from pyramid.networks.topologies import activation, normalization


@pytest.mark.parametrize(
    ("topology", "layers", "sizes"),
    [
        ("rectangle", 3, [64, 64, 64]),
        ("funnel", 4, [64, 32, 16, 8]),
        ("diamond", 1, [64]),
        ("diamond", 2, [64, 32]),
        ("diamond", 3, [32, 64, 32]),
        ("diamond", 4, [32, 64, 32, 16]),
        ("diamond", 5, [16, 32, 64, 32, 16]),
    ],
)
def test_the_sizes_of_a_topology(topology, layers, sizes):
    assert TOPOLOGIES[topology](layers, 64) == sizes


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("largest", [2, 3, 100, 1024])
@pytest.mark.parametrize("layers", [0, 1, 2, 7, 128])
def test_sizes_are_from_2_to_the_largest_which_is_among_them(topology, layers, largest):
    sizes = TOPOLOGIES[topology](layers, largest)
    assert len(sizes) == layers
    assert all(2 <= size <= largest for size in sizes)
    assert not layers or max(sizes) == largest


def test_a_layer_is_a_dense_one_and_its_activation():
    assert hidden_layers([5, 4], "tanh", 0.0, False) == [
        dense(5, "linear"),
        activation("tanh"),
        dense(4, "linear"),
        activation("tanh"),
    ]


def test_no_sizes_give_no_layers():
    assert hidden_layers([], "relu", 0.5, True) == []


def test_every_layer_is_followed_by_its_dropout():
    made = hidden_layers([5, 4], "relu", 0.25, False)
    assert [layer["type"] for layer in made] == ["dense", "activation", "dropout"] * 2
    assert made[2] == {"type": "dropout", "dropout_type": "zero", "rate": 0.25}


def kinds(sizes, dropout=0.0):
    short = {"dense": "d", "activation": "", "dense_residual_block": "B", "dropout": "."}
    return "".join(short[layer["type"]] for layer in hidden_layers(sizes, "relu", dropout, True))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([8], "d"),
        ([8, 8], "dd"),  # what enters the first has the width of the table
        ([8, 8, 8], "dB"),
        ([8, 8, 8, 8], "dBd"),
        ([8, 8, 8, 8, 8], "dBB"),
        ([8, 4, 8], "dB"),
        ([8, 4, 2], "ddd"),
        ([32, 16, 8, 2, 2, 2, 2, 2], "ddddBB"),
        ([4, 8, 4, 8, 4], "dBB"),
    ],
)
def test_blocks_are_only_where_both_ends_are_equally_wide(sizes, expected):
    assert kinds(sizes) == expected


def test_a_block_has_one_dropout_behind_it():
    assert kinds([8, 8, 8], 0.5) == "d.B."


def test_a_block_has_a_normalization_behind_each_of_its_dense_layers():
    assert hidden_layers([8, 4, 8], "mish", 0.0, True)[2] == {
        "type": "dense_residual_block",
        "dense_path": [dense(4, "linear"), normalization(), activation("mish"), dense(8, "linear"), normalization()],
        "identity_path": [],
        "activation_function": "mish",
    }


@pytest.mark.parametrize("residuals", [True, False])
def test_no_layer_is_the_same_object_as_another(residuals):
    """Weights are put into copies of them, but a change in place must not reach a second one."""
    made = hidden_layers([8] * 5, "relu", 0.5, residuals)
    inner = [layer for block in made for layer in block.get("dense_path", [])]
    assert len({id(layer) for layer in [*made, *inner]}) == len(made) + len(inner)
