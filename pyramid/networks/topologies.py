"""The image networks, as the layer documents that sensenet builds and saves.

A layer's `inputs` are places in the list; without them it follows the layer before it.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sensenet.pretrained import get_pretrained_network

Layer = dict[str, Any]


@dataclass(frozen=True)
class Topology:
    """Layers up to the pooled features, and how pixels in [0, 255] are scaled before the first one.

    ``loading_method`` is a key of sensenet's ``IMAGE_STANDARDIZERS``.
    """

    layers: list[Layer]
    loading_method: str


def convolution(filters: int, side: int, stride: int = 1) -> Layer:
    return {
        "type": "convolution_2d",
        "kernel": "glorot_uniform",
        "bias": None,
        "activation_function": "linear",
        "padding": "same",
        "strides": [stride, stride],
        "number_of_filters": filters,
        "kernel_dimensions": [side, side],
    }


def normalization() -> Layer:
    return {
        "type": "batch_normalization",
        "epsilon": 0.001,
        "gamma": "ones",
        "beta": "zeros",
        "mean": "zeros",
        "variance": "ones",
    }


def activation(function: str) -> Layer:
    return {"type": "activation", "activation_function": function}


def max_pool() -> Layer:
    return {"type": "max_pool_2d", "pool_size": [2, 2], "strides": [2, 2], "padding": "same"}


def simple(width: int, height: int) -> Topology:
    """Three 3×3 convolutions of 32, 64 and 128 filters, pooling between them, and a global max pool."""
    layers: list[Layer] = []
    for filters in (32, 64, 128):
        if layers:
            layers.append(max_pool())
        layers += [convolution(filters, 3), normalization(), activation("relu")]
    return Topology([*layers, {"type": "global_max_pool_2d"}], "centering")


def simple_residual(width: int, height: int) -> Topology:
    """Stages of 32·2^n filters: a 1×1 convolution, then a residual pair of 3×3, with mish and drop-block.

    There are clamp(round(log2(shorter side)) - 2, 3, 6) stages, each at half the resolution of the one before.
    """
    shorter = min(width, height)
    stages = int(np.clip(round(np.log2(shorter)) - 2, 3, 6))
    block = {"type": "dropout", "dropout_type": "block", "rate": 0.1}
    layers: list[Layer] = []
    for stage in range(stages):
        if layers:
            layers.append(max_pool())
        side = -(-shorter // 2**stage)
        layers += _residual_stage(32 * 2**stage, len(layers), block | {"block_size": max(1, round(0.03 * side))})
    return Topology([*layers, {"type": "global_max_pool_2d"}], "centering")


def _residual_stage(filters: int, start: int, drop: Layer) -> list[Layer]:
    """``start``: the place of the stage's first layer in the whole list."""
    entry = [convolution(filters, 1), normalization(), activation("mish")]
    pair = [convolution(filters, 3), normalization(), activation("mish"), convolution(filters, 3), normalization()]
    shortcut = start + len(entry) - 1
    added = shortcut + len(pair)
    return [*entry, *pair, {"type": "add", "inputs": [shortcut, added]}, activation("mish"), drop]


def _published(network: str) -> Callable[[int, int], Topology]:
    """A network that sensenet describes; its layers take pictures of any size."""

    def topology(width: int, height: int) -> Topology:
        described = get_pretrained_network(network)["image_network"]
        return Topology(copy.deepcopy(described["layers"]), described["metadata"]["loading_method"])

    return topology


#: name -> (width, height) -> Topology
TOPOLOGIES: dict[str, Callable[[int, int], Topology]] = {
    "simple": simple,
    "simple_residual": simple_residual,
    "mobilenet": _published("mobilenet"),
    "mobilenetv2": _published("mobilenetv2"),
    "resnet18": _published("resnet18"),
}
