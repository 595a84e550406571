"""What is known of the networks whose trained weights are published: layers, and the shapes of their weights.

No TensorFlow: sensenet's description of the networks is plain data.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sensenet.pretrained import WEIGHTS_FORMAT, get_pretrained_network

from pyramid.networks.shapes import infer

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


def matching_gamma(gamma: npt.NDArray[Any], variance: npt.NDArray[Any], theirs: float, ours: float) -> npt.NDArray[Any]:
    """The scale of a batch normalization that adds ``ours`` to the variance, to do what ``gamma`` does with ``theirs``.

    gamma / sqrt(variance + epsilon) stays the same.
    """
    return gamma * np.sqrt((variance + ours) / (variance + theirs))


def up_to_features(network: str, weights: Weights) -> Weights:
    """Of the ``weights`` of ``network`` those of the layers before the head or, of a detector, before its outputs."""
    outputs = description(network)["image_network"]["metadata"]["outputs"]
    last = {output["input"] for output in outputs} if isinstance(outputs, list) else set()
    layers = zip(weights, published_layers(network), strict=False)
    return [arrays for arrays, layer in layers if layer.place is not None and layer.place not in last]


def published_layers(network: str) -> list[Published]:
    """The layers of ``network`` with weights, in the order of `Weights`."""
    described = description(network)
    layers, head = described["image_network"]["layers"], described["layers"]
    body = list(infer(layers, 3))
    top = infer(head, body[-1].channels)
    of_body = [Published(i, layer["type"], one.shapes) for i, (layer, one) in enumerate(zip(layers, body, strict=True))]
    of_head = [Published(None, layer["type"], one.shapes) for layer, one in zip(head, top, strict=True)]
    return [layer for layer in of_body + of_head if layer.shapes]
