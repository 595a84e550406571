"""Convolutions with the batch normalization behind them in their weights: the same network in fewer operations."""

from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np

_NORMALIZATION = "batch_normalization"

#: Layers that a normalization can be folded into, and which of their weights has the filters last.
_KERNELS = {
    "convolution_2d": "kernel",
    "depthwise_convolution_2d": "kernel",
    "separable_convolution_2d": "point_kernel",
}

#: What weights are that are given; names of distributions are texts.
_LISTED = list, np.ndarray

_STATISTICS = ("gamma", "beta", "mean", "variance")

#: sensenet's, where a document says none.
_EPSILON = 1e-3


def folded_document(document: dict[str, Any]) -> dict[str, Any]:
    """The sensenet ``document`` with its image network folded; one without is returned as it is."""
    network = document.get("image_network")
    if not network:
        return document
    outputs = network["metadata"].get("outputs")  # of other networks than detectors their number
    branches = outputs if isinstance(outputs, list) else []
    places = [branch["input"] for branch in branches if isinstance(branch, dict)]
    return document | {"image_network": network | {"layers": folded(network["layers"], places)}}


def folded(layers: list[Any], outputs: Collection[int] = ()) -> list[Any]:
    """``layers`` of a sensenet document, in the same places; a normalization that is folded does nothing there.

    It is folded into a convolution that nothing else reads (Jacob et al. 2018, arXiv:1712.05877, equation 14). What is
    damaged stays as it is, for sensenet to refuse.

    Args:
        outputs: places of layers whose outputs are those of the network, beside the last one.
    """
    if not all(isinstance(layer, dict) and layer.get("type") for layer in layers):
        return layers  # of the older form of documents
    made = [_with_paths(layer) for layer in layers]
    read = Counter(place for i, layer in enumerate(layers) for place in _inputs(layer, i))
    read.update(outputs)
    for i, layer in enumerate(made):
        places = _inputs(layer, i)
        if layer["type"] == _NORMALIZATION and len(places) == 1 and read[places[0]] == 1:
            convolution = _merged(made[places[0]], layer)
            if convolution is not None:
                made[places[0]] = convolution
                made[i] = {"type": "activation", "activation_function": "linear", "inputs": places}
    return made


def _with_paths(layer: dict[str, Any]) -> dict[str, Any]:
    """``layer`` with the layers of its own, where it is a block, folded."""
    paths = {key: value for key, value in layer.items() if key.endswith("_path")}
    return layer | {key: folded(path) for key, path in paths.items()}


def _inputs(layer: dict[str, Any], i: int) -> list[int]:
    """The places before ``i`` that ``layer`` there reads; none when one of them is no such place."""
    places = layer.get("inputs", [-1])
    if any(type(place) is not int or not -i <= place < i for place in places):
        return []  # the first layer reads what the network is given
    return [range(i)[place] for place in places]


def _merged(convolution: dict[str, Any], normalization: dict[str, Any]) -> dict[str, Any] | None:
    """``convolution`` with the scale and the shift of ``normalization``; None where it cannot have them."""
    name, epsilon = _KERNELS.get(convolution["type"], ""), normalization.get("epsilon", _EPSILON)
    linear = convolution.get("activation_function") in (None, "linear", "identity")
    given = [convolution.get(name), *(normalization.get(key) for key in _STATISTICS)]
    given += [convolution["bias"]] if convolution.get("bias") is not None else []
    if not linear or not isinstance(epsilon, int | float) or not all(isinstance(one, _LISTED) for one in given):
        return None
    kernel, *statistics = (np.asarray(one, np.float64) for one in given)
    # A depthwise kernel is [height, width, channels, multiplier], and its filters are channels × multiplier.
    filters = kernel.shape[2:] if convolution["type"].startswith("depthwise") else kernel.shape[3:]
    if any(values.shape != (np.prod(filters),) for values in statistics):
        return None
    gamma, beta, mean, variance, *bias = statistics
    with np.errstate(all="ignore"):  # weights that are not finite are told of by what they predict
        scale = gamma / np.sqrt(variance + epsilon)
        weights = {name: kernel * scale.reshape(filters), "bias": beta + (sum(bias) - mean) * scale}
    return convolution | {key: values.astype(np.float32) for key, values in weights.items()}
