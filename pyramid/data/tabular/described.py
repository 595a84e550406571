"""Columns in lines for a person."""

from collections.abc import Iterator, Sequence
from typing import Any

from pyramid.data.tabular.moments import ROUNDING
from pyramid.data.tabular.scan import Column
from pyramid.settings.columns import CategoricalColumn, NumericColumn, Table

_SHOWN = 5

#: A rounding of 32 bits above this share of the standard deviation is told.
_COARSE = 0.01


def table_lines(table: Table) -> list[str]:
    """What `info_list` says, a line for each column."""
    roles = [""] * len(table.inputs) + (["the weight, "] if table.weighted else []) + ["the objective, "]
    return [
        f"{column.name or f'column {column.index}'}: {role}{_type_line(column)}"
        for column, role in zip(table.columns, roles, strict=True)
    ]


def scanned_line(made: Any, column: Column, role: str) -> str:
    """What the column ``made`` is, and how many of its values are missing.

    Args:
        role: such as "the objective, ", or "".
    """
    return f"{column.name}: {role}{_type_line(made)}, {column.missing:,} missing"


def input_notes(made: Any, column: Column) -> Iterator[str]:
    """What a user of the model should know of an input."""
    if isinstance(made, NumericColumn) and column.numbers and made.stdev:
        most = max(abs(column.numbers.low), abs(column.numbers.high))
        if ROUNDING * most > _COARSE * made.stdev:
            yield (
                f"{column.name}: numbers up to {_short(most)} lose digits when a model is asked, with 32 bits, and"
                f" their standard deviation is only {_short(made.stdev)}; subtract what they have in common"
            )
    if isinstance(made, CategoricalColumn) and "None" in made.values:
        yield f"{column.name}: a model that is asked takes a missing value for the category 'None'; rename it"


def objective_notes(made: Any, column: Column) -> Iterator[str]:
    """What is odd about an objective that can be learned."""
    if column.missing:
        yield f"{column.missing:,} of {column.rows:,} rows are left out: their objective is missing"
    counts = column.categories.counts if column.categories else {}
    if isinstance(made, NumericColumn) and 1 < len(counts) <= _SHOWN:
        yield f'{column.name}: has {len(counts)} different numbers; set objective_type to "categorical" for classes'
    single = [value for value, count in sorted(counts.items()) if count == 1]
    if isinstance(made, CategoricalColumn) and single:
        yield f"{column.name}: {len(single):,} of the classes have one row each, too few to learn: {_some(single)}"


def _type_line(column: Any) -> str:
    if isinstance(column, NumericColumn):
        mean, stdev = column.moments
        return f"numeric, mean {_short(mean)}, standard deviation {_short(stdev)}"
    if isinstance(column, CategoricalColumn):
        count = len(column.values)
        return f"categorical, {count:,} {'category' if count == 1 else 'categories'} ({_some(column.values)})"
    return str(column.type)


def _short(number: float) -> str:
    return f"{number:,.0f}" if 1000 <= abs(number) < 1e12 else f"{number:.4g}"


def _some(values: Sequence[str]) -> str:
    short = (value if len(value) <= 30 else value[:29] + "…" for value in values[:_SHOWN])
    shown = ", ".join(f'"{value}"' if "," in value else value for value in short)
    return shown + (", …" if len(values) > _SHOWN else "")
