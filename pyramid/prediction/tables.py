"""The rows of a table as a model takes them: columns found by name or by place, texts as numbers and categories."""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.remote import below, is_uri, localized
from pyramid.data.tabular import arrow_columns
from pyramid.data.tabular.arrow_files import ArrowFile
from pyramid.data.tabular.fetch import fetch
from pyramid.errors import ConfigError
from pyramid.prediction.document import Described
from pyramid.settings.columns import IMAGE
from pyramid.settings.objectives import CATEGORICAL

Floats = npt.NDArray[np.float32]

#: A column's name in a message, of a table with many.
_SHOWN = 20


@dataclass
class Chunk:
    """Some rows that follow each other.

    Attributes:
        first: the number of the first one, from 0.
        numbers: float32 [rows, columns], as sensenet's `load_points` makes them: a category is its place, or -1, a
            missing number the mean, a picture 0.
        pictures: for each column of pictures the paths, "" for none.
        reasons: why a row cannot be predicted, or "".
        target: the objective's column of pyarrow, where it was asked for.
    """

    first: int
    numbers: Floats
    pictures: list[list[str]]
    reasons: list[str]
    target: Any = None


class TableRows:
    """A table that is there, and fits the model."""

    def __init__(self, model: Described, table: str, folder: Path, target: str = "", image_root: str | None = None):
        """
        Args:
            table: its path, or a URI.
            folder: receives a copy of what is not a file of this machine, or JSON lines.
            target: the objective's column, when its values are wanted.
            image_root: what names of pictures are relative to, a folder or its URI; by default the table's folder.

        Raises:
            ConfigError, DataError: there is no such table, or it lacks a column.
        """
        self._model = model
        self._file = ArrowFile(os.path.abspath(fetch(table, folder)))
        self._root = localized(image_root or _folder(localized(table)))
        self._places = _places(model, self._file, table)
        self._asked = list(self._places)
        if target:
            if target not in self._file.names:
                raise ConfigError([f"objective: {table} has no column {target!r}; {_shown(self._file)}"])
            self._asked.append(self._file.names.index(target))
        self._target = bool(target)

    def chunks(self, most: int) -> Iterator[Chunk]:
        """All rows in order, at most ``most`` at a time."""
        first = 0
        for arrays in self._file.batches(self._asked, most):
            for start in range(0, len(arrays[0]), most):
                parts = [array.slice(start, most) for array in arrays]
                yield self._chunk(first, parts)
                first += len(parts[0])

    def _chunk(self, first: int, arrays: list[Any]) -> Chunk:
        rows, columns = len(arrays[0]), self._model.columns
        reasons = [""] * rows
        numbers = np.zeros((rows, len(columns)), np.float32)
        pictures = []
        for i, (column, array) in enumerate(zip(columns, arrays, strict=False)):
            if column["type"] == IMAGE:
                names = arrow_columns.names(array)
                pictures.append([self._picture(name) if name else "" for name in names])
            elif column["type"] == CATEGORICAL:
                numbers[:, i] = arrow_columns.places(array, [str(value) for value in column["values"]])
            else:
                numbers[:, i] = self._numbers(array, column, self._file.names[self._places[i]], reasons)
        return Chunk(first, numbers, pictures, reasons, arrays[-1] if self._target else None)

    def _picture(self, name: str) -> str:
        return below(self._root, name) if is_uri(self._root) else os.path.join(self._root, name)

    def _numbers(self, array: Any, column: dict[str, Any], name: str, reasons: list[str]) -> Any:
        values, unfit = numbers_of(array)
        for row, text in unfit.items():
            reasons[row] = reasons[row] or f"{name}: must be a number, but is {text!r}"
        for row in np.flatnonzero(np.abs(values) > np.finfo(np.float32).max).tolist():
            reasons[row] = reasons[row] or f"{name}: must be a finite 32-bit number, but is {values[row]:g}"
            values[row] = np.nan
        values[np.isnan(values)] = column.get("mean", column.get("zero_value", 0.0))
        return values


def _folder(table: str) -> str:
    return posixpath.dirname(table) if is_uri(table) else os.path.dirname(os.path.abspath(table))


def numbers_of(array: Any) -> tuple[npt.NDArray[np.float64], dict[int, Any]]:
    """Numbers, NaN where there is none; and the texts that are none by their row."""
    try:
        return np.array(arrow_columns.numbers(array)), {}  # a copy: pyarrow's memory is not to be written to
    except arrow_columns.UnfitError:
        pass
    values, unfit = np.full(len(array), np.nan), {}
    for row in range(len(array)):
        try:
            values[row] = arrow_columns.numbers(array.slice(row, 1))[0]
        except arrow_columns.UnfitError as error:
            unfit[row] = error.value
    return values, unfit


def _places(model: Described, file: ArrowFile, table: str) -> list[int]:
    """Where the model's columns are in ``file``: by their names, or by their places in the rows it learned from."""
    if model.names:
        missing = [name for name in model.names if file.names.count(name) != 1]
        if missing:
            listed = ", ".join(map(repr, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
            rule = f"{table} must have each column of the model once, but not so {listed}"
            raise ConfigError([f"{rule}; {_shown(file)}"])
        places = [file.names.index(name) for name in model.names]
    else:
        places = [int(column["index"]) for column in model.columns]
        if max(places) >= len(file.names):
            rule = f"{table} has {len(file.names)} columns, but the model takes {max(places) + 1}"
            raise ConfigError([f"{rule}, in the order of the table that it was made from"])
    return places


def _shown(file: ArrowFile) -> str:
    more = ", …" if len(file.names) > _SHOWN else ""
    return f"it has {', '.join(map(repr, file.names[:_SHOWN]))}{more}"
