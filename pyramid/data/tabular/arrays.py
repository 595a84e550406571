"""The columns of some rows -> the array that a network learns from."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pyramid.data.tabular.chunks import Values
from pyramid.data.tabular.layout import Array, Layout
from pyramid.settings.columns import CategoricalColumn, ImageColumn, Table

#: The features, float32 [names, k], of pictures with these names, "" for a missing one.
Features = Callable[[list[str]], Array]


def assemble(table: Table, layout: Layout, columns: Sequence[Values], features: Features | None) -> Array:
    """The rows whose values ``columns`` has, as float32 [rows, layout.columns]; tree columns are 0.

    Numbers and the weight take one column. A category is one-hot, all zeros when it is missing.

    Args:
        features: is called once, with all names of all columns of pictures.
    """
    rows = np.zeros((len(columns[0]), layout.columns), np.float32)
    widths = [*layout.widths, *([1] if layout.weighted else []), layout.outputs]
    starts = layout.trees + np.concatenate([[0], np.cumsum(widths)[:-1]]).astype(np.int64)
    for column, values, start in zip(table.columns, columns, starts, strict=True):
        if isinstance(column, CategoricalColumn):
            known = np.flatnonzero(np.asarray(values) >= 0)
            rows[known, start + np.asarray(values)[known].astype(np.int64)] = 1
        elif not isinstance(column, ImageColumn):
            rows[:, start] = values
    _put_features(table, rows, starts.tolist(), columns, features)
    return rows


def _put_features(table: Table, rows: Array, starts: list[int], columns: Any, features: Features | None) -> None:
    places = [place for place, column in enumerate(table.columns) if isinstance(column, ImageColumn)]
    if not places:
        return
    if features is None:
        raise ValueError("columns of pictures need a function that gives their features")
    found = features([name for place in places for name in columns[place]])
    for i, place in enumerate(places):
        rows[:, starts[place] : starts[place + 1]] = found[i * len(rows) : (i + 1) * len(rows)]
