"""All candidates, the best first, and why some have no model."""

from typing import Any

from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Html, Section, details, paragraph, table, tag
from pyramid.report.texts import metric, seconds
from pyramid.settings.metrics import METRICS

#: Rows that are shown at once, and with those that are folded away; results.json has all.
SHOWN, LISTED = 20, 1000


def leaderboard(contents: Contents) -> Section | None:
    """Metrics, steps and time of each candidate; reasons of those that failed or were skipped."""
    results = contents.results
    if results is None or not results["candidates"]:
        return None
    chosen, objective = results["selection_metric"], results["data"]["objective"]
    names = [chosen, *(name for name in METRICS.get(objective, ()) if name != chosen)]
    ordered = sorted(results["candidates"], key=lambda c: _value(c, chosen), reverse=True)
    headings = ["candidate", "ended", *(name.replace("_", " ") for name in names), "steps", "rows/s", "time"]
    rows = [_row(candidate, names, results.get("best")) for candidate in ordered]
    parts = [table(f"Measured on the holdout, chosen by {chosen}", headings, rows[:SHOWN], (0, 1))]
    if len(rows) > SHOWN:
        rest = table("Those after them", headings, rows[SHOWN:LISTED], (0, 1))
        parts.append(details(f"{len(rows) - SHOWN:,} more", rest))
    return Section("leaderboard", "Leaderboard", [*parts, *_endings(ordered), *_starts(ordered, chosen)])


def _value(candidate: dict[str, Any], chosen: str) -> float:
    value = candidate["metrics"].get(chosen)
    return float("-inf") if value is None else float(value)


def _row(candidate: dict[str, Any], names: list[str], best: str | None) -> list[object]:
    name = tag("strong", candidate["name"], " (best)") if candidate["name"] == best else candidate["name"]
    return [
        name,
        candidate["status"],
        *(metric(key, candidate["metrics"].get(key)) for key in names),
        f"{candidate['iterations']:,}",
        f"{candidate['images_per_second']:,.0f}",
        seconds(candidate["seconds"].get("elapsed", 0.0)),
    ]


def _endings(candidates: list[dict[str, Any]]) -> list[Html]:
    ended = [(c["name"], c["status"], c["reason"] or "–") for c in candidates if c["status"] != "finished"]
    parts = [table("Failed or skipped", ["candidate", "status", "reason"], ended, (0, 1, 2))] if ended else []
    broken = [c for c in candidates if c["traceback"]]
    parts += [details(f"Traceback of {c['name']}", tag("pre", c["traceback"].rstrip(), tabindex=0)) for c in broken]
    reasons = [(c["name"], c["reason"]) for c in candidates if c["status"] == "finished" and c["reason"]]
    if reasons:
        parts.append(
            details(
                "Why the others ended" if ended else "Why they ended",
                table("Ends", ["candidate", "reason"], reasons, (0, 1)),
            )
        )
    return parts


def _starts(candidates: list[dict[str, Any]], chosen: str) -> list[Html]:
    return [
        paragraph(f"{c['name']} had {chosen} {metric(chosen, c['at_start'][chosen])} at its start.")
        for c in candidates
        if chosen in (c.get("at_start") or {})
    ]
