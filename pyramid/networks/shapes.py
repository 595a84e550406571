"""How layers follow from each other in a list of documents: channels, resolution and the shapes of weights.

No TensorFlow, and no weights.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from pyramid.networks.topologies import Layer


class Inferred(NamedTuple):
    """What follows for a layer.

    Attributes:
        shapes: of its arrays of weights, in the order of Keras; () for a layer without weights.
        channels: how many come out.
        scale: how many pixels of the input one of its own is wide, where borders are padded.
    """

    shapes: tuple[tuple[int, ...], ...]
    channels: int
    scale: Fraction


def infer(layers: list[Layer], channels: int) -> Iterator[Inferred]:
    """What follows for each of ``layers``, when ``channels`` come into the first one.

    Raises:
        ValueError: the inputs of a layer do not fit together.
    """
    made: list[Inferred] = []
    for place, layer in enumerate(layers):
        before = (
            [made[i] for i in layer.get("inputs") or [place - 1]] if place else [Inferred((), channels, Fraction(1))]
        )
        if len({(one.scale, one.channels if layer["type"] == "add" else 0) for one in before}) > 1:
            raise ValueError(f"the inputs of layer {place} ({layer['type']}) differ in their size")
        shapes, after = _weights(layer, before)
        made.append(Inferred(shapes, after, before[0].scale * _step(layer)))
        yield made[-1]


def _weights(layer: Layer, before: list[Inferred]) -> tuple[tuple[tuple[int, ...], ...], int]:
    """The shapes of a layer's arrays, and the number of its channels."""
    channels = before[0].channels
    match layer["type"]:
        case "convolution_2d":
            filters = layer["number_of_filters"]
            return ((*layer["kernel_dimensions"], channels, filters), *_bias(layer, filters)), filters
        case "depthwise_convolution_2d":
            after = channels * layer["depth_multiplier"]
            return ((*layer["kernel_dimensions"], channels, layer["depth_multiplier"]), *_bias(layer, after)), after
        case "separable_convolution_2d":
            multiplier, filters = layer["depth_multiplier"], layer["number_of_filters"]
            depth = (*layer["kernel_dimensions"], channels, multiplier)
            return (depth, (1, 1, channels * multiplier, filters), *_bias(layer, filters)), filters
        case "batch_normalization":
            return ((channels,),) * 4, channels
        case "dense":
            nodes = layer["number_of_nodes"]
            return ((channels, nodes), (nodes,)), nodes
        case "concatenate":
            return (), sum(one.channels for one in before)
        case "split_channels":
            return (), channels // layer["number_of_splits"]
    return (), channels


def _bias(layer: Layer, channels: int) -> tuple[tuple[int, ...], ...]:
    return ((channels,),) if layer.get("bias") is not None else ()


def _step(layer: Layer) -> Fraction:
    if "strides" in layer:
        return Fraction(layer["strides"][0])
    return Fraction(1, layer["size"][0]) if layer["type"] == "upsampling_2d" else Fraction(1)
