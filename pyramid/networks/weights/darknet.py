"""The binary ``.weights`` files of darknet, for YOLOv4 and its small sister.

A file is a header, and then for each convolution, in the order of the sections of darknet's cfg file, little-endian
float32: with a batch normalization its beta, gamma, mean and variance, else the bias; then the kernel
[filters, channels, height, width] (``load_convolutional_weights`` in src/parser.c of AlexeyAB's darknet, the source of
YOLOv4). sensenet lists the layers in Keras's order, which is another one.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.errors import ConfigError
from pyramid.networks.weights.published import (
    Published,
    Weights,
    classes,
    description,
    matching_gamma,
    published_layers,
)

Floats = npt.NDArray[np.float32]

#: The networks, and the files of their published weights.
FILES = {"yolov4": "yolov4.weights", "tinyyolov4": "yolov4-tiny.weights"}

#: What darknet adds to a variance before it takes the root (``fuse_conv_batchnorm`` in src/network.c).
EPSILON = 1e-5

#: The last sections of yolov4.cfg tell of the coarsest grid, those of yolov4-tiny.cfg of the finest.
_COARSEST_LAST = {"yolov4": True, "tinyyolov4": False}

#: Boxes predicted in each cell of a grid: the number of the ``mask`` in the cfg files.
_ANCHORS = 3
_MOST_CLASSES = 1000

#: Bytes of the largest header: the version as three int32, and how many pictures were seen as int64. Up to version 0.1
#: the latter was an int32 (``load_weights_upto`` in src/parser.c).
_HEADER = 20
_OLD_HEADER = 16

#: How files begin that are often taken for weights: what they are.
_OTHERS = {b"\x89HDF": "an h5 file", b"PK": "a zip archive, such as PyTorch's weights", b"<": "a page of HTML"}


@dataclass(frozen=True)
class Convolution:
    """A convolution, and what normalizes it: None for those that predict boxes."""

    layer: Published
    normalization: Published | None

    @property
    def filters(self) -> int:
        return self.layer.shapes[0][-1]

    @property
    def floats(self) -> int:
        """How many of the file's numbers are its own."""
        both = [self.layer, self.normalization] if self.normalization else [self.layer]
        return sum(prod(shape) for layer in both for shape in layer.shapes)


def read(network: str, path: Path) -> Weights:
    """The weights in darknet's file ``path``, for sensenet's ``network`` (yolov4 or tinyyolov4).

    Raises:
        ConfigError: the file is not darknet's, holds another network, another number of classes or a backbone alone,
            or has numbers that no training leaves: NaN, infinity, negative variances.
    """
    if network not in FILES:
        raise ConfigError([f"{path}: darknet's weights are read for {' and '.join(FILES)}, not for {network}"])
    order = convolutions(network)
    values = _floats(network, path, sum(convolution.floats for convolution in order))
    parts = np.split(values, list(accumulate(convolution.floats for convolution in order))[:-1])
    if problems := list(_problems(order, parts)):
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    layers = description(network)["image_network"]["layers"]
    arrays: dict[int | None, list[Floats]] = {}
    for convolution, part in zip(order, parts, strict=True):
        arrays |= _arrays(convolution, part, layers)
    return [arrays[layer.place] for layer in published_layers(network)]


def convolutions(network: str) -> list[Convolution]:
    """All of ``network``, in the order of darknet's cfg file."""
    layers = description(network)["image_network"]["layers"]
    published = {layer.place: layer for layer in published_layers(network)}
    normalizations = {
        layer["inputs"][0]: published[place]
        for place, layer in enumerate(layers)
        if layer["type"] == "batch_normalization"
    }
    places = [place for place in _cfg_order(network) if layers[place]["type"] == "convolution_2d"]
    return [Convolution(published[place], normalizations.get(place)) for place in places]


def _cfg_order(network: str) -> list[int]:
    """The places of all layers that the outputs need, each behind its inputs.

    Of several inputs the last one's layers come first: the cfg files write down the path that leaves the main one
    (the bypass of a block, what is upsampled) before the main one goes on, and the concatenation lists the main first.
    """
    described = description(network)["image_network"]
    finest_first = sorted(described["metadata"]["outputs"], key=lambda output: output["strides"])
    waiting = [output["input"] for output in (finest_first[::-1] if _COARSEST_LAST[network] else finest_first)]
    order: dict[int, None] = {}
    while waiting:
        place = waiting[-1]
        inputs = described["layers"][place].get("inputs", [place - 1]) if place else []
        if missing := [before for before in inputs if before not in order]:
            waiting.append(missing[-1])
        else:
            order[waiting.pop()] = None
    return list(order)


def _floats(network: str, path: Path, expected: int) -> Floats:
    """The ``expected`` numbers behind the header of ``path``."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER)
            if other := _other(head):
                message = f"{path}: is no weights file of darknet: it {other}; take {FILES[network]}"
                raise ConfigError([message])
            header, size = _header_size(head), path.stat().st_size
            if size != header + 4 * expected:
                raise ConfigError([_misfit(network, path, header, size, expected)])
            file.seek(header)
            return np.fromfile(file, "<f4", expected).astype(np.float32, copy=False)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror or error}"]) from error


def _other(head: bytes) -> str:
    """What speaks against darknet's weights in the first bytes of a file; empty if nothing does."""
    if not head:
        return "is empty"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, kind in _OTHERS.items():
        if start.startswith(magic):
            return f"is {kind}"
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return "is text, such as a cfg file"
    if len(head) < _HEADER:
        return f"ends after {len(head)} bytes"
    version = struct.unpack("<3i", head[:12])
    return "" if all(0 <= part < 100 for part in version) else f"claims version {'.'.join(map(str, version))}"


def _header_size(head: bytes) -> int:
    major, minor = struct.unpack("<2i", head[:8])
    return _HEADER if 10 * major + minor >= 2 else _OLD_HEADER


def _misfit(network: str, path: Path, header: int, size: int, expected: int) -> str:
    hint = _hint(network, (size - header) / 4) or (
        "it is cut off" if size < header + 4 * expected else "it is too long"
    )
    return (
        f"{path}: does not hold the weights of {network}: {size:,} bytes where {header + 4 * expected:,} are expected; "
        f"{hint}; take {FILES[network]}"
    )


def _hint(network: str, floats: float) -> str:
    """What has this many ``floats``; empty if nothing known has."""
    for name in sorted(FILES, key=lambda name: name != network):
        order = convolutions(name)
        if (told_apart := _classes(order, floats)) == len(classes(name)):
            return f"these are the weights of {name}"
        if told_apart:
            return f"they fit {name} for {told_apart} classes, but only that for {len(classes(name))} can be read"
        counts = list(accumulate(convolution.floats for convolution in order))
        if floats in counts:
            return (
                f"these are the first {counts.index(int(floats)) + 1} of the {len(order)} convolutions of {name} alone"
            )
    return ""


def _classes(order: list[Convolution], floats: float) -> int:
    """How many classes the network tells apart if all its convolutions have ``floats``; 0 if no number fits.

    Each convolution that predicts boxes has a filter for each anchor's x, y, width, height, object and classes.
    """
    predicting = [convolution for convolution in order if not convolution.normalization]
    rest = sum(convolution.floats for convolution in order if convolution.normalization)
    found = (floats - rest) / sum(x.floats // x.filters for x in predicting) / _ANCHORS - 5
    return int(found) if found.is_integer() and 1 <= found <= _MOST_CLASSES else 0


def _problems(order: list[Convolution], parts: list[Floats]) -> Iterator[str]:
    for number, (convolution, part) in enumerate(zip(order, parts, strict=True), 1):
        name = f"convolution {number} of {len(order)}, counted in the order of the cfg file"
        if wrong := np.count_nonzero(~np.isfinite(part)):
            yield f"{name}: {wrong:,} of its {part.size:,} numbers are NaN or infinite"
        variances = part[3 * convolution.filters : 4 * convolution.filters]
        if convolution.normalization and (wrong := np.count_nonzero(variances < 0)):
            yield f"{name}: {wrong:,} of its {variances.size:,} variances are negative: the file is damaged"


def _arrays(convolution: Convolution, part: Floats, layers: list[dict[str, Any]]) -> dict[int | None, list[Floats]]:
    """The arrays of a convolution and of its normalization, by the places of the two."""
    filters, normalization = convolution.filters, convolution.normalization
    height, width, channels, _ = convolution.layer.shapes[0]
    vectors, flat = np.split(part, [(4 if normalization else 1) * filters])
    kernel = np.ascontiguousarray(flat.reshape(filters, channels, height, width).transpose(2, 3, 1, 0))
    if normalization is None or normalization.place is None:
        return {convolution.layer.place: [kernel, vectors.copy()]}
    beta, gamma, mean, variance = vectors.astype(np.float64).reshape(4, filters)
    gamma = matching_gamma(gamma, variance, EPSILON, layers[normalization.place]["epsilon"])
    normalizing = [array.astype(np.float32) for array in (gamma, beta, mean, variance)]
    return {convolution.layer.place: [kernel], normalization.place: normalizing}
