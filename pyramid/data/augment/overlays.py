"""What lies over a picture: noise, a rectangle, a glare; each on half of the pictures."""

import math

import numpy as np
import numpy.typing as npt

from pyramid.data.augment.parts import between, coin, part
from pyramid.tf import tf

#: Pixels.
_THIN = 0.25


def add_noise(images: tf.Tensor, table: tf.Tensor, draws: tf.Tensor, n: float) -> tf.Tensor:
    """v + n v e with a standard normal e for every value v of ``images``, float32 [b, h, w, 3].

    Each row of a picture takes a row of ``table``: drawing e anew would take longer than all other augmentations
    together. Draws: the coin, the first row of the table, and the step from one to the next.
    """
    height, width = images.shape[1:3]
    rows = table.shape[0]
    toss, first, step = part(draws, "gaussian_noise")
    start = tf.cast(first * rows, tf.int32)[:, tf.newaxis]
    odd = 2 * tf.cast(step * (rows // 2), tf.int32)[:, tf.newaxis] + 1  # so as to pass all rows, of which there are 2^k
    deviates = tf.gather(table, (start + odd * tf.range(height)) % rows)
    strength = tf.where(coin(toss), n, 0.0)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    return images * (1 + strength * tf.reshape(deviates, (-1, height, width, 3)))


def noise_table(width: int) -> npt.NDArray[np.float32]:
    """Standard normal deviates for rows of ``width`` pixels: 2^12 rows, or fewer (2^9 at least) of wide pictures."""
    rows = 2 ** min(12, max(9, round(math.log2(2**22 / (3 * width)))))
    return np.random.default_rng(0).standard_normal((rows, 3 * width), np.float32)


def cut_out(images: tf.Tensor, mean: tf.Tensor, draws: tf.Tensor, n: float) -> tf.Tensor:
    """A rectangle of n times both sides in the colour ``mean`` [b, 3]. Draws: the coin, its x, its y."""
    height, width = images.shape[1:3]
    toss, across, down = part(draws, "cutout")
    inside = _span(across, width, n)[:, tf.newaxis, :] & _span(down, height, n)[:, :, tf.newaxis]
    covered = (inside & coin(toss)[:, tf.newaxis, tf.newaxis])[..., tf.newaxis]
    return tf.where(covered, mean[:, tf.newaxis, tf.newaxis], images)


def _span(draw: tf.Tensor, side: int, n: float) -> tf.Tensor:
    """Which of ``side`` pixels lie in a span of n times the side, bool [b, side]."""
    length = round(n * side)
    start = tf.floor(draw * (side - length + 1))[:, tf.newaxis]
    place = tf.range(side, dtype=tf.float32)
    return (place >= start) & (place < start + length)


def add_glare(images: tf.Tensor, draws: tf.Tensor, n: float) -> tf.Tensor:
    """White between two foci, fading outwards. Draws: the coin, the foci's x, y, x, y, and the area.

    An ellipse is where the distances to the foci add up to 2a. With half the distance of the foci c and b² = a² - c²
    its area is πab. The ellipse of the drawn area is where half of the light is; it is all gone as far again outside.
    """
    height, width = images.shape[1:3]
    toss, x1, y1, x2, y2, share = part(draws, "glare")
    foci = [(x1 * width, y1 * height), (x2 * width, y2 * height)]
    squared = ((x1 - x2) * width / 2) ** 2 + ((y1 - y2) * height / 2) ** 2  # c²
    flat = between(share, 0.0, n) * (width * height / math.pi)  # ab
    long = tf.sqrt((squared + tf.sqrt(squared**2 + 4 * flat**2)) / 2)  # a, from (ab)² = a²(a² - c²)
    beyond = 2 * flat**2 / tf.maximum(long**2 * (long + tf.sqrt(squared)), 1e-6)  # 2(a - c), without a cancellation
    sums = tf.add_n([_distances(x, y, width, height) for x, y in foci])
    outwards = sums - 2 * tf.sqrt(squared)[:, tf.newaxis, tf.newaxis]
    # Between the foci the sum is 2c up to rounding only. What would be thinner than that can bear is darker instead.
    fade = tf.clip_by_value(1 - 0.5 * outwards / tf.maximum(beyond, _THIN)[:, tf.newaxis, tf.newaxis], 0.0, 1.0)
    brightest = tf.where(coin(toss), tf.minimum(beyond / _THIN, 1.0), 0.0)[:, tf.newaxis, tf.newaxis]
    light = (fade * brightest)[..., tf.newaxis]
    return images + light * (255 - images)


def _distances(x: tf.Tensor, y: tf.Tensor, width: int, height: int) -> tf.Tensor:
    """From a place [b] to the centre of every pixel, float32 [b, h, w]."""
    across = tf.range(width, dtype=tf.float32)[tf.newaxis, tf.newaxis, :] + 0.5 - x[:, tf.newaxis, tf.newaxis]
    down = tf.range(height, dtype=tf.float32)[tf.newaxis, :, tf.newaxis] + 0.5 - y[:, tf.newaxis, tf.newaxis]
    return tf.sqrt(across**2 + down**2)
