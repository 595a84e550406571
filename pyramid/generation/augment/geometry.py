"""Where the pixels of an augmented object or background come from: one projective map.

A map is a matrix [3, 3] on (x, y, 1) in pixels from the centre, x to the right and y down. It leads from the augmented
picture back to the original one. This is ``data/augment/geometry.py`` for one picture, and ``deform`` in addition.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pyramid.generation.augment.parts import Floats, between, coin, part

#: float64 [3, 3].
Map = npt.NDArray[np.float64]

#: How far inwards ``deform`` may move a corner, as a share of the way to where the map turns over: beyond the diagonal
#: between its neighbours, or beyond a side of the frame that it does not lie on.
_INWARDS = 0.9


def _deform(draws: Floats, n: float, width: int, height: int) -> Map:
    """Draws: the coin, the corner, and how far it moves outwards in x and in y."""
    if not coin(draws[0]):
        return np.eye(3)
    corner = int(draws[1] * 4)
    x, y = (max(-_INWARDS, between(draw, -n, n)) for draw in draws[2:])
    shorter = min(1.0, _INWARDS / max(_INWARDS, -(x + y)))
    signs = 1 if corner % 2 else -1, 1 if corner // 2 else -1
    frame = _matrix(signs[0] / width, 0, 0.5, 0, signs[1] / height, 0.5)  # to (1, 1) at the corner, (0, 0) opposite
    back: Map = np.linalg.inv(frame) @ _corner_back(1 + shorter * x, 1 + shorter * y) @ frame
    back /= back[2, 2]
    return back


def _corner_back(x: float, y: float) -> Map:
    """The projective map that takes (``x``, ``y``) to (1, 1) and keeps the other corners of the unit square.

    (u, v) -> (a u, b v) / ((a - 1) u + (b - 1) v + 1) keeps (0, 0), (1, 0) and (0, 1) whatever a and b are, and takes
    (1, 1) to (a, b) / (a + b - 1). That is (x, y) for a = x / (x + y - 1) and b = y / (x + y - 1). This is its inverse.
    """
    a, b = x / (x + y - 1), y / (x + y - 1)
    return np.array([[1 / a, 0, 0], [0, 1 / b, 0], [1 / a - 1, 1 / b - 1, 1]])


def _matrix(a: float, b: float, x: float, c: float, d: float, y: float) -> Map:
    return np.array([[a, b, x], [c, d, y], [0, 0, 1]], np.float64)


def _horizontal_flip(draws: Floats, n: float, width: int, height: int) -> Map:
    return _matrix(-1 if coin(draws[0]) else 1, 0, 0, 0, 1, 0)


def _vertical_flip(draws: Floats, n: float, width: int, height: int) -> Map:
    return _matrix(1, 0, 0, 0, -1 if coin(draws[0]) else 1, 0)


def _zoom(draws: Floats, n: float, width: int, height: int) -> Map:
    back = 1 / between(draws[0], 1 - n, 1 + n)
    return _matrix(back, 0, 0, 0, back, 0)


def _shear(draws: Floats, n: float, width: int, height: int) -> Map:
    return _matrix(1, -math.tan(_radians(draws[0], n)), 0, 0, 1, 0)


def _rotation(draws: Floats, n: float, width: int, height: int) -> Map:
    angle = _radians(draws[0], n)
    return _matrix(math.cos(angle), math.sin(angle), 0, -math.sin(angle), math.cos(angle), 0)


def _radians(draw: np.float32, degrees: float) -> float:
    return between(draw, -math.radians(degrees), math.radians(degrees))


def _width_shift(draws: Floats, n: float, width: int, height: int) -> Map:
    return _matrix(1, 0, -between(draws[0], -n * width, n * width), 0, 1, 0)


def _height_shift(draws: Floats, n: float, width: int, height: int) -> Map:
    return _matrix(1, 0, 0, 0, 1, -between(draws[0], -n * height, n * height))


#: (numbers drawn, n, width, height) -> float64 [3, 3]; in the order in which a picture goes through them.
GEOMETRIC: dict[str, Callable[[Floats, float, int, int], Map]] = {
    "deform": _deform,
    "horizontal_flip": _horizontal_flip,
    "vertical_flip": _vertical_flip,
    "zoom": _zoom,
    "shear": _shear,
    "rotation": _rotation,
    "width_shift": _width_shift,
    "height_shift": _height_shift,
}


def back_map(draws: Floats, strengths: dict[str, float], width: int, height: int) -> Map:
    """The map through all geometric augmentations of ``strengths`` (name -> n), float64 [3, 3].

    Args:
        draws: float32 [WIDTH], one row of ``draws.draw``.
        width, height: of the original, in pixels.
    """
    whole = np.eye(3)
    for name, make in GEOMETRIC.items():
        if name in strengths:
            whole = whole @ make(part(draws, name), strengths[name], width, height)
    return whole


def forward_map(draws: Floats, strengths: dict[str, float], width: int, height: int) -> Map:
    """The inverse of `back_map`, but in pixels from the upper left corner of the original at both ends."""
    centre = _matrix(1, 0, width / 2, 0, 1, height / 2)
    return centre @ np.linalg.inv(centre @ back_map(draws, strengths, width, height))
