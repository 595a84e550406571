"""Pictures for `pyramid_train --visualize`: in windows where there is a display, else in files with a page."""

import math
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from pyramid.data.augment.augment import make_augment
from pyramid.report.levels import levels
from pyramid.report.preview import Preview
from pyramid.settings.augmentations import AUGMENTATIONS

Pixels = npt.NDArray[np.uint8]

#: The most pictures of a batch that are shown.
MOST = 64

FOLDER = "visualize"

_PAIRS_PER_ROW = 4
_INCHES = 2.0

#: Inches of the largest window, width and height; it can be enlarged.
_WINDOW = np.array([14.0, 8.5])


@dataclass
class Drawing:
    """A name, a function that draws, and words for those who do not see the picture."""

    name: str
    draw: Callable[[Figure], None]
    words: str


def drawings(batches: list[Preview], sample: Preview, strengths: dict[str, float]) -> list[Drawing]:
    """Each of ``batches``, and what each of ``strengths`` makes of the first picture of ``sample``."""
    drawn = [
        Drawing(f"batch-{i}", partial(draw_batch, preview=batch, title=f"Batch {i}"), ", ".join(batch.labels[:MOST]))
        for i, batch in enumerate(batches, 1)
    ]
    each = partial(draw_levels, picture=sample.originals[0], strengths=strengths)
    return [*drawn, Drawing("each-augmentation", each, ", ".join(strengths))] if strengths else drawn


def draw_batch(figure: Figure, preview: Preview, title: str) -> None:
    """Each picture beside its augmented self, under its label."""
    shown = min(len(preview.labels), MOST)
    of_all = f": the first {shown} of {len(preview.labels)} pictures" if shown < len(preview.labels) else ""
    axes = _grid(figure, math.ceil(shown / _PAIRS_PER_ROW), _PAIRS_PER_ROW, 2 * _aspect(preview.originals))
    for ax, original, augmented, label in zip(
        axes, preview.originals, preview.augmented, map(_short, preview.labels), strict=False
    ):
        gap = np.full((len(original), max(1, original.shape[1] // 16), 3), 255, np.uint8)
        ax.imshow(np.concatenate([original, gap, augmented], 1))
        ax.set_title(label, fontsize=9, parse_math=False)
    figure.suptitle(f"{title}{of_all} (original | augmented)")


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
    """Empty axes without a frame, each ``aspect`` times as wide as high."""
    width = _INCHES * max(1.0, aspect)
    figure.set_size_inches(width * columns, (width / aspect + 0.3) * rows + 0.6)
    figure.set_layout_engine("constrained")
    axes = list(np.ravel(figure.subplots(rows, columns, squeeze=False)))
    for ax in axes:
        ax.set_axis_off()
    return axes


def _aspect(pictures: Pixels) -> float:
    return pictures.shape[2] / pictures.shape[1]


def _short(label: str) -> str:
    return label if len(label) <= 32 else label[:31] + "…"


def can_show() -> bool:
    """Whether matplotlib finds a display and something to draw windows with."""
    import matplotlib.pyplot as plt
    from matplotlib.backends.registry import BackendFilter, backend_registry

    interactive: Any = backend_registry.list_builtin
    return plt.get_backend().lower() in interactive(BackendFilter.INTERACTIVE)


def show(drawings: list[Drawing]) -> None:
    """Draw each into a window of its own; returns when all are closed."""
    import matplotlib.pyplot as plt

    for drawing in drawings:
        figure = plt.figure(drawing.name)
        drawing.draw(figure)
        figure.set_size_inches(figure.get_size_inches() * min(1.0, *(_WINDOW / figure.get_size_inches())))
    plt.show()


def write(drawings: list[Drawing], output: Path) -> Path:
    """Write each as a PNG file and a page with all of them; returns the page's path.

    They replace those of an earlier call, when all are there.
    """
    folder, work = output / FOLDER, output / (FOLDER + ".part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for drawing in drawings:
        figure = Figure(dpi=100)
        drawing.draw(figure)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # the font has no such letter; the page has the words
            figure.savefig(work / f"{drawing.name}.png")
    (work / "index.html").write_text(_page(drawings), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
    return folder / "index.html"


def _page(drawings: list[Drawing]) -> str:
    images = "\n".join(
        f'<h2>{drawing.name}</h2>\n<img src="{drawing.name}.png" alt="{escape(drawing.words)}">' for drawing in drawings
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pictures as training sees them</title>
<style>
body {{ font-family: sans-serif; margin: 1em; color-scheme: light dark }}
img {{ max-width: 100%; background: white }}
</style>
<h1>Pictures as training sees them</h1>
{images}
</html>
"""
