"""The pictures of `pyramid_train --visualize`, drawn by matplotlib."""

from functools import partial

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from pyramid.data.augment.augment import make_augment
from pyramid.data.augment.combine import PARTNERS
from pyramid.report.levels import levels
from pyramid.report.preview import Preview
from pyramid.report.sheets import EACH, Drawing, aspect_of, draw_pictures, grid
from pyramid.settings.augmentations import AUGMENTATIONS

Pixels = npt.NDArray[np.uint8]


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
    height, width = preview.originals.shape[1:3]
    gap = np.full((shown, height, max(1, width // 16), 3), 255, np.uint8)
    pairs = np.concatenate([preview.originals, gap, preview.augmented], 2)
    right = width + gap.shape[2]
    moved = [[box._replace(x1=box.x1 + right, x2=box.x2 + right) for box in boxes] for boxes in preview.augmented_boxes]
    boxes = [before + after for before, after in zip(preview.boxes, moved, strict=True)]
    draw_pictures(figure, pairs, preview.labels, boxes, f"Batch {preview.number}{of_all} (original | augmented)")


def draw_levels(figure: Figure, picture: Pixels, strengths: dict[str, float]) -> None:
    """A row for each of ``strengths``: ``picture``, uint8 [h, w, 3], and what becomes of it, the strongest last."""
    height, width, _ = picture.shape
    axes = grid(figure, len(strengths), 4, aspect_of(picture[np.newaxis]))
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
