"""Words for numbers, the same in every report."""

from collections.abc import Mapping
from typing import Any

from pyramid.settings.metrics import is_negated

_LONGEST = 100


def seconds(value: float) -> str:
    """ "0.4 s", "12 s", "3:05 min", "1:02 h"."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def plain(text: str) -> str:
    """``text`` without control characters, on a line."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def name(text: str) -> str:
    """The name of a class on a line, cut when it is long."""
    shown = plain(text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def metric(name: str, value: float | None) -> str:
    """Four significant digits, or a dash. Errors and losses are kept negated; people read them as they are."""
    if value is None:
        return "–"
    return f"{-value if is_negated(name) else value:.4g}"


def bounds(name: str, known: dict[str, float | None]) -> list[str]:
    """The ends `low` and `high` of an interval of the metric ``name``, as they are shown in rising order."""
    ends = [metric(name, known.get("low")), metric(name, known.get("high"))]
    return ends[::-1] if is_negated(name) else ends


def signed(value: float | None) -> str:
    """Four significant digits with a sign, or a dash: of a difference of two metrics, as it is kept.

    Errors are negated there, so that a difference above 0 is good for every metric.
    """
    return "–" if value is None else f"{value:+.4g}"


def hardly_begun(results: Mapping[str, Any]) -> str:
    """That the best candidate of ``results`` (the content of `results.json`) has not seen all rows once, or ""."""
    best = next((c for c in results["candidates"] if c["name"] == results.get("best")), None) or {}
    epochs = best.get("epochs")
    if epochs is None or epochs >= 1:
        return ""
    share = f"{best['iterations']:,} steps, and has seen {max(0.01, epochs):.0%} of the rows that it learns from"
    return f"{best['name']} had time for {share}: give it more (max_total_time)."
