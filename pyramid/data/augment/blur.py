"""Blur: a picture is shrunk and enlarged again, in two steps that sample a picture which is there as a whole."""

from pyramid.data.augment.geometry import sample
from pyramid.data.augment.parts import between, part
from pyramid.tf import tf


def shrink(images: tf.Tensor, draws: tf.Tensor, n: float) -> tf.Tensor:
    """The small picture lies in the upper left corner of the result, float32 of the same shape as ``images``."""
    height, width = images.shape[1:3]
    x, y = _centres(width, height)
    wide, high = _small_size(draws, n, width, height)
    return sample(images, x * (width / wide) + 0 * y, y * (height / high) + 0 * x)


def enlarge(small: tf.Tensor, draws: tf.Tensor, n: float) -> tf.Tensor:
    """Back from the upper left corner to the whole picture."""
    height, width = small.shape[1:3]
    x, y = _centres(width, height)
    wide, high = _small_size(draws, n, width, height)
    x = tf.minimum(x * (wide / width), wide - 0.5)  # not into what lies beside the small picture
    y = tf.minimum(y * (high / height), high - 0.5)
    return sample(small, x + 0 * y, y + 0 * x)


def _small_size(draws: tf.Tensor, n: float, width: int, height: int) -> tuple[tf.Tensor, tf.Tensor]:
    scale = between(part(draws, "blur")[0], 1 - n, 1.0)[:, tf.newaxis, tf.newaxis]
    return tf.maximum(1.0, tf.round(scale * width)), tf.maximum(1.0, tf.round(scale * height))


def _centres(width: int, height: int) -> tuple[tf.Tensor, tf.Tensor]:
    x = tf.range(width, dtype=tf.float32)[tf.newaxis, tf.newaxis, :] + 0.5
    y = tf.range(height, dtype=tf.float32)[tf.newaxis, :, tf.newaxis] + 0.5
    return x, y
