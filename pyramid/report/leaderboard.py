"""The networks of a search and their ensemble, as text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pyramid.report.texts import hardly_begun, metric, seconds
from pyramid.settings.metrics import METRICS

#: Networks that are listed.
SHOWN = 10


def print_search(console: Console, report: Mapping[str, Any]) -> None:
    """Print what ``report`` (the content of a search's `results.json`) says."""
    data, listed = report["data"], report["candidates"]
    console.print()
    console.print(
        f"{data['rows']:,} rows, {data['inputs']} inputs ({data['array_columns']} columns of the array,"
        f" {data['tree_inputs']} of them from trees).",
        soft_wrap=True,
    )
    for note in data["notes"][:SHOWN]:
        console.print(f"[yellow]{escape(note)}[/yellow]", soft_wrap=True)
    print_leaderboard(console, listed, data["objective"], report["selection_metric"])
    print_ensemble(console, report["ensemble"])
    if doubt := hardly_begun(report):
        console.print(f"[yellow]WARNING: {doubt}[/yellow]", soft_wrap=True)
    if report["stopped_by_user"]:
        console.print("The search was stopped before its time was up.")
    console.print(f"Model: {escape(report['final_model'])}", soft_wrap=True)
    if "page" in report:
        console.print(f"Report: {escape(report['page'])}", soft_wrap=True)


def print_leaderboard(console: Console, candidates: Sequence[Mapping[str, Any]], objective: str, chosen: str) -> None:
    """The best networks, and how the others ended."""
    known = [c for c in candidates if c["metrics"].get(chosen) is not None]
    if not known:
        console.print("No network has ended yet.")
        return
    known.sort(key=lambda c: -c["metrics"][chosen])
    names = METRICS[objective][:2] if chosen in METRICS[objective][:2] else (chosen, METRICS[objective][0])
    table = Table(title=f"The best of {len(known):,}", title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("network", *(name.replace("_", " ") for name in names), "layers", "of nodes", "learned", "time"):
        table.add_column(heading, justify="left" if heading in ("network", "learned") else "right")
    for candidate in known[:SHOWN]:
        table.add_row(*_row(candidate, names))
    console.print(table)
    counts = {status: sum(c["status"] == status for c in candidates) for status in ("finished", "failed", "skipped")}
    console.print(", ".join(f"{count:,} {status}" for status, count in counts.items() if count) + ".")
    for candidate in [c for c in candidates if c["status"] == "failed"][:SHOWN]:
        console.print(f"[red]{candidate['name']} failed[/red]: {escape(candidate['reason'])}", soft_wrap=True)


def _row(candidate: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    chosen = candidate.get("parameters") or {}
    how = [chosen.get("activation_function", ""), chosen.get("descent_algorithm", "")]
    how += ["trees"] * bool(chosen.get("tree_embedding")) + ["residual"] * bool(chosen.get("learn_residuals"))
    return [
        candidate["name"],
        *(metric(name, candidate["metrics"].get(name)) for name in names),
        str(chosen.get("number_of_layers", "")),
        str(chosen.get("largest_layer_size", "")),
        ", ".join(filter(None, how)),
        seconds(candidate["seconds"].get("elapsed", 0.0)),
    ]


def print_ensemble(console: Console, ensemble: Mapping[str, Any]) -> None:
    """The members of the ensemble, and what it scores on the compared rows."""
    members = ensemble["members"]
    if not members:
        return
    counted = [f"{name} ×{members.count(name)}" if members.count(name) > 1 else name for name in dict.fromkeys(members)]
    console.print(f"Ensemble ({ensemble['method']}): {', '.join(counted)}.", soft_wrap=True)
    for method, scores in ensemble["scores"].items():
        told = ", ".join(f"{name} {metric(name, value)}" for name, value in (scores or {}).items())
        console.print(f"On rows that no network learned from, {method} has {told or 'no score'}.", soft_wrap=True)
    for note in ensemble["notes"]:
        console.print(f"[yellow]{escape(note)}[/yellow]", soft_wrap=True)
