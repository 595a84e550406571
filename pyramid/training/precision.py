"""Mixed precision: layers compute with 16 bits, what is learned and what is served have 32.

Micikevicius et al., "Mixed precision training", 2018.
"""

import functools
from collections.abc import Callable
from typing import Any

from pyramid.tf import tf

FULL = "float32"

#: The first generation of GPUs that computes faster with 16 bits (Volta).
CAPABLE = (7, 0)

#: What a loss is multiplied by at first, and after how many steps without an overflow by two more. TensorFlow's own.
FIRST_SCALE, STEPS_TO_DOUBLE = 2.0**15, 2000

_layers = tf.keras.layers

#: Layers that know how to compute with 16 bits; all others keep 32, and get them from what enters.
_LOW = (
    _layers.Activation,
    _layers.Add,
    _layers.AveragePooling2D,
    _layers.BatchNormalization,
    _layers.Concatenate,
    _layers.Conv2D,  # and DepthwiseConv2D
    _layers.Dense,
    _layers.Dropout,
    _layers.Flatten,
    _layers.GlobalAveragePooling2D,
    _layers.GlobalMaxPool2D,
    _layers.MaxPool2D,
    _layers.SeparableConv2D,
    _layers.UpSampling2D,
    _layers.ZeroPadding2D,
)


def compute_type(wish: str) -> str:
    """The type that layers compute with: float32, bfloat16 or float16.

    Args:
        wish: `mixed_precision`. auto: float16 where all GPUs are the faster for it; on: float16 on GPUs, and bfloat16
            on CPUs, most of which are slower for it.
    """
    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    if wish == "off" or (wish == "auto" and not gpus):
        return FULL
    if wish == "auto" and any(detail.get("compute_capability", (0, 0)) < CAPABLE for detail in details):
        return FULL
    return "float16" if gpus else "bfloat16"


def lowered(model: Any, kind: str) -> Any:
    """A Keras model that shares all variables of ``model``, and computes with ``kind``; its outputs are float32.

    Its layers are trainable where those of ``model`` are now. What makes the outputs keeps 32 bits. The ``model``
    itself is left as it is: it predicts as the document that is written of it will.
    """
    exact = {id(layer) for output in model.outputs for layer in _makers(output)}

    def shared(layer: Any) -> Any:
        values = layer.get_config()
        if isinstance(layer, _LOW):
            values["dtype"] = FULL if id(layer) in exact else f"mixed_{kind}"
        made = type(layer).from_config(values)
        variables = {variable.name.split("/")[-1].split(":")[0]: variable for variable in layer.weights}
        if variables:
            made.add_weight = functools.partial(made.add_weight, getter=lambda **given: variables[given["name"]])
        return made

    return tf.keras.models.clone_model(model, clone_function=shared)


def _makers(output: Any) -> list[Any]:
    """The layer of ``output`` and those before it, back to the first that has weights."""
    layer = output._keras_history.layer
    if layer.weights or isinstance(layer.input, list) or isinstance(layer, _layers.InputLayer):
        return [layer]
    return [layer, *_makers(layer.input)]


class LossScale:
    """What a loss is multiplied by, so that its gradients are no zeros in float16: as much as does not overflow."""

    def __init__(self) -> None:
        self.value = tf.Variable(FIRST_SCALE, trainable=False, dtype=tf.float32)
        self._steps = tf.Variable(0, trainable=False, dtype=tf.int32)

    def guard(self, finite: tf.Tensor, update: Callable[[], None]) -> None:
        """Call ``update`` where the gradients are ``finite``; else leave this step out, and halve the scale."""
        tf.cond(finite, lambda: self._go_on(update), self._go_back)

    def _go_on(self, update: Callable[[], None]) -> int:
        update()
        steps = self._steps.read_value() + 1
        double = steps >= STEPS_TO_DOUBLE
        self._steps.assign(tf.where(double, 0, steps))
        self.value.assign(tf.where(double, 2 * self.value.read_value(), self.value.read_value()))
        return 0

    def _go_back(self) -> int:
        self._steps.assign(0)
        self.value.assign(tf.maximum(self.value.read_value() / 2, 1.0))
        return 0
