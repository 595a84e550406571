"""What was made, and how good it is."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pyramid.data.split import TINY
from pyramid.finalize.evaluation import Evaluation
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Section, facts, listed, table, tag
from pyramid.report.page.statistics import likelihood_of_shares
from pyramid.report.texts import bounds, hardly_begun, metric, seconds
from pyramid.settings.objectives import CATEGORICAL, NUMERIC
from pyramid.training.candidate import Status
from pyramid.training.metrics import METRICS

#: On which rows metrics were measured, by whether these were learned from.
_ROWS = {
    False: "On rows that were not learned from",
    True: "On rows that were learned from: they say nothing about new ones",
}


def overview(contents: Contents) -> Section:
    """The best candidate or the ensemble, its metrics, and what a person should know first."""
    parts = [facts(_facts(contents))]
    notes = [*contents.notes, *_knows_nothing(contents.evaluation), *_doubts(contents.results or {})]
    if notes:
        parts.append(tag("div", tag("h3", "To know first"), listed(notes), class_="warn"))
    metrics = _metrics(contents)
    if metrics:
        headings = ["metric", "value", "at least (95 %)", "at most (95 %)"]
        drawn = any(low != "–" for _, _, low, _ in metrics)
        rows = metrics if drawn else [row[:2] for row in metrics]
        caption = "On these data" if contents.intervals else _ROWS[learned_from(contents)]
        parts.append(table(caption, headings[: len(rows[0])], rows))
    return Section("overview", "Overview", parts)


def _facts(contents: Contents) -> Iterator[tuple[str, object]]:
    results, evaluation = contents.results, contents.evaluation
    if evaluation is not None:
        yield "objective", evaluation.objective.replace("_", " ")
        yield _rows(contents, evaluation)
        if evaluation.classes:
            yield "classes", f"{len(evaluation.classes):,}"
    if results is not None:
        chosen = results["selection_metric"]
        best = next((c for c in results["candidates"] if c["name"] == results.get("best")), None)
        if results.get("ensemble"):
            yield "networks in the ensemble", f"{len(set(results['ensemble']['members'])):,}"
        if best:
            yield "best candidate", best["name"]
            yield f"its {chosen.replace('_', ' ')}", metric(chosen, best["metrics"].get(chosen))
        if results.get("seconds"):
            yield "time in all", seconds(sum(value for key, value in results["seconds"].items() if key != "trials"))


def _rows(contents: Contents, evaluation: Evaluation) -> tuple[str, str]:
    """What was looked at: a check may take a part of what is held out."""
    what, count = "pictures" if evaluation.files else "rows", f"{len(evaluation):,}"
    if contents.intervals:
        return what, count
    if learned_from(contents):
        return f"{what} checked", f"{count} that were learned from"
    held_out = (contents.results or {}).get("data", {}).get("holdout_rows", 0)
    return (
        (f"{what} checked", f"{count} of {held_out:,} held out")
        if held_out > len(evaluation)
        else (f"{what} held out", count)
    )


def learned_from(contents: Contents) -> bool:
    """Whether the rows that were measured on are among those that were learned from."""
    known, config = (contents.results or {}).get("data", {}), contents.config or {}
    if "training_rows" in known:  # then they are counted twice
        return bool(known["training_rows"] + known["holdout_rows"] > known["rows"] - len(known.get("bad_images", [])))
    few = known.get("rows", TINY + 1) <= TINY
    return few or config.get("holdout_rate") == 0 or bool(config.get("cheat_on_validation"))


def _metrics(contents: Contents) -> list[list[object]]:
    if contents.intervals:
        return [
            [name.replace("_", " "), metric(name, known["value"]), *bounds(name, known)]
            for name, known in contents.intervals.items()
        ]
    results = contents.results or {}
    best = next((c for c in results.get("candidates", []) if c["name"] == results.get("best")), None)
    method = (results.get("ensemble") or {}).get("method")
    found = results["ensemble"]["scores"].get(method) if method else best["metrics"] if best else None
    return [[name.replace("_", " "), metric(name, value), "–", "–"] for name, value in (found or {}).items()]


def _knows_nothing(evaluation: Evaluation | None) -> Iterator[str]:
    """Whether who knows no inputs, but how often each class or what mean there is, would predict as well."""
    if evaluation is None or not len(evaluation):
        return
    truth, predicted = np.asarray(evaluation.truth), evaluation.predicted
    if evaluation.objective == CATEGORICAL:
        reached, without = METRICS["likelihood"](truth, predicted), likelihood_of_shares(truth)
        if reached <= without < 1:
            told = f"{metric('likelihood', reached)} against {metric('likelihood', without)}"
            yield f"Giving each class its share of the rows would be as good as its probabilities (likelihood {told})."
    elif evaluation.objective == NUMERIC and np.mean((truth - predicted) ** 2) >= np.var(truth) > 0:
        yield "Always telling the mean would be as good as its values (R² is not above 0)."


def _doubts(results: dict[str, Any]) -> Iterator[str]:
    if results.get("stopped_by_user"):
        yield "It was stopped before its time was up."
    if results and (doubt := hardly_begun(results)):
        yield doubt
    broken = sum(candidate["status"] == Status.FAILED for candidate in results.get("candidates", []))
    if broken:
        yield f"{broken:,} of {len(results['candidates']):,} candidates failed: the leaderboard tells why."
    if bad := results.get("data", {}).get("bad_images"):
        yield f"{len(bad):,} files were left out: they are listed with the data."
    yield from (results.get("ensemble") or {}).get("notes", [])
    yield from results.get("data", {}).get("notes", [])
