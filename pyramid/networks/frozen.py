"""The two halves of a network: what stays as it is while the readout is learned, and the readout."""

from typing import Any

from pyramid.networks.build import Network
from pyramid.networks.yolo import Detector
from pyramid.tf import tf


def set_frozen(network: Network | Detector, frozen: bool) -> None:
    """Let descent leave the body alone, the moving moments of its batch normalizations included, or not."""
    for layer in network.body:
        layer.trainable = not frozen


def extractor(network: Network | Detector) -> Any:
    """A Keras model: float32 pixels [b, height, width, 3] -> what the readout sees, flat: float32 [b, n]."""
    flat = [tf.keras.layers.Flatten()(features) for features in network.features]
    return tf.keras.Model(network.model.input, flat[0] if len(flat) == 1 else tf.keras.layers.Concatenate()(flat))


def head(network: Network | Detector) -> Any:
    """A Keras model of the readout, on what `extractor` gives -> the outputs of the whole."""
    shapes = [features.shape[1:] for features in network.features]
    sizes = [shape.num_elements() for shape in shapes]
    flat = tf.keras.Input((sum(sizes),), dtype=tf.float32)
    parts = tf.split(flat, sizes, axis=-1)
    features = [tf.reshape(part, (-1, *shape)) for part, shape in zip(parts, shapes, strict=True)]
    # Of values the raw and the served outputs are one tensor, which Keras takes once only.
    distinct = list({id(output): output for output in network.model.outputs}.values())
    made = tf.nest.flatten(tf.keras.Model(network.features, distinct)(features if len(features) > 1 else features[0]))
    found = {id(output): value for output, value in zip(distinct, made, strict=True)}
    return tf.keras.Model(flat, [found[id(output)] for output in network.model.outputs])
