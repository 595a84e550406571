"""An augmentation at its lowest, middle and highest strength, with the draws that lead there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyramid.data.augment.draws import WIDTH, columns
from pyramid.settings.augmentations import AUGMENTATIONS


@dataclass(frozen=True)
class Level:
    """One of them.

    Attributes:
        caption: what is done to the picture.
        strength: n.
        draws: of one picture, float32 [WIDTH].
    """

    caption: str
    strength: float
    draws: npt.NDArray[np.float32]


#: Between -n and n, or of a factor between 1 - n and 1 + n: how to say the value.
_CAPTIONS = {
    "brightness": lambda value: _signed(255 * value),
    "contrast": lambda value: f"×{1 + value:.2f}",
    "height_shift": lambda value: f"{_signed(100 * value)} % of the height",
    "rotation": lambda value: f"{_signed(value)}°",
    "shear": lambda value: f"{_signed(value)}°",
    "tint": lambda value: f"red ×{1 + value:.2f}",
    "width_shift": lambda value: f"{_signed(100 * value)} % of the width",
    "zoom": lambda value: f"×{1 + value:.2f}",
}

#: Draws besides the one for the strength; where there is a coin, it falls for the augmentation.
_OTHERS = {
    "cutout": [0.0, 0.5, 0.5],  # in the middle
    "gaussian_noise": [0.0, 0.5, 0.5],
    "glare": [0.0, 0.4, 0.35, 0.6, 0.45, 0.5],
    "tint": [0.0, 0.0, 0.5, 0.5, 0.5],  # red alone
}

#: Where the draw for the strength lies, when it is not the first.
_STRENGTH = {"glare": 5, "tint": 2}


def levels(name: str, n: float) -> list[Level]:
    """The augmentation ``name`` of strength ``n`` from its lowest to its highest; off and on for a switch."""
    if AUGMENTATIONS[name].switch:
        return [Level("off", n, _draws(name, 1.0)), Level("on", n, _draws(name, 0.0))]
    return [_level(name, n, part) for part in (0.0, 0.5, 1.0)]


def _level(name: str, n: float, part: float) -> Level:
    last = np.nextafter(np.float32(1), np.float32(0))  # draws are less than 1
    if name in _CAPTIONS:
        return Level(_CAPTIONS[name](n * (2 * part - 1)), n, _draws(name, min(part, last)))
    if name == "blur":  # the higher the draw, the less it blurs
        return Level(f"×{1 - n * part:.2f} and back", n, _draws(name, min(1 - part, last)))
    if name == "glare":
        return Level(f"{100 * n * part:.0f} % of the picture", n, _draws(name, min(part, last)))
    of_what = "of the value" if name == "gaussian_noise" else "of both sides"
    return Level(f"{100 * n * part:.3g} % {of_what}", n * part, _draws(name, None))


def _signed(value: float) -> str:
    return f"{value:+.3g}" if value else "0"


def _draws(name: str, strength: float | None) -> npt.NDArray[np.float32]:
    draws = np.full(WIDTH, 0.5, np.float32)
    part = draws[columns(name)]
    part[:] = _OTHERS.get(name, part)
    if strength is not None:
        part[_STRENGTH.get(name, 0)] = strength
    return draws
