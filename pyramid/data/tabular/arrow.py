"""Tables in Parquet, Feather, Arrow and CSV files: raw values, which are standardised and matched here."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.data.tabular import arrow_columns
from pyramid.data.tabular.arrow_files import ArrowFile
from pyramid.data.tabular.checks import place_of
from pyramid.data.tabular.chunks import Chunk, Values
from pyramid.errors import DataError
from pyramid.settings.columns import CategoricalColumn, ImageColumn, NumericColumn, Table


class ArrowTable:
    """A file whose columns are those of `info_list`: by name when each of them has one, else by position.

    A number is standardised with its column's moments; a missing one becomes the mean, so 0, as sensenet has it when a
    model is asked. A category is matched as ``str(value)``; the weight stays as it is.
    """

    objective_may_lack = True

    def __init__(self, table: Table, path: str | Path):
        """
        Raises:
            DataError: the file cannot be read, a column is missing or of a type that it cannot have.
        """
        self.path = str(path)
        self._table = table
        self._unknown: Counter[int] = Counter()
        self._file = ArrowFile(self.path)
        self._places = _find(table, self._file)
        problems = list(_wrong_types(table, self._file, self._places))
        if problems:
            raise DataError(problems)

    def chunks(self, most: int, places: Sequence[int]) -> Iterator[Chunk]:
        """See ``Source``."""
        first = 0
        self._unknown.clear()
        for arrays in self._file.batches([self._places[place] for place in places], most):
            for start in range(0, len(arrays[0]), most):
                parts = [array.slice(start, most) for array in arrays]
                columns = [self._values(part, place, first) for part, place in zip(parts, places, strict=True)]
                yield Chunk(first, columns)
                first += len(parts[0])

    def notes(self) -> list[str]:
        """See ``Source``: categories that `info_list` does not have."""
        return [
            f"info_list[{place}]: {count:,} values of the column {self._file.names[self._places[place]]!r} are none of"
            " its categories and count as missing"
            for place, count in self._unknown.items()
            if count
        ]

    def _values(self, array: Any, place: int, first: int) -> Values:
        column = self._table.columns[place]
        if isinstance(column, ImageColumn):
            return arrow_columns.names(array)
        if isinstance(column, CategoricalColumn):
            found = arrow_columns.places(array, column.values)
            self._unknown[place] += int(np.count_nonzero(found < 0)) - array.null_count
            return found
        try:
            values = arrow_columns.numbers(array)
        except arrow_columns.UnfitError as error:
            where = place_of(self._table, place, self.path, first + error.row)
            raise DataError([f"{where}: must be a number, but is {error.value!r}"]) from error
        return self._standardised(values, place)

    def _standardised(self, values: arrow_columns.Floats, place: int) -> arrow_columns.Floats:
        column, last = self._table.columns[place], len(self._table.columns) - 1
        if not isinstance(column, NumericColumn) or (self._table.weighted and place == last - 1):
            return values
        mean, stdev = column.moments
        values = (values - mean) / stdev
        if place < last:
            values[np.isnan(values)] = 0.0
        return values


def _find(table: Table, file: ArrowFile) -> list[int]:
    """Where each column of `info_list` is in ``file``."""
    wanted = [column.name for column in table.columns if column.name is not None]
    if len(wanted) < len(table.columns):
        if len(file.names) == len(table.columns):
            return list(range(len(file.names)))
        raise DataError(
            [
                f"{file.path}: has {len(file.names)} columns, but info_list has {len(table.columns)};"
                " give every column of info_list the name that it has in the file"
            ]
        )
    problems = [_not_found(name, file) for name in wanted if file.names.count(name) != 1]
    if problems:
        raise DataError(problems)
    return [file.names.index(name) for name in wanted]


def _not_found(name: str, file: ArrowFile) -> str:
    if name in file.names:
        return f"{file.path}: {file.names.count(name)} columns are called {name!r}; names must be different"
    shown = ", ".join(map(repr, file.names[:20])) + (", …" if len(file.names) > 20 else "")
    return f"{file.path}: has no column {name!r}, which info_list names; it has {shown or 'none'}"


def _wrong_types(table: Table, file: ArrowFile, places: list[int]) -> Iterator[str]:
    for i, (column, place) in enumerate(zip(table.columns, places, strict=True)):
        rule = arrow_columns.needed(column, file.types[place])
        if rule:
            found = f"{file.names[place]!r} is of the type {file.types[place]}"
            yield f"{file.path}: info_list[{i}]: the column must hold {rule}, but {found}"
