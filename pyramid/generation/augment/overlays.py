"""What lies over a picture: noise, a rectangle, a glare; ``data/augment/overlays.py`` for one picture.

All change ``pixels``, float32 [h, w, 3] and multiplied by alpha, in place.
"""

import math

import cv2
import numpy as np

from pyramid.generation.augment.parts import Floats, between, coin

#: Pixels.
_THIN = np.float32(0.25)


def add_noise(pixels: Floats, draws: Floats, n: float, rng: np.random.Generator) -> None:
    """v + n v e with a standard normal e for every value v. Draws: the coin; e comes from ``rng``."""
    if coin(draws[0]):
        deviates = rng.standard_normal(pixels.shape, np.float32)
        deviates *= np.float32(n)
        deviates += 1
        pixels *= deviates


def cut_out(pixels: Floats, alpha: Floats, mean: Floats, draws: Floats, n: float) -> None:
    """A rectangle of n times both sides in the colour ``mean`` [3], as opaque as what it covers.

    Draws: the coin, its x, its y.
    """
    if coin(draws[0]):
        height, width = pixels.shape[:2]
        place = _span(draws[2], height, n), _span(draws[1], width, n)
        pixels[place] = alpha[place] * mean


def _span(draw: np.float32, side: int, n: float) -> slice:
    """A span of n times the ``side``."""
    length = round(n * side)
    start = int(draw * (side - length + 1))
    return slice(start, start + length)


def add_glare(pixels: Floats, white: Floats, draws: Floats, n: float) -> None:
    """White between two foci, fading outwards. Draws: the coin, the foci's x, y, x, y, and the area.

    The formulas are those of training.

    Args:
        white: 255 times alpha, float32 [h, w, 3].
    """
    if coin(draws[0]):
        height, width = pixels.shape[:2]
        gain = white - pixels
        gain *= cv2.cvtColor(_light(draws[1:], n, width, height), cv2.COLOR_GRAY2RGB)
        pixels += gain


def _light(draws: Floats, n: float, width: int, height: int) -> Floats:
    """How much of the light reaches each pixel, float32 [h, w] in 0..1."""
    x1, y1, x2, y2, share = draws
    squared = ((x1 - x2) * width / 2) ** 2 + ((y1 - y2) * height / 2) ** 2  # c²
    flat = between(share, 0.0, n) * (width * height / math.pi)  # ab
    long = np.sqrt((squared + np.sqrt(squared**2 + 4 * flat**2)) / 2)  # a, from (ab)² = a²(a² - c²)
    beyond = 2 * flat**2 / max(long**2 * (long + np.sqrt(squared)), 1e-6)  # 2(a - c), without a cancellation
    outwards = _distances(x1 * width, y1 * height, width, height)
    outwards += _distances(x2 * width, y2 * height, width, height)
    outwards -= 2 * np.sqrt(squared)
    outwards *= -0.5 / max(beyond, _THIN)
    outwards += 1
    np.clip(outwards, 0, 1, out=outwards)
    outwards *= min(beyond / _THIN, 1.0)
    return outwards


def _distances(x: np.float32, y: np.float32, width: int, height: int) -> Floats:
    """From a place to the centre of every pixel, float32 [h, w]."""
    across = np.square(np.arange(width, dtype=np.float32) + (np.float32(0.5) - x))
    down = np.square(np.arange(height, dtype=np.float32) + (np.float32(0.5) - y))
    return np.asarray(np.sqrt(across + down[:, np.newaxis]), np.float32)
