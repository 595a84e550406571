"""How an object is pasted onto a picture.

A detector that has seen one sort of paste only learns to find its edges instead of objects; the same scene in several
blendings teaches it not to mind them (Dwibedi, Misra and Hebert, "Cut, Paste and Learn: Surprisingly Easy Synthesis
for Instance Detection", 2017).
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

#: Something about the top, the bottom, the left and the right.
Sides = tuple[bool, bool, bool, bool]

#: Changes ``canvas``, float32 [H, W, 3] from 0 to 255, in place. The others are the object's pixels, float32 [h, w, 3]
#: and premultiplied by its alpha, float32 [h, w, 1] from 0 to 1; x and y of its upper left pixel in the canvas, so that
#: it lies wholly inside; and a generator, of which a blending always takes as many numbers, whatever the object.
Blend = Callable[[Floats, Floats, Floats, int, int, np.random.Generator], None]

#: The least alpha that can change a pixel of 8 bits by more than its rounding.
VISIBLE = 0.5 / 255

#: Standard deviations of the blur of an edge, in pixels: the least and the most.
_BLURS = 0.5, 2.0

#: The most of it as a part of the object's shorter side.
_BLUR_OF_SIDE = 0.1

#: From this alpha on a pixel counts as whole for the blur: what is translucent inside of an object is not an edge.
_WHOLE = 0.25

#: Below this alpha the colour of a pixel is mostly rounding errors, and taken more and more from its neighbours.
_CERTAIN = 0.5

#: The part of its own colours that an object keeps in Poisson blending. Without it an object of one colour, whose only
#: gradients are those at its outline, vanishes, and its label stays: of a blue ring on wood nothing could be seen.
_OWN = 0.4

#: Objects with a shorter side, in pixels, have no inside whose gradients could be kept.
_SOLVABLE = 3

#: `cv2.seamlessClone` takes so many pixels off each side of a mask (three erosions by 3 x 3), besides its border.
_ERODED = 3


def paste(canvas: Floats, pixels: Floats, alpha: Floats, x: int, y: int, rng: np.random.Generator) -> None:
    """Lay the object over the canvas as it is; see `Blend`. Draws nothing."""
    height, width = alpha.shape[:2]
    under = canvas[y : y + height, x : x + width]
    under[...] = cv2.add(cv2.multiply(under, _three(1 - alpha)), pixels)


def paste_feathered(canvas: Floats, pixels: Floats, alpha: Floats, x: int, y: int, rng: np.random.Generator) -> None:
    """Fade the object out towards its outline, and lay it over the canvas; see `Blend`. Draws one number.

    The standard deviation of the blur is between 0.5 and 2 pixels, but at most a tenth of the object's shorter side.
    What is translucent stays as it is, nothing appears outside of the object, and nothing of it vanishes.
    """
    blur = min(rng.uniform(*_BLURS), _BLUR_OF_SIDE * min(alpha.shape[:2]))
    weight = _feather(alpha, blur, _sides_at_border(canvas, alpha, x, y))
    # Pixels and alpha take the same factor, so that the colours stay: neither a dark nor a bright seam.
    paste(canvas, pixels * _three(weight), alpha * weight, x, y, rng)


def paste_seamlessly(canvas: Floats, pixels: Floats, alpha: Floats, x: int, y: int, rng: np.random.Generator) -> None:
    """Keep the gradients of the object, but take most of the level of its colours from the canvas; see `Blend`.

    Pérez, Gangnet and Blake, "Poisson image editing", 2003. The result is laid in by alpha, so that holes and soft
    edges stay. An object with a side of less than 3 pixels is pasted as it is. Draws nothing.
    """
    left, top, width, height = cv2.boundingRect((alpha > VISIBLE).view(np.uint8))
    if min(width, height) < _SOLVABLE:
        return paste(canvas, pixels, alpha, x, y, rng)
    seen = np.s_[top : top + height, left : left + width]
    x, y, pixels, alpha = x + left, y + top, pixels[seen], alpha[seen]
    cloned = _clone(canvas, pixels, alpha, x, y) * alpha
    return paste(canvas, _OWN * pixels + (1 - _OWN) * cloned, alpha, x, y, rng)


BLENDINGS: dict[str, Blend] = {"none": paste, "gaussian": paste_feathered, "poisson": paste_seamlessly}


def _three(channel: Floats) -> Floats:
    """One channel as three; numpy's own broadcasting along so short an axis takes five times as long."""
    return np.asarray(cv2.cvtColor(channel, cv2.COLOR_GRAY2BGR), np.float32)


def _sides_at_border(canvas: Floats, alpha: Floats, x: int, y: int) -> Sides:
    """Whether the top, the bottom, the left and the right of the object lie at the canvas's border."""
    height, width = alpha.shape[:2]
    return y == 0, y + height == canvas.shape[0], x == 0, x + width == canvas.shape[1]


def _feather(alpha: Floats, blur: float, goes_on: Sides) -> Floats:
    """A factor for each pixel, float32 [h, w, 1]: 1 inside, less near the outline, nowhere 0 where alpha is not.

    It is the square of the blurred outline over the largest of the blurred outline nearby: without the latter all of a
    thin part would fade, without the former its outermost pixels would hardly.

    Args:
        goes_on: the sides (top, bottom, left, right) where the picture ends, and not the object.
    """
    radius = math.ceil(3 * blur)
    whole = _bordered(np.minimum(alpha / _WHOLE, 1), radius, goes_on)
    window = 2 * radius + 1, 2 * radius + 1
    blurred = cv2.GaussianBlur(whole, window, blur)
    nearby = cv2.dilate(blurred, np.ones(window, np.uint8))
    factor = (blurred / np.maximum(nearby, np.finfo(np.float32).tiny))[radius:-radius, radius:-radius]
    return np.asarray(factor * factor, np.float32)[..., np.newaxis]


def _bordered(image: Floats, border: int, goes_on: Sides = (False,) * 4) -> Floats:
    """With ``border`` pixels more on each side: 0, or like the nearest pixel on the sides where it ``goes_on``."""
    top, bottom, left, right = (0 if on else border for on in goes_on)
    image = np.asarray(cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0), np.float32)
    top, bottom, left, right = (border if on else 0 for on in goes_on)
    return np.asarray(cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REPLICATE), np.float32)


def _clone(canvas: Floats, pixels: Floats, alpha: Floats, x: int, y: int) -> Floats:
    """The object in the canvas's colours, float32 [h, w, 3], not yet multiplied by alpha.

    cv2 shrinks the mask, so it gets a larger one, with a ring of colours that go on from the object's edge. The mask
    may not touch the border, which gives the colours: one pixel more. The canvas is continued beyond its own border.
    """
    ring = _ERODED + 1
    height, width = alpha.shape[0] + 2 * ring, alpha.shape[1] + 2 * ring
    pixels, alpha = _bordered(pixels, ring), _bordered(alpha, ring)
    mask = cv2.dilate((alpha > VISIBLE).view(np.uint8) * 255, np.ones((2 * _ERODED + 1,) * 2, np.uint8))
    under = _around(canvas, x - ring, y - ring, width, height)
    # Of the picture: with the flag that is not wide it would have to be that of the mask.
    centre = width // 2, height // 2
    clone = cv2.seamlessClone(_bytes(_colours(pixels, alpha)), under, mask, centre, cv2.NORMAL_CLONE_WIDE)
    return clone[ring:-ring, ring:-ring].astype(np.float32)


def _colours(pixels: Floats, alpha: Floats) -> Floats:
    """The colours of premultiplied pixels, also a little outside of the object, float32 [h, w, 3]."""
    certain = alpha[..., np.newaxis]
    width = 4 * _ERODED + 1
    near, weight = (cv2.GaussianBlur(a, (width, width), width / 6.5) for a in (pixels, alpha))
    nearby = near / np.maximum(weight, 1e-6)[..., np.newaxis]
    own = pixels / np.maximum(certain, _CERTAIN)
    return np.asarray(own + (1 - np.minimum(certain / _CERTAIN, 1)) * nearby, np.float32)


def _around(canvas: Floats, x: int, y: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """A part of the canvas; what lies outside is like the nearest pixel inside."""
    rows = np.clip(np.arange(y, y + height), 0, canvas.shape[0] - 1)
    columns = np.clip(np.arange(x, x + width), 0, canvas.shape[1] - 1)
    return _bytes(canvas[rows[:, np.newaxis], columns])


def _bytes(values: Floats) -> npt.NDArray[np.uint8]:
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)
