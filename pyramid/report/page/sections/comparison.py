"""Two models on the same rows."""

from typing import Any

from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Section, paragraph, table
from pyramid.report.texts import metric, name, signed


def comparison(contents: Contents) -> Section | None:
    """Metrics of both, how far these are apart, and in how many resamples the first one is better."""
    told = contents.comparison
    if not told:
        return None
    first, second = (name(str(model)) for model in told["models"])
    drawn = f", {told['resamples']:,} resamples" if told.get("resamples") else ""
    caption = f"On the same {told['rows']:,} rows{drawn}. A difference above 0: the first is better, for errors too"
    headings = ["metric", "first", "second", "difference", "at least (95 %)", "at most (95 %)", "first is better in"]
    parts = [
        paragraph(f"First: {first}. Second: {second}."),
        table(caption, headings, [_row(key, known) for key, known in told["metrics"].items()]),
    ]
    if "mcnemar_p_value" in told:
        parts.append(paragraph(_mcnemar(told, first, second)))
    return Section("comparison", "Beside the other model", parts)


def _row(key: str, known: dict[str, Any]) -> list[object]:
    both = [metric(key, known[which]) for which in ("first", "second")]
    apart = [signed(known.get(which)) for which in ("difference", "low", "high")]
    better = known.get("better")
    return [key.replace("_", " "), *both, *apart, "–" if better is None else f"{better:.0%}"]


def _mcnemar(told: dict[str, Any], first: str, second: str) -> str:
    return (
        f"Right in one alone: {first} in {told['only_first_right']:,} rows, {second} in"
        f" {told['only_second_right']:,}; were both as good, chance would part them as far with a probability of"
        f" {told['mcnemar_p_value']:.3g} (McNemar's exact test)."
    )
