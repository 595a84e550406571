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

_STATISTICS = ("gamma", "beta", "mean", "variance")

#: sensenet's, where a document says none.
_EPSILON = 1e-3


def folded_document(document: dict[str, Any]) -> dict[str, Any]:
    """The sensenet ``document`` with its image network folded; one without is returned as it is."""
    network = document.get("image_network")
    if not network:
        return document
    outputs = network["metadata"].get("outputs")  # of other networks than detectors their number
    branches = [branch["input"] for branch in outputs] if isinstance(outputs, list) else []
    return document | {"image_network": network | {"layers": folded(network["layers"], branches)}}


def folded(layers: list[Any], outputs: Collection[int] = ()) -> list[Any]:
    """``layers`` of a sensenet document, in the same places; a normalization that is folded does nothing there.

    It is folded into a convolution that nothing else reads (Jacob et al. 2018, arXiv:1712.05877, equation 14).

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
            convolution = made[places[0]]
            if _foldable(convolution, layer):
                made[places[0]] = _merged(convolution, layer)
                made[i] = {"type": "activation", "activation_function": "linear", "inputs": places}
    return made


def _with_paths(layer: dict[str, Any]) -> dict[str, Any]:
    """``layer`` with the layers of its own, where it is a block, folded."""
    paths = {key: value for key, value in layer.items() if key.endswith("_path")}
    return layer | {key: folded(path) for key, path in paths.items()}


def _inputs(layer: dict[str, Any], i: int) -> list[int]:
    """The places that ``layer`` at place ``i`` reads; the first one reads what the network is given."""
    return [place % i for place in layer.get("inputs", [-1])] if i else []


def _foldable(convolution: dict[str, Any], normalization: dict[str, Any]) -> bool:
    linear = convolution.get("activation_function") in (None, "linear", "identity")
    if not linear or convolution["type"] not in _KERNELS:
        return False
    given = [convolution.get(_KERNELS[convolution["type"]]), *(normalization.get(key) for key in _STATISTICS)]
    return not any(values is None or isinstance(values, str) for values in given)


def _merged(convolution: dict[str, Any], normalization: dict[str, Any]) -> dict[str, Any]:
    """``convolution`` with the scale and the shift of ``normalization``, computed in float64."""
    gamma, beta, mean, variance = (np.asarray(normalization[key], np.float64) for key in _STATISTICS)
    with np.errstate(all="ignore"):  # weights that are not finite are told of by what they predict
        scale = gamma / np.sqrt(variance + normalization.get("epsilon", _EPSILON))
        name, bias = _KERNELS[convolution["type"]], convolution.get("bias")
        kernel = np.asarray(convolution[name], np.float64)
        # A depthwise kernel is [height, width, channels, multiplier], and its filters are channels × multiplier.
        per_filter = scale.reshape(kernel.shape[2:]) if convolution["type"].startswith("depthwise") else scale
        shift = beta + ((0.0 if bias is None else np.asarray(bias, np.float64)) - mean) * scale
        return convolution | {name: (kernel * per_filter).astype(np.float32), "bias": shift.astype(np.float32)}
