"""Whether the values of a column can be learned from; the rows and what is wrong with them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.tabular.chunks import Chunk, Source
from pyramid.errors import DataError
from pyramid.settings.columns import CategoricalColumn, Column, NumericColumn, Table

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_FINITE = "must be a finite number that 32 bits can hold"
_WEIGHT = "must be a weight, a finite number that is not negative and not standardised"


def place_of(table: Table, place: int, path: str, row: int) -> str:
    """How messages name a value: ``row`` counts from 0 here, and from 1 in the message."""
    name = table.columns[place].name
    return f"{path}: row {row + 1:,}: info_list[{place}]" + (f" ({name})" if name else "")


def check_inputs(table: Table, chunk: Chunk, source: Source) -> None:
    """Check all columns but the objective, which ``chunk`` must have.

    Raises:
        DataError: with the first wrong value of each column: a number that is not finite, a category that is no whole
            number or not below the number of categories, a weight that is negative.
    """
    problems = []
    for place in range(len(table.columns) - 1):
        problems += list(_problems(table, place, chunk.columns[place], chunk.first, source))
    if problems:
        raise DataError(problems)


def known_objective(table: Table, chunk: Chunk, source: Source) -> Mask:
    """For each row of ``chunk``, which has the objective alone, whether the objective is known.

    Raises:
        DataError: a value is neither missing nor what `info_list` says.
    """
    place, values = len(table.columns) - 1, np.asarray(chunk.columns[0])
    if isinstance(table.columns[place], CategoricalColumn):
        known = ~(values < 0)
    else:
        known = ~np.isnan(values) if source.objective_may_lack else np.ones(len(values), bool)
    rows = np.arange(chunk.first, chunk.first + len(values))
    problems = list(_problems(table, place, values[known], rows[known], source))
    if problems:
        raise DataError(problems)
    return known


def _problems(table: Table, place: int, values: Any, rows: Any, source: Source) -> Iterator[str]:
    """``rows``: the number of each value's row, or of the first one's."""
    column = table.columns[place]
    if not isinstance(column, NumericColumn | CategoricalColumn):
        return
    weight = table.weighted and place == len(table.columns) - 2
    wrong = np.flatnonzero(_wrong(column, values, weight))
    if len(wrong):
        row = int(rows[wrong[0]]) if isinstance(rows, np.ndarray) else rows + int(wrong[0])
        value = float(values[wrong[0]])
        yield f"{place_of(table, place, source.path, row)}: {_rule(column, weight)}, but is {value:.10g}"


def _wrong(column: Column, values: Floats, weight: bool) -> Mask:
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(column, CategoricalColumn):
            return ~((values == np.floor(values)) & (values < len(column.values)) & np.isfinite(values))
        wrong = ~np.isfinite(values.astype(np.float32))
        return wrong | (values < 0) if weight else wrong


def _rule(column: Column, weight: bool) -> str:
    if isinstance(column, CategoricalColumn):
        top = len(column.values) - 1
        return f"must be the place of a category, a whole number from 0 to {top}, or negative when it is missing"
    return _WEIGHT if weight else _FINITE
