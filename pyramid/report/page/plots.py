"""matplotlib's figures as SVG inside the page: its text is text, its colours are the page's."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from pyramid.report.page.html import Html, details, tag, text
from pyramid.report.texts import name

Floats = npt.NDArray[np.float64]

#: Colours that stand for the page's: of text, of the frame, of lines that matter less, of the series 1 to 8.
INK, LINE, FAINT = "#fe0100", "#fe0200", "#fe0400"
SERIES = tuple(f"#fe03{i:02x}" for i in range(1, 9))

#: How the lines of the series are drawn: who sees no colours tells them apart by their dashes.
LINES: tuple[dict[str, Any], ...] = tuple(
    {"color": colour, "linestyle": dashes}
    for colour, dashes in zip(
        SERIES,
        (
            "-",
            (0, (6, 2)),
            (0, (1.5, 1.5)),
            (0, (6, 1.5, 1.5, 1.5)),
            (0, (12, 2)),
            (0, (3, 3)),
            (0, (10, 2, 2, 2, 2, 2)),
            (0, (1, 3)),
        ),
        strict=True,
    )
)

#: Inches: a figure that is narrower is for a phone.
NARROW = 6.0

_CSS = {INK: "currentColor", LINE: "var(--line)", FAINT: "var(--faint)"} | {
    c: f"var(--s{i})" for i, c in enumerate(SERIES, 1)
}

#: Points of a line that are drawn; more cannot be told apart.
_POINTS = 200

_LOOK: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pyramid",
    "text.parse_math": False,  # a class may be called $x$
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.handlelength": 3.5,
}


def plot(
    key: str,
    title: str,
    description: str,
    draw: Callable[[Any], None],
    numbers: Html | None = None,
    size: tuple[float, float] = (5.2, 3.7),
    narrow: tuple[float, float] | None = None,
) -> Html:
    """A figure with its caption.

    Args:
        key: unique in the page.
        description: what is to be seen, for those who do not see it, too.
        draw: called with matplotlib's axes.
        numbers: a table of what was drawn.
        size, narrow: inches; ``narrow`` is for a phone, where the letters of a wide figure would be too small.
    """
    shown = _svg(key, title, description, draw, size)
    if narrow:
        again = _svg(f"{key}-narrow", title, description, draw, narrow)
        shown = Html(tag("div", shown, class_="broad") + tag("div", again, class_="narrow"))
    caption = tag("figcaption", tag("strong", title), ". ", description)
    return tag("figure", shown, caption, *([details("The numbers", numbers)] if numbers else []))


def _svg(key: str, title: str, description: str, draw: Callable[[Any], None], size: tuple[float, float]) -> Html:
    with mpl.rc_context(_LOOK), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that this font lacks, and names that a legend leaves out
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(out.getvalue(), key, title, description)


def is_narrow(ax: Any) -> bool:
    """Whether ``ax`` is drawn for a phone."""
    return bool(ax.figure.get_figwidth() < NARROW)


def plots(figures: Sequence[Html]) -> Html:
    """``figures`` side by side where there is room."""
    return tag("div", *figures, class_="plots")


def _inline(svg: str, key: str, title: str, description: str) -> Html:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    # Several figures share the page: each has ids of its own, and only those that are pointed at.
    used = set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{key}-{m[1]}"' if m[1] in used else "", svg)
    svg = svg.replace("url(#", f"url(#{key}-").replace('xlink:href="#', f'href="#{key}-')
    for colour, ours in _CSS.items():
        svg = svg.replace(colour, ours)
    svg = re.sub(r"font: (?:\w+ )*([\d.]+)px [^;\"]+", r"font-size:\1px", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    view = re.search(r'viewBox="[^"]+"', svg)
    described = f"<title>{text(title)}</title><desc>{text(description)}</desc>"
    opening = f'<svg {view[0] if view else ""} role="img" aria-label="{text(title)}" fill="currentColor">{described}'
    return Html(opening + svg[svg.index(">") + 1 :])


def label(text: str, most: int = 24) -> str:
    """``text`` for a legend or an axis, cut when it is long. matplotlib's legends leave names out that begin with _."""
    shown = name(text)
    shown = shown if len(shown) <= most else shown[: most - 1] + "…"
    return "\u200b" + shown if shown.startswith("_") else shown


def thinned(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """A curve of at most 200 points, the ends among them: those on its way at even distances.

    Not at even numbers of points: the curve of a rare class climbs in few of its thousands of points.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(x) <= _POINTS:
        return x, y
    steps = np.hypot(np.diff(x) / (np.ptp(x) or 1.0), np.diff(y) / (np.ptp(y) or 1.0))
    way = np.concatenate([[0.0], np.cumsum(np.nan_to_num(steps, posinf=0.0))])
    after = np.searchsorted(way, np.linspace(0, way[-1], _POINTS // 2)[1:-1])
    # The point before as well: what is reached with one long step must not become a slope.
    kept = np.unique(np.concatenate([[0, len(x) - 1], after, np.maximum(after - 1, 0)]))
    return x[kept], y[kept]


def cloud(ax: Any, x: Floats, y: Floats, colour: str = SERIES[0], most: int = 1000, cells: int = 36) -> None:
    """Points; more than ``most`` as hexagons, the darker the more there are in each."""
    if len(x) <= most:
        ax.plot(x, y, "o", color=colour, markersize=3.5, alpha=0.5, markeredgewidth=0)
        return
    drawn = ax.hexbin(x, y, gridsize=cells, mincnt=1, linewidths=0)
    counts = np.asarray(drawn.get_array())
    shares = 0.15 + 0.85 * np.log1p(counts) / np.log1p(counts.max())
    rgb = mpl.colors.to_rgb(colour)
    drawn.set_array(None)
    drawn.set_facecolor([(*rgb, share) for share in np.round(shares, 2)])
