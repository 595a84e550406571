"""Columns of values -> arrays; the same rows from every kind of file give the same array."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyramid.data.tabular.arrays import assemble
from pyramid.data.tabular.layout import Array, Layout
from pyramid.data.tabular.sources import open_source
from pyramid.settings.columns import Table
from tests.data.tabular.making import (
    AGE,
    COLOUR,
    MIXED,
    PHOTO,
    PRICE,
    SPECIES,
    raw_rows,
    table_of,
    write_ser,
    write_table,
)


def array_of(table: Table, path: Path, trees: int = 0) -> Array:
    source = open_source(table, path)
    chunks = source.chunks(7, range(len(table.columns)))
    return np.concatenate([assemble(table, Layout.of(table, trees, 0), chunk.columns, None) for chunk in chunks])


def lengths(names: list[str]) -> Array:
    """Two features of a picture: the length of its name, and 1."""
    return np.array([[len(name), 1] for name in names], np.float32)


def test_each_kind_of_column_takes_its_place() -> None:
    table = table_of(MIXED, weighted=True)
    columns: list[Any] = [np.array([0.5, -1.5]), np.array([2.0, -1.0]), np.array([7.0, 8.0]), np.array([3.0, 0.0])]
    rows = assemble(table, Layout.of(table, 2, 0), [*columns, np.array([1.0, 0.0])], None)
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 0, 0.5, 0, 0, 1, 7, 3, 0, 1], [0, 0, -1.5, 0, 0, 0, 8, 0, 1, 0]]


def test_a_numeric_objective_takes_one_column() -> None:
    table = table_of([COLOUR, PRICE])
    rows = assemble(table, Layout.of(table, 0, 0), [np.array([1.0]), np.array([-2.25])], None)
    assert rows.tolist() == [[0, 1, 0, -2.25]]


def test_the_features_of_all_pictures_are_asked_for_once_and_put_where_their_columns_are() -> None:
    table = table_of([PHOTO, AGE, PHOTO, SPECIES])
    asked = []

    def features(names: list[str]) -> Array:
        asked.append(names)
        return lengths(names)

    columns: list[Any] = [["a", "bb"], np.array([0.5, 0.25]), ["", "cccc"], np.array([0.0, 1.0])]
    rows = assemble(table, Layout.of(table, 1, 2), columns, features)
    assert asked == [["a", "bb", "", "cccc"]]
    assert rows.tolist() == [[0, 1, 1, 0.5, 0, 1, 1, 0], [0, 2, 1, 0.25, 4, 1, 0, 1]]


def test_pictures_without_a_function_for_their_features_are_refused() -> None:
    table = table_of([PHOTO, SPECIES])
    with pytest.raises(ValueError, match="need a function"):
        assemble(table, Layout.of(table, 0, 0), [["a"], np.array([0.0])], None)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """An `info_list` of random columns, the objective last, and rows as a `.ser` file has them."""
    texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=5)
    infos: list[dict[str, Any]] = []
    for i in range(draw(st.integers(2, 5))):
        if draw(st.booleans()):
            infos.append({"type": "categorical", "values": draw(st.lists(texts, min_size=1, max_size=4, unique=True))})
        else:
            stdev = draw(st.sampled_from([0.0, 0.25, 1.0, 64.0]))
            infos.append({"type": "numeric", "mean": float(draw(st.integers(-99, 99))), "stdev": stdev})
        infos[-1] |= {"index": i, "name": f"column {i}"}
    eighths = st.integers(-800, 800).map(lambda n: n / 8)  # exact in binary, also in a file that holds text
    cells = [st.integers(-1, len(i["values"]) - 1).map(float) if "values" in i else eighths for i in infos]
    return infos, draw(st.lists(st.tuples(*cells).map(list), min_size=1, max_size=20))


@settings(max_examples=40, deadline=None)
@given(made=tables())
def test_the_same_rows_give_the_same_array_from_every_kind_of_file(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[list[dict[str, Any]], list[list[Any]]]
) -> None:
    infos, rows = made
    folder, table = tmp_path_factory.mktemp("same"), table_of(infos)
    expected = array_of(table, write_ser(folder / "table.ser", infos, rows))
    decoded = [[_encoded(info, value) for info, value in zip(infos, row, strict=True)] for row in rows]
    assert expected.tolist() == [[number for cell in row for number in cell] for row in decoded]
    for ending in ("parquet", "feather", "csv"):
        path = write_table(folder / f"table.{ending}", raw_rows(infos, rows))
        np.testing.assert_array_equal(array_of(table, path), expected)


def _encoded(info: dict[str, Any], value: float) -> list[float]:
    return [float(i == value) for i in range(len(info["values"]))] if "values" in info else [value]
