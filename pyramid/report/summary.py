"""The report at the end of a training, as text for a terminal."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from pyramid.report.texts import hardly_begun, metric, name, plain, seconds
from pyramid.settings.augmentations import AUGMENTATIONS
from pyramid.settings.metrics import METRICS
from pyramid.settings.objectives import BOUNDING_BOX

_MOST_LISTED = 10
_MOST_CLASSES = 20

#: More letters than these make a heading of several lines.
_LONG = 9

_COUNTS = ("objects", "found", "missed", "false")

_PLACES = {"trial": "in the trial", "workers": "on workers"}


def print_summary(console: Console, report: dict[str, Any]) -> None:
    """Print what ``report`` (the content of `results.json`) says: data, candidates, failures, the model's path."""
    best = next(candidate for candidate in report["candidates"] if candidate["name"] == report["best"])
    metrics = METRICS[report["data"]["objective"]]
    console.print()
    for line in data_lines(report["data"], report["input_image_shape"]):
        console.print(line, soft_wrap=True)
    tables = (_candidates(report, names) for names in (metrics, metrics[:2]))
    console.print(next((table for table in tables if _fits(console, table)), _candidates(report, metrics[:2])))
    for candidate in report["candidates"]:
        if candidate["status"] != "finished":
            console.print(f"[red]{candidate['name']} {candidate['status']}[/red]: {escape(candidate['reason'])}")
        if candidate["traceback"]:
            console.print(escape(candidate["traceback"].rstrip()), style="dim", soft_wrap=True)
    if best["per_class"]:
        console.print(per_class(best))
    for line in (*_start_lines(report), *_anchor_lines(report), *_augmentation_lines(report)):
        console.print(line, soft_wrap=True, markup=False)
    if report["stopped_by_user"]:
        console.print("Training was stopped before its time was up.")
    if (best["metrics"].get("r_squared") or 0) < 0:
        console.print("[yellow]WARNING: the best model is farther from the values than their mean is.[/yellow]")
    if doubt := hardly_begun(report):
        console.print(f"[yellow]WARNING: {doubt}[/yellow]", soft_wrap=True)
    value = metric(report["selection_metric"], best["metrics"][report["selection_metric"]])
    console.print(f"Best: [bold]{report['best']}[/bold], {report['selection_metric']} {value}.")
    console.print(f"Model: {escape(report['final_model'])}", soft_wrap=True)
    if "page" in report:
        console.print(f"Report: {escape(report['page'])}", soft_wrap=True)


def data_lines(data: dict[str, Any], shape: list[int]) -> list[str]:
    """What was learned from, and what was left out."""
    used = data["training_rows"] + data["holdout_rows"]
    shown = f"{shape[0]}×{shape[1]} pixels"
    lines = [f"{used:,} pictures of {shown}: {data['training_rows']:,} to train on, {data['holdout_rows']:,} held out."]
    if data["classes"]:
        counts = sorted(data["classes"].items(), key=lambda item: -item[1])
        listed = ", ".join(f"{escape(name(label))} ({count:,})" for label, count in counts[:_MOST_LISTED])
        more = f" and {len(counts) - _MOST_LISTED:,} more" if len(counts) > _MOST_LISTED else ""
        what = f"{sum(data['classes'].values()):,} boxes of " if data["objective"] == BOUNDING_BOX else ""
        plural = "class" if len(counts) == 1 else "classes"
        lines.append(f"{what}{len(counts)} {plural}: {listed}{more}.")
    else:
        low, mean, high = data["value_range"]
        lines.append(f"Values from {low:.6g} to {high:.6g}, {mean:.6g} on average.")
    bad = data["bad_images"]
    if bad:
        lines.append(f"[yellow]{len(bad):,} of {data['rows']:,} files were left out:[/yellow]")
        lines += [f"  {escape(plain(item['file']))}: {escape(item['reason'])}" for item in bad[:_MOST_LISTED]]
        lines += [f"  … and {len(bad) - _MOST_LISTED:,} more, in results.json"] if len(bad) > _MOST_LISTED else []
    return lines + [f"[yellow]{escape(note)}[/yellow]" for note in data["notes"]]


def _augmentation_lines(report: dict[str, Any]) -> list[str]:
    """What was augmented, and where: one line for all candidates when it was in the same place for the same reason."""
    strengths = report["augmentations"]
    if not strengths:
        return []
    shown = ", ".join(name if AUGMENTATIONS[name].switch else f"{name} {n:g}" for name, n in strengths.items())
    places: dict[str, list[str]] = {}
    for candidate in report["candidates"]:
        if candidate["placement"]:
            place = f"{_PLACES[candidate['placement']['where']]} ({candidate['placement']['why']})"
            places.setdefault(place, []).append(candidate["name"])
    told = [place if len(places) == 1 else f"{place}: {', '.join(names)}" for place, names in places.items()]
    return [f"Augmented: {shown}.", *(f"Augmentation ran {line}." for line in told)]


def _fits(console: Console, table: Table) -> bool:
    return Measurement.get(console, console.options.update(max_width=10_000), table).maximum <= console.width


def _candidates(report: dict[str, Any], shown: Sequence[str]) -> Table:
    """One row for each candidate with the metrics ``shown``, the best first."""
    table = Table(
        title="Candidates, measured on the holdout", title_justify="left", box=box.SIMPLE_HEAD, collapse_padding=True
    )
    for heading in ("network", "method"):
        table.add_column(heading, no_wrap=True)
    for heading in (*map(_heading, shown), "steps", "images/s", "time"):
        table.add_column(heading, justify="right")
    order = sorted(report["candidates"], key=lambda c: _key(c, report["selection_metric"]), reverse=True)
    for candidate in order:
        table.add_row(
            candidate["network"],
            candidate["name"].removeprefix(f"{candidate['network']}_"),
            *(metric(name, candidate["metrics"].get(name)) for name in shown),
            f"{candidate['iterations']:,}",
            f"{candidate['images_per_second']:,.0f}",
            seconds(candidate["seconds"].get("elapsed", 0.0)),
            style="bold" if candidate["name"] == report["best"] else None,
        )
    return table


def _heading(metric_name: str) -> str:
    """Long names on a line for each word."""
    return metric_name.replace("_", "\n" if len(metric_name) > _LONG else " ")


def per_class(candidate: dict[str, Any]) -> Table:
    """How well a detector finds the objects of each class."""
    title = f"Found by {candidate['network']} (score above 0.5, 32 of a picture)"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, collapse_padding=True)
    table.add_column("class")
    for heading in ("objects", "found", "missed", "false", "map 50", "map"):
        table.add_column(heading, justify="right")
    rows = sorted(candidate["per_class"].items(), key=lambda item: -item[1]["objects"])
    for label, values in rows[:_MOST_CLASSES]:
        counts = [f"{values[key]:,}" for key in _COUNTS]
        table.add_row(escape(name(label)), *counts, *(metric(key, values[key]) for key in ("map_50", "map")))
    if len(rows) > _MOST_CLASSES:
        table.add_row(f"… and {len(rows) - _MOST_CLASSES:,} more, in results.json")
    if len(rows) > 1:
        table.add_section()
        table.add_row("all", *(f"{sum(values[key] for _, values in rows):,}" for key in _COUNTS))
    return table


def _start_lines(report: dict[str, Any]) -> list[str]:
    """How good initial models were before the first step, and what they take when others take something else."""
    selected = report["selection_metric"]
    lines = [
        f"{name} takes pictures of {width}×{height} ({fitted})."
        for name, (width, height, fitted) in report["other_inputs"].items()
    ]
    for candidate in report["candidates"]:
        if selected in candidate["at_start"]:
            value = metric(selected, candidate["at_start"][selected])
            doubt = "too good, if it has learned pictures that are held out now"
            lines.append(f"{candidate['name']} had {selected} {value} at its start ({doubt}).")
    return lines


def _anchor_lines(report: dict[str, Any]) -> list[str]:
    """The anchors of the detectors, and how well they fit: a line for all that have the same."""
    alike: dict[str, list[str]] = {}
    for candidate, known in report["anchors"].items():
        listed = ", ".join(f"{width:g}×{height:g}" for width, height in known["anchors"])
        line = f"{listed}; mean best IoU with the boxes {known['mean_best_iou']:.2f}."
        alike.setdefault(line, []).append(candidate)
    return [f"Anchors of {', '.join(names)}: {line}" for line, names in alike.items()]


def _key(candidate: dict[str, Any], selection_metric: str) -> float:
    value = candidate["metrics"].get(selection_metric)
    return float("-inf") if value is None else float(value)
