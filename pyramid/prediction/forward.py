"""Networks as sensenet makes them from documents and bundles, for batches."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pyramid.errors import ConfigError
from pyramid.prediction.document import Described
from pyramid.prediction.folding import folded_document
from pyramid.prediction.predictions import Limits
from pyramid.prediction.suppression import surest
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.constants import NUMERIC_INPUTS, PIXEL_INPUTS  # isort: skip
from sensenet.layers.yolo import Yolo  # isort: skip
from sensenet.models.wrappers import create_model  # isort: skip
from sensenet.preprocess.image import ImageLoader  # isort: skip

Sizes = npt.NDArray[np.int32]


class Forward(Protocol):
    """Pixels of a batch, see `decoding.Decoded`, and the sizes of the pictures [n, 2] -> `Predictions.outputs`."""

    def __call__(self, pixels: Any, sizes: Sizes) -> Any: ...


def forward(model: Described, limits: Limits) -> Forward:
    """The network of ``model``, which takes pictures.

    Raises:
        ConfigError: sensenet cannot make it, or it cannot have these ``limits``.
    """
    try:
        if model.document is None:
            return _Bundle(model, limits)
        if model.objective == BOUNDING_BOX:
            return _Detector(model, limits)
        return _Pictures(model)
    except ConfigError:
        raise
    except Exception as error:  # whatever a document makes sensenet and Keras stumble over
        raise unmakeable(model, error) from error


def unmakeable(model: Described, error: Exception) -> ConfigError:
    """sensenet's ``error``, for a person."""
    said = next(iter(str(error).splitlines()), "")
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return ConfigError([f"model: {model.path}: sensenet makes no model of it ({reason}); it may be damaged"])


def _finished(outputs: Any, model: Described) -> Any:
    """Probabilities [n, classes], or values [n]."""
    return outputs if model.objective == CATEGORICAL else outputs[:, 0]


class _Pictures:
    """A classifier, or a network for values. What is fitted already, sensenet's own fitting leaves as it is."""

    def __init__(self, model: Described):
        self._model, look = model, model.look
        assert look is not None
        assert model.document is not None
        network = create_model(folded_document(model.document))._model
        kind = tf.float32 if look.rescale_type == "pad" else tf.uint8
        signature = tf.TensorSpec((None, look.height, look.width, 3), kind)
        self._compute = tf.function(
            lambda pixels: network(tf.cast(pixels, tf.float32), training=False), input_signature=[signature]
        )

    def __call__(self, pixels: Any, sizes: Sizes) -> Any:
        return _finished(self._compute(pixels).numpy(), self._model)


class _Detector:
    """A detector; sensenet's takes one picture at a time because of its last step, which is done here."""

    def __init__(self, model: Described, limits: Limits):
        self._limits, look, document = limits, model.look, model.document
        assert look is not None
        assert document is not None
        inputs = tf.keras.Input((look.height, look.width, 3), dtype=tf.float32)
        described = folded_document(document)["image_network"]
        network = tf.keras.Model(inputs, Yolo(described, len(model.classes))(ImageLoader(described)(inputs)))
        shape = (None, look.height, look.width, 3)
        self._compute = tf.function(
            lambda pixels, sides: _boxes(network(pixels, training=False), sides, (look.width, look.height)),
            input_signature=[tf.TensorSpec(shape, tf.float32), tf.TensorSpec((None,), tf.float32)],
        )

    def __call__(self, pixels: Any, sizes: Sizes) -> list[npt.NDArray[np.float32]]:
        parts = [part.numpy() for part in self._compute(pixels, sizes.max(axis=1).astype(np.float32))]
        made = []
        for boxes, scores, names in zip(*parts, strict=True):
            kept = surest(boxes, scores, self._limits)
            made.append(_joined(boxes[kept], scores[kept], names[kept]))
        return made


def _boxes(branches: Any, sides: Any, shape: tuple[int, int]) -> tuple[Any, Any, Any]:
    """All that is predicted: corners in whole pixels of the pictures [b, n, 4], scores and classes [b, n].

    Args:
        branches: of each the raw output and the decoded one, [b, cells, cells, anchors, 5 + classes].
        sides: [b]: the longer side of each picture in pixels.
        shape: width and height of the network's input.
    """
    flat = [tf.reshape(made, (tf.shape(made)[0], -1, made.shape[-1])) for _, made in branches]
    found = tf.concat(flat, 1)
    scores = found[..., 4:5] * found[..., 5:]
    middle, half = found[..., :2], found[..., 2:4] / 2.0
    corners = tf.concat([(middle - half) / shape, (middle + half) / shape], -1)
    boxes = tf.round(corners * sides[:, tf.newaxis, tf.newaxis])
    return boxes, tf.reduce_max(scores, -1), tf.argmax(scores, -1, tf.int32)


class _Bundle:
    """A SavedModel with sensenet's fitting and suppression in it, which takes pictures as they are, one by one."""

    def __init__(self, model: Described, limits: Limits):
        if model.objective == BOUNDING_BOX and limits != Limits():
            rule = "a bundle has its own limits for scores, overlaps and objects"
            raise ConfigError([f"model: {model.path}: {rule}; give the final_model.json that it was made from"])
        self._model, self._network = model, create_model(str(model.path))._model

    def __call__(self, pixels: Any, sizes: Sizes) -> Any:
        made = [self._network(tf.constant(one[np.newaxis], tf.float32), training=False) for one in pixels]
        if self._model.objective != BOUNDING_BOX:
            return _finished(np.concatenate([output.numpy() for output in made]), self._model)
        return [_joined(*(part.numpy()[0] for part in output)) for output in made]


def _joined(boxes: Any, scores: Any, names: Any) -> npt.NDArray[np.float32]:
    return np.concatenate([boxes, names[:, np.newaxis], scores[:, np.newaxis]], 1).astype(np.float32)


class Rows:
    """A network on rows of a table."""

    def __init__(self, model: Described):
        """
        Raises:
            ConfigError: sensenet cannot make it.
        """
        self._model = model
        try:
            made = create_model(str(model.path) if model.document is None else folded_document(model.document))
        except Exception as error:  # as for pictures
            raise unmakeable(model, error) from error
        self._compute = tf.function(made._model, reduce_retracing=True)

    def __call__(self, numbers: npt.NDArray[np.float32], pixels: Any) -> Any:
        """`Predictions.outputs`.

        Args:
            numbers: [rows, columns] as sensenet's `load_points` makes them: categories by their place, -1 for none.
            pixels: float32 [rows, height, width, 3], or [rows, images, height, width, 3]; None without pictures.
        """
        values: Any = tf.constant(numbers)
        if pixels is not None:
            images = sum(column["type"] == "image" for column in self._model.columns)
            pictures = tf.constant(pixels, tf.float32)
            values = {NUMERIC_INPUTS: values, PIXEL_INPUTS: pictures} if images < numbers.shape[1] else pictures
        return _finished(self._compute(values, training=False).numpy(), self._model)
