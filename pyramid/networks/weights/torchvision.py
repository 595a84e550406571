"""Weights of torchvision's networks, as the weights of sensenet's networks of the same architecture.

What differs is made up for in the weights: the order of axes; the constant that batch normalisation adds to the
variance; and the scaling of pixels, in the first convolution. Two things remain, both in MobileNetV2 only. At stride 2
sensenet pads an even side at its end and torchvision at its beginning, so the features are of places up to 31 pixels
apart; they are the same for sides of 32 n + 1 pixels. And sensenet pads a picture with grey (128), torchvision with the
mean colour of ImageNet, which shows at the edge.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sensenet.constants import IMAGE_STANDARDIZERS

from pyramid.errors import ConfigError
from pyramid.networks.weights.published import Published, Weights, description, matching_gamma, published_layers
from pyramid.networks.weights.torchvision_names import SOURCES, expected, names

Array = npt.NDArray[Any]
Doubles = npt.NDArray[np.float64]

#: Of the pixels of ImageNet, divided by 255, per channel red, green, blue: torchvision's documentation of its weights.
MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])

#: What PyTorch's batch normalisation adds to the variance when it is not told otherwise.
EPSILON = 1e-5

#: A tensor that tells a network of torchvision, and which: the first that is there counts.
_MARKS = (
    ("layer1.0.conv3.weight", "a ResNet of 50 layers or more"),
    ("layer1.2.conv1.weight", "resnet34"),
    ("layer4.1.conv2.weight", "resnet18"),
    ("features.17.conv.3.weight", "mobilenetv2"),
    ("features.1.block.0.0.weight", "a MobileNetV3"),
    ("features.1.0.block.0.0.weight", "an EfficientNet"),
    ("features.denseblock1.denselayer1.conv1.weight", "a DenseNet"),
    ("features.3.squeeze.weight", "a SqueezeNet"),
    ("features.0.weight", "a VGG network or AlexNet"),
)


def convert(network: str, state: Mapping[str, Array]) -> Weights:
    """The weights of sensenet's ``network`` that do what ``state`` does in torchvision's.

    Args:
        network: a key of `SOURCES`.
        state: torchvision's state dict of the same network, by name, with PyTorch's axes.

    Returns:
        As `published_layers` lists them; without the head when ``state`` has none, or one for other classes.

    Raises:
        ConfigError: ``state`` is of another network, lacks tensors, or has some with other shapes or with values that
            are no finite numbers.
    """
    if network not in SOURCES:
        raise ConfigError([f"{network}: only weights of {' and '.join(SOURCES)} can be converted from torchvision's"])
    layers = dict(zip(names(network), published_layers(network), strict=True))
    head = SOURCES[network].head
    if not all(np.shape(state.get(name, ())) == shape for name, shape, _ in expected(head, layers[head])):
        del layers[head]
    if problems := list(_problems(network, layers, state)):
        raise ConfigError([f"{network}: {problem}" for problem in problems])
    arrays = [
        [np.transpose(state[name], axes).astype(np.float64) for name, _, axes in expected(*layer)]
        for layer in layers.items()
    ]
    _match_epsilons(network, layers.values(), arrays)
    _match_pixels(network, arrays)
    return [[np.ascontiguousarray(array, np.float32) for array in layer] for layer in arrays]


def _match_epsilons(network: str, layers: Iterable[Published], arrays: list[list[Doubles]]) -> None:
    """Make up for PyTorch's epsilon."""
    documents = description(network)["image_network"]["layers"]
    for layer, normalization in zip(layers, arrays, strict=True):
        if layer.type == "batch_normalization" and layer.place is not None:
            gamma, _, _, variance = normalization
            normalization[0] = matching_gamma(gamma, variance, EPSILON, documents[layer.place]["epsilon"])


def _match_pixels(network: str, arrays: list[list[Doubles]]) -> None:
    """Fold the difference in the scaling of pixels into the first convolution and the mean that is subtracted from it.

    Of a pixel p, sensenet makes s = (p - m) / d and torchvision t = (p / 255 - MEAN) / DEVIATION, so t = a s + b with
    a = d / (255 DEVIATION) and b = (m / 255 - MEAN) / DEVIATION, per channel. The convolution with the kernel k of t is
    that with a k of s, plus the sum of b k over rows, columns and channels: a constant for each filter.
    """
    standard = description(network)["image_network"]["metadata"]["loading_method"]
    middle, spread = (np.asarray(value, np.float64) for value in IMAGE_STANDARDIZERS[standard])
    kernel, (_, _, mean, _) = arrays[0][0], arrays[1]
    shift = (middle / 255 - MEAN) / DEVIATION
    mean -= np.einsum("hwcf,c->f", kernel, np.broadcast_to(shift, 3))
    kernel *= np.broadcast_to(spread / (255 * DEVIATION), 3)[:, np.newaxis]


def _problems(network: str, layers: Mapping[str, Published], state: Mapping[str, Array]) -> Iterator[str]:
    looks = next((kind for mark, kind in _MARKS if mark in state), network)
    if looks != network:
        yield f"the weights look like those of {looks}; take torchvision's for {network}"
        return
    shapes = {name: shape for layer in layers.items() for name, shape, _ in expected(*layer)}
    if shapes.keys().isdisjoint(state):
        yield f"the weights have no tensor of torchvision's {network}, but others, as {min(state, default='none')!a}"
        return
    for name, shape in shapes.items():
        if name not in state:
            yield f"the weights lack the tensor {name!r}, of the shape {_shape(shape)}"
        elif problem := _problem(name, state[name], shape):
            yield f"the tensor {name!r} {problem}"
    for name in state:
        if name not in shapes and not name.endswith(".num_batches_tracked") and not _of_head(network, name):
            shape = np.shape(state[name])
            yield f"the weights have a tensor {name!a}, of the shape {_shape(shape)}, that this network does not have"


def _of_head(network: str, name: str) -> bool:
    return name.startswith(SOURCES[network].head.partition(".")[0] + ".")


def _problem(name: str, tensor: Array, shape: tuple[int, ...]) -> str | None:
    if tensor.shape != shape:
        return f"has the shape {_shape(tensor.shape)}; expected {_shape(shape)}"
    if not np.issubdtype(tensor.dtype, np.floating):
        return f"has values of the type {tensor.dtype}; expected floating-point numbers"
    with np.errstate(over="ignore"):  # a float64 may be too large for a float32
        wrong = int(np.sum(~np.isfinite(tensor.astype(np.float32))))
    if wrong:
        return f"has {wrong:,} of {tensor.size:,} values that are no finite numbers"
    if name.endswith(".running_var") and tensor.min() < 0:
        return f"has a negative variance, {tensor.min():g}"
    return None


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "of a single number"
