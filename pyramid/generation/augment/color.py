"""Colour: for each channel a factor and an offset, applied in one pass; ``data/augment/color.py`` for one picture."""

from collections.abc import Callable

import cv2
import numpy as np

from pyramid.generation.augment.parts import Floats, between, coin, part

_CHANNELS = 3


def _tint(draws: Floats, n: float, mean: Floats) -> tuple[Floats | float, Floats | float]:
    """Draws: the coin, the subset of channels (none of the seven is empty), a factor for each channel."""
    subset = 1 + int(draws[1] * 7) if coin(draws[0]) else 0
    chosen = [subset >> channel & 1 for channel in range(_CHANNELS)]
    factors = [between(draw, 1 - n, 1 + n) if on else 1.0 for draw, on in zip(draws[2:], chosen, strict=True)]
    return np.array(factors, np.float32), 0.0


def _contrast(draws: Floats, n: float, mean: Floats) -> tuple[Floats | float, Floats | float]:
    change = between(draws[0], -n, n)
    return 1 + change, -mean * change


def _brightness(draws: Floats, n: float, mean: Floats) -> tuple[Floats | float, Floats | float]:
    return 1.0, between(draws[0], -255 * n, 255 * n)


def _color_invert(draws: Floats, n: float, mean: Floats) -> tuple[Floats | float, Floats | float]:
    return (-1.0, 255.0) if coin(draws[0]) else (1.0, 0.0)


#: (numbers drawn, n, mean colour [3]) -> (factor, offset), each a number or [3]; in the order of their use.
COLOR: dict[str, Callable[[Floats, float, Floats], tuple[Floats | float, Floats | float]]] = {
    "tint": _tint,
    "contrast": _contrast,
    "brightness": _brightness,
    "color_invert": _color_invert,
}


def recolor(pixels: Floats, white: Floats, mean: Floats, draws: Floats, strengths: dict[str, float]) -> Floats:
    """Change ``pixels`` float32 [h, w, 3] in place, within [0, ``white``], and return their new mean colour [3].

    Args:
        pixels: multiplied by alpha.
        white: 255 times alpha, float32 [h, w, 3]: what the offset of an opaque pixel is a share of.
        mean: the colour of the visible part, float32 [3].
    """
    factor, offset = np.ones(_CHANNELS, np.float32), np.zeros(_CHANNELS, np.float32)
    for name, make in COLOR.items():
        if name in strengths:
            times, plus = make(part(draws, name), strengths[name], mean * factor + offset)
            factor, offset = factor * times, offset * times + plus
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)  # NumPy is slow where the last axis is short
    rows *= np.tile(factor, width)
    rows += white.reshape(height, -1) * np.tile(offset / np.float32(255), width)
    np.clip(pixels, 0, white, out=pixels)
    return np.asarray(np.clip(mean * factor + offset, 0, 255), np.float32)


def visible_color(pixels: Floats, alpha: Floats) -> Floats:
    """The mean of each channel where ``alpha`` lets it be seen, float32 [3]; 0 where nothing is seen.

    Args:
        pixels: float32 [h, w, 3], multiplied by ``alpha`` float32 [h, w, 1].
    """
    total = np.array(cv2.sumElems(pixels)[:_CHANNELS])
    return np.asarray(total / max(cv2.sumElems(alpha)[0], 1e-6), np.float32)
