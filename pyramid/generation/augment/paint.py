"""The augmentations of one object or background that leave everything in its place: blur, colours, what lies over it.

They do what training does on batches in the TensorFlow graph (``data/augment/augment.py``), with the same draws and in
the same order; ``tests/contracts/test_augmentations.py`` holds both to it. Here it is NumPy and OpenCV: every object
has another size, and TensorFlow would compile for each.
"""

import cv2
import numpy as np

from pyramid.generation.augment.color import COLOR, recolor, visible_color
from pyramid.generation.augment.overlays import add_glare, add_noise, cut_out
from pyramid.generation.augment.parts import Floats, between, part


def paint(
    pixels: Floats, alpha: Floats, draws: Floats, strengths: dict[str, float], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """``pixels`` and ``alpha`` after all of ``strengths`` (name -> n) but the geometric ones.

    Args:
        pixels: float32 [h, w, 3] in 0..255, multiplied by alpha; at least one pixel.
        alpha: float32 [h, w, 1] in 0..1; of a background all ones.
        draws: float32 [WIDTH], one row of ``draws.draw``.
        rng: for the noise, from which nothing else is taken.

    Returns:
        New pixels, within [0, 255 alpha] and not rounded; and the alpha, which only blur changes, and which is the
        argument itself when it is not blurred.
    """
    n = strengths
    mean = visible_color(pixels, alpha) if "contrast" in n or "cutout" in n else np.zeros(3, np.float32)
    pixels, alpha = _blur(pixels, alpha, draws, n["blur"]) if "blur" in n else (pixels.copy(), alpha)
    white = np.asarray(cv2.cvtColor(alpha * np.float32(255), cv2.COLOR_GRAY2RGB), np.float32)
    if any(name in n for name in COLOR):
        mean = recolor(pixels, white, mean, draws, n)
    if "gaussian_noise" in n:
        add_noise(pixels, part(draws, "gaussian_noise"), n["gaussian_noise"], rng)
    if "cutout" in n:
        cut_out(pixels, alpha, mean, part(draws, "cutout"), n["cutout"])
    if "glare" in n:
        add_glare(pixels, white, part(draws, "glare"), n["glare"])
    return np.clip(pixels, 0, white, out=pixels), alpha


def _blur(pixels: Floats, alpha: Floats, draws: Floats, n: float) -> tuple[Floats, Floats]:
    """Shrunk and enlarged again, both bilinear and without a filter, as in ``data/augment/blur.py``."""
    height, width = pixels.shape[:2]
    scale = between(part(draws, "blur")[0], 1 - n, 1.0)
    small = max(1, round(scale * width)), max(1, round(scale * height))
    blurred = [cv2.resize(cv2.resize(each, small), (width, height)) for each in (pixels, alpha)]
    return np.asarray(blurred[0], np.float32), np.asarray(blurred[1], np.float32).reshape(alpha.shape)
