"""A file -> the pixels that are pasted: decoded once, cut to what can be seen, no larger than they can be used."""

import os
import warnings
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from pyramid.data.files import SPOILED_MODES

Pixels = npt.NDArray[np.uint8]

#: A pixel of at least this alpha, of 255, belongs to what is seen of an object: a tenth.
VISIBLE = 26

#: An object is kept this much larger than it can be pasted upright: a turned one may be larger, up to √2.
_ROOM = 1.42


class BadSourceError(Exception):
    """The file cannot be used; the message is the reason."""


@dataclass
class Cutout:
    """An object without its surroundings.

    Attributes:
        pixels: uint8 [height, width, 4]: red, green and blue, multiplied by alpha, and alpha.
        hull: float32 [points, 2]: the convex hull of what is seen, x and y in pixels from the upper left corner.
        scale: of the file, by which it was shrunk.
        transparent: whether the file has an alpha channel.
    """

    pixels: Pixels
    hull: npt.NDArray[np.float32]
    scale: float
    transparent: bool


def read_cutout(path: str, width: float, height: float) -> Cutout:
    """The object in the file ``path``.

    Args:
        width, height: of the largest picture of it that is wanted, in pixels; one of them may be exceeded.

    Raises:
        BadSourceError: it cannot be decoded, or nothing is to be seen.
    """
    image = _open(path)
    transparent = image.has_transparency_data
    rgba = np.asarray(_eight_bits(image).convert("RGBA"))
    if rgba[..., 3].max() < VISIBLE:
        raise BadSourceError("nothing to see: every pixel is transparent")
    x, y, wide, high = cv2.boundingRect((rgba[..., 3] > 0).astype(np.uint8))
    rgba = rgba[y : y + high, x : x + wide]
    scale = min(1.0, _ROOM * min(width / wide, height / high))
    pixels = _shrunk(_premultiplied(rgba), scale)
    if pixels[..., 3].max() < VISIBLE:  # hair-thin, and lost when it was shrunk
        raise BadSourceError("nothing to see at the size of the pictures")
    return Cutout(pixels, _hull(pixels[..., 3] >= VISIBLE), scale, transparent)


def read_background(path: str, width: int, height: int) -> Pixels:
    """The picture in ``path``, scaled to cover ``width`` x ``height`` pixels: uint8 [>= height, >= width, 3].

    An alpha channel is left out.

    Raises:
        BadSourceError: it cannot be decoded.
    """
    image = _open(path, 2 * max(width, height))
    rgb = np.asarray(_eight_bits(image).convert("RGB"))
    scale = max(width / rgb.shape[1], height / rgb.shape[0])
    size = max(width, round(rgb.shape[1] * scale)), max(height, round(rgb.shape[0] * scale))
    return _pixels(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))


def _open(path: str, enough: int = 0) -> Image.Image:
    """The decoded picture, upright. A JPEG may be decoded smaller, with sides of ``enough`` pixels, in less time."""
    if not os.path.isfile(path):  # a pipe would be waited for without end
        raise BadSourceError("missing" if not os.path.exists(path) else "not a file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                if enough:
                    image.draft("RGB", (enough, enough))
                image.load()
                return ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        raise BadSourceError("not a picture that can be read") from None
    except Exception as error:  # Pillow's plugins raise whatever a broken file makes them
        raise BadSourceError(f"cannot be decoded: {str(error) or type(error).__name__}") from error


def _eight_bits(image: Image.Image) -> Image.Image:
    """Pillow itself would cut values above 255 off."""
    if image.mode not in SPOILED_MODES:
        return image
    values = np.nan_to_num(np.asarray(image, np.float32), posinf=255.0, neginf=0.0)
    most = 65535.0 if image.mode.startswith("I;16") else max(255.0, float(values.max()))
    grey = np.clip(values * (255 / most), 0, 255).astype(np.uint8)
    clear = image.info.get("transparency")  # one value that stands for nothing
    return Image.fromarray(
        grey if clear is None else np.dstack([grey, np.where(values == clear, 0, 255)]).astype(np.uint8)
    )


def _premultiplied(rgba: Pixels) -> Pixels:
    alpha = rgba[..., 3:].astype(np.uint16)
    return np.concatenate([((rgba[..., :3] * alpha + 127) // 255).astype(np.uint8), rgba[..., 3:]], axis=2)


def _shrunk(pixels: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return pixels
    size = [max(1, round(side * scale)) for side in (pixels.shape[1], pixels.shape[0])]
    return _pixels(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _hull(seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """The convex hull of the pixels, each a square, from the first and the last one of each row."""
    rows = np.flatnonzero(seen.any(axis=1))
    left = seen[rows].argmax(axis=1)
    right = seen.shape[1] - seen[rows, ::-1].argmax(axis=1)
    corners = [(x, y) for x in (left, right) for y in (rows, rows + 1)]
    points = np.concatenate([np.stack(corner, axis=1) for corner in corners]).astype(np.float32)
    return np.asarray(cv2.convexHull(points)[:, 0], np.float32)


def _pixels(array: Any) -> Pixels:
    return np.asarray(array, np.uint8)
