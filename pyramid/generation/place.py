"""Where an object comes to lie on a picture, and its pixels there."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pyramid.data.augment.draws import columns
from pyramid.generation.augment.geometry import forward_map
from pyramid.generation.augment.warp import Matrix, moved, scaled, warp
from pyramid.generation.decode import VISIBLE, Pixels
from pyramid.generation.library import Kept
from pyramid.generation.scene import Object

Points = npt.NDArray[np.float64]

#: These move an object from its place, so that it may be cut off; all other maps act on its own picture.
_SHIFTS = ("width_shift", "height_shift")

#: Pixels of the longer side of the picture in which the whole area of an object that is cut off is measured.
_SMALL = 64


@dataclass(frozen=True)
class Patch:
    """The part of an object that is inside the picture.

    Attributes:
        x, y: of its upper left pixel.
        rgba: uint8 [height, width, 4], premultiplied; never empty.
        area: of the whole object in pixels, as far as it can be seen, inside and outside of the picture.
    """

    x: int
    y: int
    rgba: Pixels
    area: float


def place(
    kept: Kept, pixels: Pixels, thing: Object, strengths: dict[str, float], width: int, height: int
) -> Patch | None:
    """``thing`` on a picture of ``width`` x ``height`` pixels; None when nothing of it is inside.

    Args:
        kept: what the library knows of it.
        pixels: uint8 [h, w, 4], premultiplied.
        strengths: of its augmentations.
    """
    high, wide = pixels.shape[:2]
    own = {name: n for name, n in strengths.items() if name not in _SHIFTS}
    forward = forward_map(thing.draws, own, wide, high)
    seen = _bounds(forward, kept.hull)
    scale = _scale(kept, thing, seen[1] - seen[0], width, height)
    size = scale * (seen[1] - seen[0])
    corner = np.rint(np.array([thing.x, thing.y]) * ([width, height] - size) + _shift(thing, strengths) * size)
    forward = moved(*(corner - scale * seen[0])) @ scaled(scale, scale) @ forward
    low, far = _bounds(forward, _corners(wide, high))
    x1, y1 = np.maximum(np.floor(low), 0).astype(int)
    x2, y2 = np.minimum(np.ceil(far), [width, height]).astype(int)
    if x1 >= x2 or y1 >= y2:
        return None
    small, forward = _shrunk(pixels, forward)
    rgba = warp(small, forward, (x1, y1, x2 - x1, y2 - y1))
    cut = (np.floor(low) < 0).any() or (np.ceil(far) > [width, height]).any()
    area = _area(small, forward, low, far) if cut else float(np.count_nonzero(rgba[..., 3] >= VISIBLE))
    return Patch(int(x1), int(y1), rgba, area)


def _corners(width: int, height: int) -> Points:
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def _there(forward: Matrix, points: npt.NDArray[np.floating]) -> Points:
    """Where ``forward`` has ``points``, [n, 2]."""
    there = np.column_stack([points, np.ones(len(points))]) @ forward.T
    return there[:, :2] / there[:, 2:]


def _bounds(forward: Matrix, points: npt.NDArray[np.floating]) -> tuple[Points, Points]:
    """The least and the largest x and y of ``points`` there."""
    there = _there(forward, points)
    return there.min(axis=0), there.max(axis=0)


def _scale(kept: Kept, thing: Object, size: Points, width: int, height: int) -> float:
    """What an object of ``size`` pixels, as it was kept and turned, is enlarged by; it has a pixel at least."""
    share = float(max(size[0] / width, size[1] / height))
    scale = min(1 / kept.scale, 1 / share) if thing.occupancy is None else thing.occupancy / share
    return max(scale, 1 / float(max(size)))


def _shift(thing: Object, strengths: dict[str, float]) -> Points:
    """How far the object is moved, as shares of its width and height."""
    draws = (2 * float(thing.draws[columns(name)][0]) - 1 for name in _SHIFTS)
    return np.array([strengths.get(name, 0.0) * draw for name, draw in zip(_SHIFTS, draws, strict=True)])


def _shrunk(pixels: Pixels, forward: Matrix) -> tuple[Pixels, Matrix]:
    """Shrink before the warp, which looks at four pixels only: of more it would leave some out."""
    high, wide = pixels.shape[:2]
    area = cv2.contourArea(_there(forward, _corners(wide, high)).astype(np.float32))
    scale = math.sqrt(area / (wide * high))
    size = max(1, round(scale * wide)), max(1, round(scale * high))
    if size[0] >= wide or size[1] >= high:
        return pixels, forward
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, forward @ scaled(wide / size[0], high / size[1])


def _area(pixels: Pixels, forward: Matrix, low: Points, far: Points) -> float:
    """Pixels of the whole object; estimated on a small picture of it, as it may be much larger than the picture."""
    size = far - low
    scale = min(1.0, _SMALL / float(max(size)))
    small = scaled(scale, scale) @ moved(*-low) @ forward
    width, height = (max(1, math.ceil(side * scale)) for side in size)
    return float(np.count_nonzero(warp(pixels, small, (0, 0, width, height))[..., 3] >= VISIBLE)) / scale**2
