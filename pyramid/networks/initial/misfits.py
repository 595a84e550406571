"""Whether the weights of a document fit its layers, and its outputs what they stand for. No TensorFlow."""

from typing import Any

from pyramid.networks.shapes import Inferred, infer
from pyramid.networks.topologies import Layer
from pyramid.networks.weights.published import Weights

_WRONG = "is not a model that pyramid can train: "


def misfit(structure: dict[str, Any], weights: Weights, side: int, classes: list[str]) -> str:
    """What does not fit; "" when all does.

    Args:
        structure, weights, classes: see `read.InitialModel`.
        side: width of the input in pixels.
    """
    layers, readout = structure["layers"], structure["readout"]
    try:
        body = list(infer(layers, 3))
        top = list(infer(readout, body[-1].channels))
    except ValueError as error:
        return f"{_WRONG}{error}"
    if len(set(classes)) < len(classes):
        return "has the same class twice"
    fault = _weights_fault([*layers, *readout], [*body, *top], weights)
    if not fault and readout and top[-1].channels != max(1, len(classes)):
        fault = f"has {top[-1].channels} outputs for {len(classes) or 'no'} classes"
    return fault or _outputs_fault(structure, body, side, len(classes))


def _weights_fault(layers: list[Layer], inferred: list[Inferred], weights: Weights) -> str:
    weighted = [(layer, one) for layer, one in zip(layers, inferred, strict=True) if one.shapes]
    for (layer, one), arrays in zip(weighted, weights, strict=True):
        found = tuple(array.shape for array in arrays)
        if found != one.shapes:
            return f"has weights of shapes {found} in a layer of type {layer['type']}, where {one.shapes} fit"
    return ""


def _outputs_fault(structure: dict[str, Any], inferred: list[Inferred], side: int, classes: int) -> str:
    for i, output in enumerate(structure["outputs"]):
        fault = _branch_fault(structure["layers"], inferred, output, side, classes)
        if fault:
            return f"{_WRONG}outputs[{i}]{fault}"
    return ""


def _branch_fault(
    layers: list[Layer], inferred: list[Inferred], output: dict[str, Any], side: int, classes: int
) -> str:
    place, stride, channels = output["input"], output["strides"], len(output["anchors"]) * (5 + classes)
    if place >= len(layers):
        return f".input: there is no layer {place}"
    layer, found = layers[place], inferred[place]
    linear = layer.get("activation_function") in (None, "linear", "identity")
    if layer["type"] != "convolution_2d" or layer.get("bias") is None or not linear:
        return f".input: layer {place} is not a linear convolution with a bias"
    if found.channels != channels:
        return f": layer {place} has {found.channels} channels, but its anchors and classes need {channels}"
    if found.scale != stride or side % stride:
        return f".strides: is {stride}, but the cells of layer {place} are {found.scale} pixels wide"
    return ""
