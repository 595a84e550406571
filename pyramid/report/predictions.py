"""What a person is told of predictions and evaluations, as text for a terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pyramid.report.summary import per_class
from pyramid.report.texts import bounds, metric, plain, signed

if TYPE_CHECKING:
    from pyramid.prediction.job import Done

_LISTED = 10


def fault_lines(done: "Done") -> Iterator[str]:
    """What could not be predicted, and what not drawn, the first ten of each with the reason."""
    of = f"of {done.rows:,} could not be"
    yield from _listed(f"{done.unreadable:,} {of} predicted:", done.reasons, done.unreadable)
    yield from _listed(f"{len(done.undrawn):,} {of} drawn:", done.undrawn, len(done.undrawn))


def _listed(title: str, reasons: dict[str, str], count: int) -> Iterator[str]:
    if not count:
        return
    yield title
    for key, reason in list(reasons.items())[:_LISTED]:
        yield f"  {plain(key)}: {plain(reason)}"
    if count > _LISTED:
        yield f"  … and {count - _LISTED:,} more"


def print_evaluation(console: Console, told: dict[str, Any]) -> None:
    """Print what ``told`` (the content of an evaluation's `metrics.json`) says."""
    for note in told["notes"]:
        console.print(f"[yellow]{escape(plain(note))}[/yellow]", soft_wrap=True)
    for key, reason in list(told["unreadable"].items())[:_LISTED]:
        console.print(f"  {plain(key)}: {plain(reason)}", soft_wrap=True, markup=False)
    console.print(_metrics(told))
    if told["per_class"]:
        console.print(per_class({"network": "the model", "per_class": told["per_class"]}))
    if told["comparison"]:
        _print_comparison(console, told["comparison"])


def _metrics(told: dict[str, Any]) -> Table:
    what = "row" if told["rows"] == 1 else "rows"
    title = f"{told['rows']:,} {what}; 95 % intervals of {told['resamples']:,} bootstrap resamples"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("metric", "value", "from", "to"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for name, values in told["metrics"].items():
        table.add_row(name.replace("_", " "), metric(name, values["value"]), *bounds(name, values))
    return table


def _print_comparison(console: Console, told: dict[str, Any]) -> None:
    first, second = told["models"]
    console.print(f"First: {first}\nSecond: {second}", soft_wrap=True, markup=False)
    title = f"The same {told['rows']:,} rows. A difference above 0: the first is better, for errors too"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("metric", "first", "second", "difference", "from", "to", "first is better in"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for name, values in told["metrics"].items():
        better = "–" if values["better"] is None else f"{values['better']:.1%}"
        both = (metric(name, values[key]) for key in ("first", "second"))
        apart = (signed(values[key]) for key in ("difference", "low", "high"))
        table.add_row(name.replace("_", " "), *both, *apart, better)
    console.print(table)
    if "mcnemar_p_value" in told:
        rows = f"{told['only_first_right']:,} rows the first alone has right, {told['only_second_right']:,} the second"
        console.print(f"{rows}: p = {told['mcnemar_p_value']:.2g} (McNemar's exact test).")
