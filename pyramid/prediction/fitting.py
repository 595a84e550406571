"""sensenet's fitting of a picture to a network's input, without TensorFlow: threads that decode need it fast.

Rescaling takes the nearest pixel, so that a fitted picture is rows and columns of the original. All numbers have 32
bits, and are rounded, as TensorFlow's are.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.training.candidate import Look

_Float = np.float32

Places = npt.NDArray[np.intp]


def fitted(pixels: npt.NDArray[np.uint8], look: Look) -> npt.NDArray[Any]:
    """The picture ``pixels``, uint8 [any, any, 3], as sensenet's `rescale` makes it: [height, width, 3].

    uint8; float32 for `pad`, whose grey is the mean of the picture.

    Raises:
        ValueError: it is so narrow that sensenet cannot pad it.
    """
    sides, wanted = pixels.shape[:2], (look.height, look.width)
    if look.rescale_type == "warp":
        rows, columns = (_nearest(given, asked) for given, asked in zip(sides, wanted, strict=True))
        return pixels[rows][:, columns]
    ratios = [_Float(asked) / _Float(given) for given, asked in zip(sides, wanted, strict=True)]
    ratio = min(ratios) if look.rescale_type == "pad" else max(ratios)
    scaled = [_Float(given) * ratio for given in sides]
    if min(scaled) <= 0.5:  # which is rounded to 0
        raise ValueError(f"nothing of it is left in {look.width}×{look.height} pixels, so narrow it is")
    rows, columns = (_nearest(given, int(np.rint(side))) for given, side in zip(sides, scaled, strict=True))
    if look.rescale_type == "pad":
        return _padded(pixels[rows][:, columns], wanted)
    starts = [int(np.rint((side - _Float(asked)) / _Float(2))) for side, asked in zip(scaled, wanted, strict=True)]
    rows, columns = rows[starts[0] :][: wanted[0]], columns[starts[1] :][: wanted[1]]
    return pixels[rows][:, columns]


def _nearest(given: int, asked: int) -> Places:
    """Which of ``given`` pixels in a line each of ``asked`` ones is."""
    scale = _Float(given) / _Float(asked)
    places = np.floor((np.arange(asked, dtype=_Float) + _Float(0.5)) * scale).astype(np.intp)
    return np.minimum(places, given - 1)


def _padded(scaled: npt.NDArray[np.uint8], wanted: tuple[int, int]) -> npt.NDArray[np.float32]:
    made = np.full((*wanted, 3), scaled.mean(), _Float)
    made[: scaled.shape[0], : scaled.shape[1]] = scaled
    return made
