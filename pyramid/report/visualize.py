"""Shows drawings in windows where there is a display, else writes them to files with a page."""

import os
import tempfile
import warnings
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pyramid.errors import ConfigError
from pyramid.report.sheets import EACH, Drawing

FOLDER = "visualize"

#: Says that a page was made here, and may be replaced.
_MARK = '<meta name="generator" content="pyramid --visualize">'

#: Inches of the largest window, width and height; it can be enlarged.
_WINDOW = np.array([14.0, 8.5])


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


def show_or_write(drawings: list[Drawing], output: Path, title: str) -> Path | None:
    """Windows where there is a display; else files, and the path of their page."""
    if can_show():
        show(drawings)
        return None
    return write(drawings, output, title)


def check_unless_shown(output: Path) -> None:
    """Refuse to write where something else is, when there is no display.

    Raises:
        ConfigError: `output`/visualize is there, and no earlier call has made it.
    """
    if not can_show():
        _check_folder(output)


def _check_folder(output: Path) -> None:
    folder = output / FOLDER
    page = folder / "index.html"
    ours = folder.is_dir() and page.is_file() and _MARK in page.read_text(encoding="utf-8", errors="replace")
    if os.path.lexists(folder) and not ours:
        raise ConfigError(
            [f"output_directory: {folder} is there, and --visualize has not made it; move it away or use another"]
        )


def write(drawings: list[Drawing], output: Path, title: str) -> Path:
    """Write each as a PNG file and a page with all of them, under ``title``; returns the page's path.

    They replace those of an earlier call, when all are there; other files stay.

    Raises:
        ConfigError: they cannot be written.
    """
    folder = output / FOLDER
    _check_folder(output)
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=FOLDER, dir=output) as work:
            files = [_save(drawing, Path(work)) for drawing in drawings]
            page = Path(work) / "index.html"
            page.write_text(_page(drawings, title), encoding="utf-8")
            folder.mkdir(exist_ok=True)
            for old in (*folder.glob("batch-*.png"), folder / f"{EACH}.png"):
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


def _page(drawings: list[Drawing], title: str) -> str:
    images = "\n".join(
        f'<h2>{drawing.name}</h2>\n<img src="{drawing.name}.png" alt="{escape(drawing.words)}">' for drawing in drawings
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
{_MARK}
<title>{title}</title>
<style>
body {{ font-family: sans-serif; margin: 1em; color-scheme: light dark }}
img {{ max-width: 100%; background: white }}
</style>
<h1>{title}</h1>
{images}
</html>
"""
