"""Predictions of two forms of a model, compared."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pyramid.errors import PyramidError
from pyramid.finalize.exports.inputs import example_inputs
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.accessors import get_output_exposition, is_yolo_model  # isort: skip

#: What float32 arithmetic loses of a number.
EPSILON = float(np.finfo(np.float32).eps)


def raw(model: Any, detector: bool) -> Any:
    """A function of keyword arguments -> [output …], float32 tensors, of a served Keras ``model``.

    That of a ``detector`` stops before boxes are rounded and suppressed, so that a picture in which it finds nothing
    still tells two of them apart: boxes [n, 4] in pixels of the picture and scores
    [n, classes].
    """
    outputs = _before_suppression(model) if detector else model.outputs
    part = tf.keras.Model(model.inputs, outputs)
    return lambda **values: tf.nest.flatten(part([values[name] for name in model.input_names], training=False))


def _before_suppression(model: Any) -> list[Any]:
    suppression, surest = (_inputs_of(model, name) for name in ("tf.image.non_max_suppression", "tf.math.argmax"))
    boxes = next(tensor for tensor in suppression if tensor.node.layer.name.startswith("tf.math.round"))
    return [boxes.node.layer.inbound_nodes[0].keras_inputs[0], surest[0]]


def _inputs_of(model: Any, name: str) -> list[Any]:
    layer = next(layer for layer in model.layers if layer.name.startswith(name))
    return list(layer.inbound_nodes[0].keras_inputs)


class Predictions:
    """What the model of a document predicts for random inputs, and what its copies must."""

    def __init__(self, document: dict[str, Any], model: Any):
        """``model`` is sensenet's, made from ``document``."""
        self.detector = bool(is_yolo_model(document))
        self._exposition = get_output_exposition(document)
        self._inputs = example_inputs(document, seed=0)
        self._expected = self._of(raw(model._model, self.detector))

    def _of(self, predict: Any) -> list[Any]:
        return [np.asarray(output) for output in predict(**self._inputs)]

    def check_model(self, file: str, model: Any, tolerance: float) -> None:
        """Hold sensenet's ``model`` against them; see `check_same`."""
        self.check(file, raw(model._model, self.detector), tolerance)

    def check(self, file: str, predict: Any, tolerance: float) -> None:
        """Hold the function ``predict``, of keyword arguments, against them; see `check_same`."""
        check_same(file, self._of(predict), self._expected, self._exposition, tolerance)


def check_same(
    file: str, found: Sequence[Any], expected: Sequence[Any], exposition: dict[str, Any], tolerance: float
) -> None:
    """Hold the outputs of the model in ``file`` against those of the document.

    Args:
        exposition: the document's ``output_exposition``; a value's mean is no part of its scale.
        tolerance: the largest difference, as a part of the scale of the output.

    Raises:
        PyramidError: names the file and the difference.
    """
    mean = exposition["mean"] if exposition["type"] == "numeric" else 0.0
    for one, other in zip(found, expected, strict=True):
        one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
        if one.shape != other.shape:
            raise PyramidError(f"{file}: predictions have shape {one.shape}, but the model's {other.shape}")
        difference = _difference(one, other)
        scale = max(_largest(other - mean), exposition.get("stdev") or 0.0)
        if difference > tolerance * scale + 4 * EPSILON * _largest(other):
            text = f"predictions differ from the model's by {difference:.3g}, with outputs of the size {scale:.3g}"
            raise PyramidError(f"{file}: {text}; it is not delivered")


def _difference(one: Any, other: Any) -> float:
    """The largest difference; infinite where only one of them is not finite."""
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if not np.isfinite(np.stack([one, other])[:, ~same]).all():
        return float("inf")
    return _largest(one[~same] - other[~same])


def _largest(values: Any) -> float:
    """The largest magnitude of the finite ``values``; 0 without any."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
