"""What is known of the networks whose trained weights are published: layers, and the shapes of their weights.

No TensorFlow: sensenet's description of the networks is plain data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sensenet.pretrained import WEIGHTS_FORMAT, get_pretrained_network

#: For each layer that has weights, in the order of the description, and then for the layers of the head that tells
#: ImageNet's classes: its arrays, float32, in the order and with the axes of Keras.
Weights = list[list[npt.NDArray[np.float32]]]

#: type -> names of a layer's arrays, in the order of Keras
ARRAYS = {
    "batch_normalization": ("gamma", "beta", "mean", "variance"),
    "convolution_2d": ("kernel", "bias"),
    "dense": ("weights", "offset"),
    "depthwise_convolution_2d": ("kernel", "bias"),
    "separable_convolution_2d": ("depth_kernel", "point_kernel", "bias"),
}


@dataclass(frozen=True)
class Published:
    """A layer with weights.

    Attributes:
        place: in the list of the image network's layers; None for a layer of the head.
        type: sensenet's name of the kind of layer, a key of `ARRAYS`.
        shapes: of its arrays.
    """

    place: int | None
    type: str
    shapes: tuple[tuple[int, ...], ...]


def description(network: str) -> dict[str, Any]:
    """sensenet's description of ``network``, without weights."""
    return get_pretrained_network(network)


def version(network: str) -> str:
    """Which of the published weights of ``network`` belong to its description."""
    return str(description(network)["image_network"]["metadata"]["version"])


def file_name(network: str) -> str:
    """The name of the h5 file that sensenet reads the weights of ``network`` from."""
    return str(WEIGHTS_FORMAT % (network, version(network)))


def classes(network: str) -> list[str]:
    """What the head of the published ``network`` tells apart."""
    return list(description(network)["output_exposition"]["values"])


def published_layers(network: str) -> list[Published]:
    """The layers of ``network`` with weights, in the order of `Weights`."""
    described = description(network)
    body = list(_layers(described["image_network"]["layers"], 3))
    head = list(_layers(described["layers"], _width(described)))
    return [layer for layer, _ in body if layer] + [Published(None, x.type, x.shapes) for x, _ in head if x]


def _width(described: dict[str, Any]) -> int:
    outputs = described["image_network"]["metadata"]["outputs"]
    return outputs if isinstance(outputs, int) else 0


def _layers(documents: list[dict[str, Any]], channels: int) -> Iterator[tuple[Published | None, int]]:
    """Each layer, None for one without weights, and its number of channels; ``channels`` come in."""
    made: list[int] = []
    for place, document in enumerate(documents):
        before = [made[i] for i in document.get("inputs", [place - 1])] if place else [channels]
        shapes, after = _shapes(document, before)
        made.append(after)
        yield (Published(place, document["type"], shapes) if shapes else None), after


def _shapes(document: dict[str, Any], before: list[int]) -> tuple[tuple[tuple[int, ...], ...], int]:
    """The shapes of a layer's arrays, and the number of its channels."""
    match document["type"]:
        case "convolution_2d":
            filters = document["number_of_filters"]
            shape = (*document["kernel_dimensions"], before[0], filters)
            return ((shape, (filters,)) if document["bias"] else (shape,)), filters
        case "depthwise_convolution_2d":
            return ((*document["kernel_dimensions"], before[0], document["depth_multiplier"]),), before[0]
        case "batch_normalization":
            return ((before[0],),) * 4, before[0]
        case "dense":
            nodes = document["number_of_nodes"]
            return ((before[0], nodes), (nodes,)), nodes
        case "concatenate":
            return (), sum(before)
        case "split_channels":
            return (), before[0] // document["number_of_splits"]
    return (), before[0]
