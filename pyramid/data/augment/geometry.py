"""Where the pixels of an augmented picture come from: one affine map for each picture.

A map is a matrix [3, 3] on (x, y, 1) in pixels from the centre of the picture, x to the right and y down. It leads from
the augmented picture back to the original one, because each new pixel has to know where to look.
"""

import math
from collections.abc import Callable

from pyramid.data.augment.parts import between, coin, part
from pyramid.tf import tf


def _matrix(a: tf.Tensor, b: tf.Tensor, x: tf.Tensor, c: tf.Tensor, d: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """[[a, b, x], [c, d, y], [0, 0, 1]] for numbers or [b] each: float32 [b, 3, 3]."""
    numbers = [a, b, x, c, d, y, 0.0, 0.0, 1.0]
    size = next(tf.shape(number) for number in numbers if tf.is_tensor(number))
    return tf.reshape(tf.stack([tf.broadcast_to(number, size) for number in numbers], 1), (-1, 3, 3))


def _horizontal_flip(draws: list[tf.Tensor], n: float, width: int, height: int) -> tf.Tensor:
    return _matrix(tf.where(coin(draws[0]), -1.0, 1.0), 0.0, 0.0, 0.0, 1.0, 0.0)


def _vertical_flip(draws: list[tf.Tensor], n: float, width: int, height: int) -> tf.Tensor:
    return _matrix(1.0, 0.0, 0.0, 0.0, tf.where(coin(draws[0]), -1.0, 1.0), 0.0)


def _zoom(draws: list[tf.Tensor], n: float, width: int, height: int) -> tf.Tensor:
    back = 1 / between(draws[0], 1 - n, 1 + n)
    return _matrix(back, 0.0, 0.0, 0.0, back, 0.0)


def _shear(draws: list[tf.Tensor], n: float, width: int, height: int) -> tf.Tensor:
    return _matrix(1.0, -tf.tan(_radians(draws[0], n)), 0.0, 0.0, 1.0, 0.0)


def _rotation(draws: list[tf.Tensor], n: float, width: int, height: int) -> tf.Tensor:
    angle = _radians(draws[0], n)
    return _matrix(tf.cos(angle), tf.sin(angle), 0.0, -tf.sin(angle), tf.cos(angle), 0.0)


def _radians(draw: tf.Tensor, degrees: float) -> tf.Tensor:
    return between(draw, -math.radians(degrees), math.radians(degrees))


def _width_shift(draws: list[tf.Tensor], n: float, width: int, height: int) -> tf.Tensor:
    return _matrix(1.0, 0.0, -between(draws[0], -n * width, n * width), 0.0, 1.0, 0.0)


def _height_shift(draws: list[tf.Tensor], n: float, width: int, height: int) -> tf.Tensor:
    return _matrix(1.0, 0.0, 0.0, 0.0, 1.0, -between(draws[0], -n * height, n * height))


#: (numbers drawn, n, width, height) -> float32 [b, 3, 3]; in the order in which a picture goes through them.
GEOMETRIC: dict[str, Callable[[list[tf.Tensor], float, int, int], tf.Tensor]] = {
    "horizontal_flip": _horizontal_flip,
    "vertical_flip": _vertical_flip,
    "zoom": _zoom,
    "shear": _shear,
    "rotation": _rotation,
    "width_shift": _width_shift,
    "height_shift": _height_shift,
}

FLIPS = ("horizontal_flip", "vertical_flip")


def maps(draws: tf.Tensor, strengths: dict[str, float], width: int, height: int) -> tf.Tensor:
    """The map of each picture through all of its geometric augmentations, float32 [b, 3, 3]."""
    whole = tf.eye(3, batch_shape=[tf.shape(draws)[0]])
    for name, make in GEOMETRIC.items():
        if name in strengths:
            whole = whole @ make(part(draws, name), strengths[name], width, height)
    return whole


def warp(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    """The pictures as ``maps`` see them, [b, h, w, 3] to float32 of the same shape; bilinear.

    Beyond a border lies what is nearest on it.
    """
    height, width = images.shape[1:3]
    x = tf.range(width, dtype=tf.float32)[tf.newaxis, tf.newaxis, :] + (0.5 - width / 2)
    y = tf.range(height, dtype=tf.float32)[tf.newaxis, :, tf.newaxis] + (0.5 - height / 2)
    entries = maps[:, :, :, tf.newaxis, tf.newaxis]
    (a, b, dx), (c, d, dy) = (tf.unstack(entries[:, row], axis=1) for row in range(2))
    return sample(images, a * x + b * y + dx + width / 2, c * x + d * y + dy + height / 2)


def sample(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor, which: tf.Tensor | None = None) -> tf.Tensor:
    """Bilinear interpolation of [b, h, w, 3] at places [b', h', w'] in pixels from the upper left corner: float32.

    The first pixel's centre is at 0.5.

    Args:
        which: int32 [b', h', w']: the picture that each place is in; by default picture i for the places i.
    """
    height, width = images.shape[1:3]
    x = tf.clip_by_value(x - 0.5, 0.0, width - 1.0)
    y = tf.clip_by_value(y - 0.5, 0.0, height - 1.0)
    left, top = tf.floor(x), tf.floor(y)
    right_part, low_part = (x - left)[..., tf.newaxis], (y - top)[..., tf.newaxis]
    left, top = tf.cast(left, tf.int32), tf.cast(top, tf.int32)
    right, low = tf.minimum(left + 1, width - 1), tf.minimum(top + 1, height - 1)
    pixels = tf.reshape(images, (-1, 3))
    if which is None:
        which = tf.range(tf.shape(images)[0])[:, tf.newaxis, tf.newaxis]
    first = which * (height * width)

    def at(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.gather(pixels, first + row * width + column), tf.float32)

    upper = at(top, left) + (at(top, right) - at(top, left)) * right_part
    lower = at(low, left) + (at(low, right) - at(low, left)) * right_part
    return upper + (lower - upper) * low_part


def flip(images: tf.Tensor, draws: tf.Tensor, strengths: dict[str, float]) -> tf.Tensor:
    """The flips alone, without interpolation."""
    for name, axis in zip(FLIPS, (2, 1), strict=True):
        if name in strengths:
            turned = coin(part(draws, name)[0])[:, tf.newaxis, tf.newaxis, tf.newaxis]
            images = tf.where(turned, tf.reverse(images, [axis]), images)
    return images
