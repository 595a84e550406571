"""The random numbers of one picture, taken apart: ``data/augment/parts.py`` without the TensorFlow graph."""

import numpy as np
import numpy.typing as npt

from pyramid.data.augment.draws import columns

#: float32 of any shape.
Floats = npt.NDArray[np.float32]


def part(draws: Floats, name: str) -> Floats:
    """The numbers of one augmentation, of ``draws`` float32 [WIDTH]."""
    return draws[columns(name)]


def between(draw: np.float32, low: float, high: float) -> float:
    """A uniform number in [``low``, ``high``); computed in float32, as in training."""
    return float(np.float32(low) + np.float32(high - low) * draw)


def coin(draw: np.float32) -> bool:
    """True in half of the cases."""
    return bool(draw < 0.5)
