"""The pictures of `pyramid_train --visualize`, drawn by matplotlib."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from pyramid.data.augment.augment import make_augment
from pyramid.report.levels import levels
from pyramid.report.preview import Preview
from pyramid.settings.augmentations import AUGMENTATIONS

Pixels = npt.NDArray[np.uint8]

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
    each = partial(draw_levels, picture=sample.originals[0], strengths=strengths)
    return [*drawn, Drawing(EACH, each, ", ".join(strengths))] if strengths else drawn


def draw_batch(figure: Figure, preview: Preview) -> None:
    """Each picture beside its augmented self, under its label."""
    shown = len(preview.labels)
    of_all = f": {shown} of {preview.size} pictures" if shown < preview.size else ""
    aspect = 2 * _aspect(preview.originals)
    columns = min(4, max(1, int(_WIDEST / _INCHES / aspect)))
    axes = _grid(figure, math.ceil(shown / columns), columns, aspect)
    for ax, original, augmented, label in zip(
        axes, preview.originals, preview.augmented, map(_short, preview.labels), strict=False
    ):
        gap = np.full((len(original), max(1, original.shape[1] // 16), 3), 255, np.uint8)
        ax.imshow(np.concatenate([original, gap, augmented], 1))
        ax.set_title(label, fontsize=9, parse_math=False)
    figure.suptitle(f"Batch {preview.number}{of_all} (original | augmented)")


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
