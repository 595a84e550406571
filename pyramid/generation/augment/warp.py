"""Maps of the plane, [3, 3] on (x, y, 1) in pixels from an upper left corner, and pictures that follow them."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def moved(x: float, y: float) -> Matrix:
    """Everything goes ``x`` pixels to the right and ``y`` down."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def scaled(x: float, y: float) -> Matrix:
    """Everything is ``x`` times as wide and ``y`` times as high."""
    return np.diag([x, y, 1.0])


def warp(
    pixels: npt.NDArray[Any], forward: Matrix, window: tuple[int, int, int, int], border: int = cv2.BORDER_CONSTANT
) -> npt.NDArray[Any]:
    """What ``forward`` makes of ``pixels``, [any, any, c] of uint8 or float32; bilinear.

    Args:
        window: x, y, width and height of the part that is wanted.
        border: what is seen beyond the borders of ``pixels``: zeros, or another of cv2's.

    Returns:
        [height, width, c] of the same type.
    """
    x, y, *size = window
    # The first pixel's centre is at 0.5, but at 0 for cv2.
    back = moved(-0.5, -0.5) @ np.linalg.inv(moved(-x - 0.5, -y - 0.5) @ forward)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if np.array_equal(back[2], (0, 0, 1)):
        return np.asarray(cv2.warpAffine(pixels, back[:2], size, flags=flags, borderMode=border))
    return np.asarray(cv2.warpPerspective(pixels, back, size, flags=flags, borderMode=border))
