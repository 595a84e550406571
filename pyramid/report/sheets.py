"""Sheets of pictures with their labels and boxes, drawn by matplotlib."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.colors import TABLEAU_COLORS
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

Pixels = npt.NDArray[np.uint8]

_COLORS = tuple(TABLEAU_COLORS.values())

#: Inches of a picture, and of the whole figure across.
_INCHES = 2.0
_WIDEST = 16.0

#: The most pictures side by side.
_COLUMNS = 4

#: The name of the drawing of single augmentations.
EACH = "each-augmentation"


class Box(NamedTuple):
    """x1, y1, x2, y2 in pixels of a picture, and the class."""

    x1: float
    y1: float
    x2: float
    y2: float
    name: str


@dataclass
class Drawing:
    """A name, a function that draws, and words for those who do not see the picture."""

    name: str
    draw: Callable[[Figure], None]
    words: str


def draw_pictures(figure: Figure, pictures: Pixels, labels: list[str], boxes: list[list[Box]], title: str) -> None:
    """A sheet of ``pictures``, uint8 [n, h, w, 3], under their ``labels`` and with their ``boxes``."""
    aspect = aspect_of(pictures)
    columns = min(_COLUMNS, max(1, int(_WIDEST / _INCHES / aspect)))
    axes = grid(figure, math.ceil(len(pictures) / columns), columns, aspect)
    colors = _colors(boxes)
    for ax, picture, label, its_boxes in zip(axes, pictures, labels, boxes, strict=False):
        ax.imshow(picture)
        ax.set_title(_short(label), fontsize=9, parse_math=False)
        _draw_boxes(ax, its_boxes, colors)
    figure.suptitle(title)


def _colors(boxes: list[list[Box]]) -> dict[str, Any]:
    """A colour for each class that a box has."""
    names = sorted({box.name for of_picture in boxes for box in of_picture})
    return {name: _COLORS[i % len(_COLORS)] for i, name in enumerate(names)}


def _draw_boxes(ax: Any, boxes: list[Box], colors: dict[str, Any]) -> None:
    """``boxes`` over a picture; their names stand inside, at the top."""
    for x1, y1, x2, y2, name in boxes:
        corner = (x1 - 0.5, y1 - 0.5)  # a pixel's centre has whole numbers here
        ax.add_patch(Rectangle(corner, x2 - x1, y2 - y1, fill=False, edgecolor=colors[name], linewidth=1.5))
        back = {"facecolor": colors[name], "alpha": 0.7, "pad": 0.5, "linewidth": 0}
        ax.text(*corner, _short(name), parse_math=False, bbox=back, color="white", fontsize=5, va="top", clip_on=True)


def grid(figure: Figure, rows: int, columns: int, aspect: float) -> list[Any]:
    """Empty axes without a frame, each ``aspect`` times as wide as high, or nearly so when that is extreme."""
    width = min(_INCHES * max(1.0, aspect), _WIDEST / columns)
    height = min(max(width / aspect, 0.2), 2 * _INCHES)
    figure.set_size_inches(width * columns, (height + 0.3) * rows + 0.6)
    figure.set_layout_engine("constrained")
    axes = list(np.ravel(figure.subplots(rows, columns, squeeze=False)))
    for ax in axes:
        ax.set_axis_off()
    return axes


def aspect_of(pictures: Pixels) -> float:
    """Of ``pictures``, [n, h, w, 3], how many times as wide as high."""
    return pictures.shape[2] / pictures.shape[1]


def _short(label: str) -> str:
    return label if len(label) <= 32 else label[:31] + "…"
