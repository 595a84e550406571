"""Drawn backgrounds: simple shapes on a uniform colour."""

import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

_MOST_SHAPES = 8

#: The least and the most of a length, as a part of the side of a square with the picture's area.
_LENGTHS = 0.02, 0.5

#: The same for the thickness of a line.
_THICKNESSES = 0.005, 0.05

_MOST_CORNERS = 8


def backdrop(width: int, height: int, rng: np.random.Generator) -> Picture:
    """A picture of one colour with none to eight circles, ellipses, rectangles, lines and polygons on it.

    Number, colours, places and sizes come from ``rng`` alone. Both sides are at least 1.

    Returns:
        uint8 [height, width, 3].
    """
    picture = np.empty((height, width, 3), np.uint8)
    picture[...] = rng.integers(0, 256, 3)
    for _ in range(rng.integers(0, _MOST_SHAPES + 1)):
        draw = SHAPES[rng.integers(len(SHAPES))]
        draw(picture, rng.integers(0, 256, 3).tolist(), rng)
    return picture


def circle(picture: Picture, colour: list[int], rng: np.random.Generator) -> None:
    """A full circle, whose centre is in the picture."""
    cv2.circle(picture, _place(picture, rng), _length(picture, rng), colour, cv2.FILLED, cv2.LINE_AA)


def ellipse(picture: Picture, colour: list[int], rng: np.random.Generator) -> None:
    """A full ellipse at any angle, whose centre is in the picture."""
    axes = _length(picture, rng), _length(picture, rng)
    centre, angle = _place(picture, rng), rng.uniform(0, 180)
    cv2.ellipse(picture, centre, axes, angle, 0, 360, colour, cv2.FILLED, cv2.LINE_AA)


def rectangle(picture: Picture, colour: list[int], rng: np.random.Generator) -> None:
    """A full rectangle, upright or, just as often, at any angle, whose centre is in the picture."""
    sides = 2 * _length(picture, rng), 2 * _length(picture, rng)
    centre, angle = _place(picture, rng), rng.uniform(-90, 90)
    upright = rng.random() < 0.5
    _fill(picture, cv2.boxPoints((centre, sides, 0 if upright else angle)), colour)


def line(picture: Picture, colour: list[int], rng: np.random.Generator) -> None:
    """A line from one place in the picture to another."""
    thickness = _length(picture, rng, _THICKNESSES)
    cv2.line(picture, _place(picture, rng), _place(picture, rng), colour, thickness, cv2.LINE_AA)


def polygon(picture: Picture, colour: list[int], rng: np.random.Generator) -> None:
    """A full polygon of three to eight corners, whose sides do not cross."""
    corners = rng.integers(3, _MOST_CORNERS + 1)
    angles = np.sort(rng.uniform(0, 2 * math.pi, corners))  # around a centre one after the other: no crossing
    radii = _length(picture, rng) * rng.uniform(0.3, 1, corners)
    steps = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    _fill(picture, _place(picture, rng) + steps, colour)


SHAPES: tuple[Callable[[Picture, list[int], np.random.Generator], None], ...] = (
    circle,
    ellipse,
    rectangle,
    line,
    polygon,
)


def _place(picture: Picture, rng: np.random.Generator) -> tuple[int, int]:
    """x and y of any pixel."""
    height, width = picture.shape[:2]
    return int(rng.integers(width)), int(rng.integers(height))


def _length(picture: Picture, rng: np.random.Generator, parts: tuple[float, float] = _LENGTHS) -> int:
    """Pixels, at least 1; any order of magnitude within ``parts`` is as likely."""
    height, width = picture.shape[:2]
    part = math.exp(rng.uniform(*np.log(parts)))
    return max(1, round(part * math.sqrt(width * height)))


def _fill(picture: Picture, corners: npt.ArrayLike, colour: list[int]) -> None:
    cv2.fillPoly(picture, [np.rint(corners).astype(np.int32)], colour, cv2.LINE_AA)
