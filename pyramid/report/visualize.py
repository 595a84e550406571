"""Pictures for `pyramid_train --visualize`: in windows where there is a display, else in files with a page."""

import math
import os
import tempfile
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
from pyramid.errors import ConfigError
from pyramid.report.levels import levels
from pyramid.report.preview import Preview
from pyramid.settings.augmentations import AUGMENTATIONS

Pixels = npt.NDArray[np.uint8]

FOLDER = "visualize"

_EACH = "each-augmentation"

#: Says that a page was made here, and may be replaced.
_MARK = '<meta name="generator" content="pyramid_train --visualize">'

#: Inches of a picture, and of the whole figure across.
_INCHES = 2.0
_WIDEST = 16.0

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
    drawn = [Drawing(f"batch-{b.number}", partial(draw_batch, preview=b), ", ".join(b.labels)) for b in batches]
    each = partial(draw_levels, picture=sample.originals[0], strengths=strengths)
    return [*drawn, Drawing(_EACH, each, ", ".join(strengths))] if strengths else drawn


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


def check_folder(output: Path) -> None:
    """Refuse to write where something else is.

    Raises:
        ConfigError: `output`/visualize is there, and no earlier call has made it.
    """
    folder = output / FOLDER
    page = folder / "index.html"
    ours = folder.is_dir() and page.is_file() and _MARK in page.read_text(encoding="utf-8", errors="replace")
    if os.path.lexists(folder) and not ours:
        raise ConfigError(
            [f"output_directory: {folder} is there, and --visualize has not made it; move it away or use another"]
        )


def write(drawings: list[Drawing], output: Path) -> Path:
    """Write each as a PNG file and a page with all of them; returns the page's path.

    They replace those of an earlier call, when all are there; other files stay.

    Raises:
        ConfigError: they cannot be written.
    """
    folder = output / FOLDER
    check_folder(output)
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=FOLDER, dir=output) as work:
            files = [_save(drawing, Path(work)) for drawing in drawings]
            page = Path(work) / "index.html"
            page.write_text(_page(drawings), encoding="utf-8")
            folder.mkdir(exist_ok=True)
            for old in (*folder.glob("batch-*.png"), folder / f"{_EACH}.png"):
                old.unlink(missing_ok=True)
            for new in (*files, page):
                os.replace(new, folder / new.name)
    except OSError as error:
        raise ConfigError([f"output_directory: cannot write to {folder}: {error.strerror}"]) from error
    return folder / page.name


def _save(drawing: Drawing, folder: Path) -> Path:
    figure = Figure(dpi=100)
    drawing.draw(figure)
    path = folder / f"{drawing.name}.png"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # the font has no such letter; the page has the words
        figure.savefig(path)
    return path


def _page(drawings: list[Drawing]) -> str:
    images = "\n".join(
        f'<h2>{drawing.name}</h2>\n<img src="{drawing.name}.png" alt="{escape(drawing.words)}">' for drawing in drawings
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
{_MARK}
<title>Pictures as training sees them</title>
<style>
body {{ font-family: sans-serif; margin: 1em; color-scheme: light dark }}
img {{ max-width: 100%; background: white }}
</style>
<h1>Pictures as training sees them</h1>
{images}
</html>
"""
