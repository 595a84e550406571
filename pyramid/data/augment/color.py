"""Colour: for each channel of each picture a factor and an offset, applied in one pass."""

from collections.abc import Callable

from pyramid.data.augment.parts import between, coin, part
from pyramid.tf import tf

_CHANNELS = 3


def _tint(draws: list[tf.Tensor], n: float, mean: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws: the coin, the subset of channels (none of the seven is empty), a factor for each channel."""
    subset = tf.cast(1 + tf.floor(draws[1] * 7), tf.int32)
    chosen = [(subset // 2**channel % 2 == 1) & coin(draws[0]) for channel in range(_CHANNELS)]
    factors = [tf.where(chosen[i], between(draws[2 + i], 1 - n, 1 + n), 1.0) for i in range(_CHANNELS)]
    return tf.stack(factors, 1), tf.constant(0.0)


def _contrast(draws: list[tf.Tensor], n: float, mean: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    change = between(draws[0], -n, n)[:, tf.newaxis]
    return 1 + change, -mean * change


def _brightness(draws: list[tf.Tensor], n: float, mean: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.constant(1.0), between(draws[0], -255 * n, 255 * n)[:, tf.newaxis]


def _color_invert(draws: list[tf.Tensor], n: float, mean: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    inverted = coin(draws[0])[:, tf.newaxis]
    return tf.where(inverted, -1.0, 1.0), tf.where(inverted, 255.0, 0.0)


#: (numbers drawn, n, mean colour [b, 3]) -> (factor, offset), each [b, 3] or narrower; in the order of their use.
COLOR: dict[str, Callable[[list[tf.Tensor], float, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]] = {
    "tint": _tint,
    "contrast": _contrast,
    "brightness": _brightness,
    "color_invert": _color_invert,
}


def recolor(
    images: tf.Tensor, mean: tf.Tensor, draws: tf.Tensor, strengths: dict[str, float]
) -> tuple[tf.Tensor, tf.Tensor]:
    """``images`` float32 [b, h, w, 3] and their mean colour [b, 3], both as they are afterwards; within [0, 255]."""
    factor, offset = tf.ones_like(mean), tf.zeros_like(mean)
    for name, make in COLOR.items():
        if name in strengths:
            times, plus = make(part(draws, name), strengths[name], mean * factor + offset)
            factor, offset = factor * times, offset * times + plus
    recolored = images * factor[:, tf.newaxis, tf.newaxis] + offset[:, tf.newaxis, tf.newaxis]
    return tf.clip_by_value(recolored, 0.0, 255.0), tf.clip_by_value(mean * factor + offset, 0.0, 255.0)


def mean_color(images: tf.Tensor) -> tf.Tensor:
    """The mean of each channel of uint8 pictures, float32 [b, 3]; sums of whole numbers, so exact in any order."""
    rows = tf.reduce_sum(tf.cast(images, tf.int32), 2)
    total = tf.reduce_sum(tf.cast(rows, tf.float64), 1)
    return tf.cast(total / (images.shape[1] * images.shape[2]), tf.float32)
