"""The pictures of `pyramid_train --visualize`, drawn by matplotlib."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.colors import TABLEAU_COLORS
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pyramid.data.augment.augment import make_augment
from pyramid.data.augment.combine import PARTNERS
from pyramid.report.levels import levels
from pyramid.report.preview import Box, Preview
from pyramid.settings.augmentations import AUGMENTATIONS

Pixels = npt.NDArray[np.uint8]

_COLORS = tuple(TABLEAU_COLORS.values())

#: The name of the drawing of single augmentations.
EACH = "each-augmentation"

#: Inches of a picture, and of the whole figure across.
_INCHES = 2.0
_WIDEST = 16.0


@dataclass
class Drawing:
    """A name, a function that draws, and words for those who do not see the picture."""

    name: str
    draw: Callable[[Figure], None]
    words: str


def drawings(batches: list[Preview], sample: Preview, strengths: dict[str, float]) -> list[Drawing]:
    """Each of ``batches``, and what each of ``strengths`` makes of the first picture of ``sample``."""
    drawn = [Drawing(f"batch-{b.number}", partial(draw_batch, preview=b), ", ".join(b.labels)) for b in batches]
    alone = {name: n for name, n in strengths.items() if name not in PARTNERS}  # the batches show the others
    each = partial(draw_levels, picture=sample.originals[0], strengths=alone)
    return [*drawn, Drawing(EACH, each, ", ".join(alone))] if alone else drawn


def draw_batch(figure: Figure, preview: Preview) -> None:
    """Each picture beside its augmented self, under its label."""
    shown = len(preview.labels)
    of_all = f": {shown} of {preview.size} pictures" if shown < preview.size else ""
    aspect = 2 * _aspect(preview.originals)
    columns = min(4, max(1, int(_WIDEST / _INCHES / aspect)))
    axes = _grid(figure, math.ceil(shown / columns), columns, aspect)
    colors = _colors(preview)
    for i, (ax, original, augmented) in enumerate(zip(axes, preview.originals, preview.augmented, strict=False)):
        gap = np.full((len(original), max(1, original.shape[1] // 16), 3), 255, np.uint8)
        ax.imshow(np.concatenate([original, gap, augmented], 1))
        ax.set_title(_short(preview.labels[i]), fontsize=9, parse_math=False)
        _draw_boxes(ax, preview.boxes[i], colors, 0)
        _draw_boxes(ax, preview.augmented_boxes[i], colors, original.shape[1] + gap.shape[1])
    figure.suptitle(f"Batch {preview.number}{of_all} (original | augmented)")


def _colors(preview: Preview) -> dict[str, Any]:
    """A colour for each class that a box has."""
    names = sorted({box.name for boxes in (*preview.boxes, *preview.augmented_boxes) for box in boxes})
    return {name: _COLORS[i % len(_COLORS)] for i, name in enumerate(names)}


def _draw_boxes(ax: Any, boxes: list[Box], colors: dict[str, Any], left: int) -> None:
    """``boxes`` over a picture whose left border is at ``left``; their names stand inside, at the top."""
    for x1, y1, x2, y2, name in boxes:
        corner = (left + x1 - 0.5, y1 - 0.5)  # a pixel's centre has whole numbers here
        ax.add_patch(Rectangle(corner, x2 - x1, y2 - y1, fill=False, edgecolor=colors[name], linewidth=1.5))
        back = {"facecolor": colors[name], "alpha": 0.7, "pad": 0.5, "linewidth": 0}
        ax.text(*corner, _short(name), parse_math=False, bbox=back, color="white", fontsize=5, va="top", clip_on=True)


def draw_levels(figure: Figure, picture: Pixels, strengths: dict[str, float]) -> None:
    """A row for each of ``strengths``: ``picture``, uint8 [h, w, 3], and what becomes of it, the strongest last."""
    height, width, _ = picture.shape
    axes = _grid(figure, len(strengths), 4, _aspect(picture[np.newaxis]))
    for row, (name, n) in enumerate(strengths.items()):
        ax = axes[4 * row]
        ax.imshow(picture)
        of_n = "" if AUGMENTATIONS[name].switch else f", n = {n:g}"
        ax.set_title(name + of_n, fontsize=9, loc="left")
        for place, level in enumerate(levels(name, n), 1):
            changed = picture
            if level.strength:
                augment = make_augment({name: level.strength}, width, height)
                changed = augment(picture[np.newaxis], level.draws[np.newaxis])[0].numpy().astype(np.uint8)
            axes[4 * row + place].imshow(changed)
            axes[4 * row + place].set_title(level.caption, fontsize=9)
    figure.suptitle("Original, and each augmentation at its lowest, middle and highest strength")


def _grid(figure: Figure, rows: int, columns: int, aspect: float) -> list[Any]:
    """Empty axes without a frame, each ``aspect`` times as wide as high, or nearly so when that is extreme."""
    width = min(_INCHES * max(1.0, aspect), _WIDEST / columns)
    height = min(max(width / aspect, 0.2), 2 * _INCHES)
    figure.set_size_inches(width * columns, (height + 0.3) * rows + 0.6)
    figure.set_layout_engine("constrained")
    axes = list(np.ravel(figure.subplots(rows, columns, squeeze=False)))
    for ax in axes:
        ax.set_axis_off()
    return axes


def _aspect(pictures: Pixels) -> float:
    return pictures.shape[2] / pictures.shape[1]


def _short(label: str) -> str:
    return label if len(label) <= 32 else label[:31] + "…"
