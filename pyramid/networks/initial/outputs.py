"""The weights of a trained model, with outputs for the classes or values of other data."""

from collections.abc import Callable
from typing import Any

import numpy as np

from pyramid.networks.initial.read import InitialModel
from pyramid.networks.weights.published import ARRAYS, Weights
from pyramid.settings.objectives import CATEGORICAL, NUMERIC


def fitted_weights(model: InitialModel, classes: list[str], mean: float, stdev: float) -> Weights:
    """The weights of ``model`` with outputs in the order of ``classes``, or for values of these moments.

    Raises:
        ValueError: it knows other classes; the message lists the difference.
    """
    if model.objective == NUMERIC:
        scale, shift = model.stdev / stdev, (model.mean - mean) / stdev
        return _with_outputs(model.weights, -1, lambda w, b: (w * scale, b * scale + shift))
    difference = class_difference(model, classes)
    if difference:
        raise ValueError(difference)
    order = [model.classes.index(name) for name in classes]
    if model.objective == CATEGORICAL:
        return _with_outputs(model.weights, -1, lambda w, b: (w[..., order], b[order]))
    weights = model.weights
    for place, output in zip(_branch_places(model), model.structure["outputs"], strict=True):
        channels = _channels(len(output["anchors"]), order)
        weights = _with_outputs(weights, place, lambda w, b, channels=channels: (w[..., channels], b[channels]))
    return weights


def class_difference(model: InitialModel, classes: list[str]) -> str:
    """What ``model`` and the data do not have in common; "" when the classes are the same, in whatever order."""
    only_model, only_data = sorted({*model.classes} - {*classes}), sorted({*classes} - {*model.classes})
    parts = [
        f"{who} {', '.join(names[:10])}" + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")
        for who, names in (("only the model knows", only_model), ("only the data have", only_data))
        if names
    ]
    return f"its classes are not those of the data: {'; '.join(parts)}" if parts else ""


def _with_outputs(weights: Weights, place: int, change: Callable[..., Any]) -> Weights:
    changed = list(weights)
    changed[place] = [np.asarray(array, np.float32) for array in change(*weights[place])]
    return changed


def _branch_places(model: InitialModel) -> list[int]:
    """Where the weights of the branches' last layers are."""
    layers = model.structure["layers"]
    weighted = [i for i, layer in enumerate(layers) if layer["type"] in ARRAYS]
    return [weighted.index(output["input"]) for output in model.structure["outputs"]]


def _channels(anchors: int, order: list[int]) -> list[int]:
    """The order of a branch's channels: x, y, width, height, object and the classes, for each anchor."""
    wide = 5 + len(order)
    return [a * wide + i for a in range(anchors) for i in (*range(5), *(5 + place for place in order))]
