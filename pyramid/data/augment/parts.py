"""The random numbers of pictures, taken apart in the TensorFlow graph."""

from pyramid.data.augment.draws import columns
from pyramid.tf import tf


def part(draws: tf.Tensor, name: str) -> list[tf.Tensor]:
    """The numbers of one augmentation, each float32 [b]."""
    return tf.unstack(draws[:, columns(name)], axis=1)


def between(draw: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """Uniform numbers in [``low``, ``high``)."""
    return low + (high - low) * draw


def coin(draw: tf.Tensor) -> tf.Tensor:
    """True for half of the pictures, bool [b]."""
    return draw < 0.5
