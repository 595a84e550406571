"""Which networks an ensemble has, and which columns of the table it goes by."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Section, details, paragraph, table
from pyramid.report.page.plots import SERIES, label, plot
from pyramid.report.texts import metric, name
from pyramid.training.candidate import FIT_INFO_FILE, SUBMODEL

#: Columns that are drawn, and those that are listed.
BARS, LISTED = 20, 200


def ensemble(contents: Contents) -> Section | None:
    """The members with their weights, and what the ways to choose them score."""
    known = (contents.results or {}).get("ensemble")
    if not known or not known["members"]:
        return None
    results = contents.results or {}
    candidates = {candidate["name"]: candidate for candidate in results["candidates"]}
    chosen, counts = results["selection_metric"], Counter(known["members"])
    rows = [
        [member, f"{count / len(known['members']):.3f}", metric(chosen, _metric(candidates.get(member), chosen))]
        for member, count in counts.most_common()
    ]
    caption = f"Members of the ensemble ({known['method']}); their mean, so weighted, is what it predicts"
    parts = [table(caption, ["network", "weight", chosen.replace("_", " ")], rows)]
    names = list(dict.fromkeys(key for scores in known["scores"].values() for key in scores or {}))
    if names:
        scores = [[way, *(metric(key, (of or {}).get(key)) for key in names)] for way, of in known["scores"].items()]
        parts.append(table("Ways to choose, on rows that no network learned from", ["way", *names], scores))
    return Section("ensemble", "The ensemble", parts)


def _metric(candidate: dict[str, Any] | None, chosen: str) -> float | None:
    return candidate["metrics"].get(chosen) if candidate else None


def importances(contents: Contents) -> Section | None:
    """How much each column counts, as the mean over the members."""
    found = _importances(contents)
    if not found:
        return None
    found.sort(key=lambda item: -item[1])
    drawn = found[:BARS]

    def draw(ax: Any) -> None:
        ax.barh(range(len(drawn)), [value for _, value in drawn], color=SERIES[0], alpha=0.85)
        ax.set_yticks(range(len(drawn)), [label(column, 30) for column, _ in drawn])
        ax.invert_yaxis()
        ax.set_xlabel("share")

    told = "How much the prediction goes by each column, the mean over the members:"
    told += " integrated gradients between points of the data."
    told += f" The first {BARS} of {len(found):,}." if len(found) > BARS else ""
    figure = plot("importances", "Importances", told, draw, size=(7, 1.2 + 0.3 * len(drawn)))
    rows = [(column, f"{value:.4f}") for column, value in found[:LISTED]]
    numbers = [details("The numbers", table("Importances", ["column", "share"], rows))]
    more = [paragraph(f"{len(found) - LISTED:,} more columns count less.")] if len(found) > LISTED else []
    return Section("importances", "Importances of the columns", [figure, *numbers, *more])


def _importances(contents: Contents) -> list[tuple[str, float]]:
    """(column, share); empty when the submodels do not tell."""
    columns = (contents.config or {}).get("info_list")
    members = ((contents.results or {}).get("ensemble") or {}).get("members")
    if not columns or not members or contents.model is None:
        return []
    known = [_of_submodel(contents.model.parent / f"{SUBMODEL}{member}" / FIT_INFO_FILE) for member in members]
    values = [value for value in known if value]
    if not values or len({len(value) for value in values}) > 1 or len(values[0]) > len(columns):
        return []
    means = np.mean(values, axis=0).tolist()
    return [(name(str(column["name"])), float(mean)) for column, mean in zip(columns, means, strict=False)]


def _of_submodel(path: Path) -> list[float]:
    try:
        return list(json.loads(path.read_bytes())["importances"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
