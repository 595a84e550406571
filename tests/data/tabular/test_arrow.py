"""Tables of pyarrow's kinds: raw values of many types, matched and standardised."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest

from pyramid.data.tabular.sources import open_source
from pyramid.errors import DataError
from tests.data.tabular.making import (
    AGE,
    COLOUR,
    MIXED,
    NUMBERS,
    PHOTO,
    PICTURES,
    PRICE,
    SPECIES,
    table_of,
    write_table,
)

ENDINGS = ["parquet", "feather", "arrow", "csv", "tsv"]
NAN = float("nan")


def read(path: Path, info_list: list[dict[str, Any]], weighted: bool = False, most: int = 100) -> list[list[Any]]:
    source = open_source(table_of(info_list, weighted), path)
    chunks = list(source.chunks(most, range(len(info_list))))
    columns = [[value for chunk in chunks for value in chunk.columns[place]] for place in range(len(info_list))]
    return [[float(v) if not isinstance(v, str) else v for v in column] for column in columns]


def problem(path: Path, info_list: list[dict[str, Any]], weighted: bool = False) -> str:
    with pytest.raises(DataError) as raised:
        read(path, info_list, weighted)
    return str(raised.value)


def one_column(path: Path, values: pa.Array, info: dict[str, Any]) -> list[Any]:
    """The values of ``info``, an input, in a Parquet file."""
    write_table(path, pa.table({info["name"]: values, "price": [1.0] * len(values)}))
    return read(path, [info, PRICE])[0]


@pytest.mark.parametrize("ending", ENDINGS)
def test_numbers_are_standardised_and_categories_matched_and_the_weight_is_left(tmp_path: Path, ending: str) -> None:
    columns = {
        "species": ["bee", "ant", None],
        "age": [48.0, None, 24.0],
        "weight": [2.0, 0.0, 1.0],
        "unused": ["x", "y", "z"],
        "colour": ["blue", "pink", None],
        "share": [10.0, 20.0, 15.0],
    }
    path = write_table(tmp_path / f"table.{ending}", columns)
    age, colour, share, weight, species = read(path, MIXED, weighted=True)
    assert (age, colour, share) == ([1.0, 0.0, -2.0], [2.0, -1.0, -1.0], [0.0, 1.0, 0.5])
    assert (weight, species) == ([2.0, 0.0, 1.0], [1.0, 0.0, -1.0])


@pytest.mark.parametrize("ending", ENDINGS)
def test_without_names_columns_are_taken_by_position(tmp_path: Path, ending: str) -> None:
    unnamed = [{key: value for key, value in info.items() if key != "name"} for info in PICTURES]
    path = write_table(tmp_path / f"table.{ending}", {"x": [32.0], "y": ["a.png"], "z": ["bee"]})
    assert read(path, unnamed) == [[-1.0], ["a.png"], [1.0]]
    path = write_table(tmp_path / f"table.{ending}", {"x": [32.0], "y": ["a.png"], "z": ["bee"], "more": [1]})
    assert problem(path, unnamed) == (
        f"{path}: has 4 columns, but info_list has 3; give every column of info_list the name that it has in the file"
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_by_position_two_columns_may_have_the_same_name(tmp_path: Path, ending: str) -> None:
    unnamed = [{key: value for key, value in info.items() if key != "name"} for info in (AGE, SPECIES)]
    table = pa.Table.from_arrays([pa.array([48.0]), pa.array(["bee"])], names=["same", "same"])
    path = write_table(tmp_path / f"table.{ending}", table)
    assert read(path, unnamed) == [[1.0], [1.0]]
    both = [{**AGE, "name": "same"}, SPECIES]
    assert f"{path}: 2 columns are called 'same'" in problem(path, both)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("most", [1, 3, 100])
def test_chunks_have_at_most_the_rows_that_are_asked_for(tmp_path: Path, ending: str, most: int) -> None:
    path = write_table(tmp_path / f"t.{ending}", {"age": np.arange(10.0) * 8 + 40, "species": ["bee"] * 10})
    chunks = list(open_source(table_of([AGE, SPECIES]), path).chunks(most, [0]))
    assert max(map(len, chunks)) == min(most, 10)
    assert [chunk.first for chunk in chunks] == list(range(0, 10, most))
    assert np.concatenate([chunk.columns[0] for chunk in chunks]).tolist() == list(range(10))


@pytest.mark.parametrize(
    ("values", "names", "places"),
    [
        (pa.array([1, 2, None, 3], pa.int32()), ["1", "2"], [0, 1, -1, -1]),
        (pa.array([True, False, None]), ["False", "True"], [1, 0, -1]),
        (pa.array([1.0, 0.5, NAN, None]), ["0.5", "1.0"], [1, 0, -1, -1]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["b", "a"], [1, 0, 1]),
        (pa.array(["a", None, ""], pa.large_string()), ["", "a"], [1, -1, 0]),
        (pa.array([datetime.date(2020, 1, 2)]), ["2020-01-02"], [0]),
        (pa.array([None, None], pa.null()), ["a"], [-1, -1]),
        (pa.array(["007", "7"]), ["7", "007"], [1, 0]),
    ],
    ids=["integers", "booleans", "floats", "dictionary", "large text", "dates", "nulls", "text of digits"],
)
def test_a_category_is_matched_as_python_writes_it(
    tmp_path: Path, values: pa.Array, names: list[str], places: list[int]
) -> None:
    assert one_column(tmp_path / "t.parquet", values, {**COLOUR, "values": names}) == places


@pytest.mark.parametrize(
    "values",
    [
        pa.array([48, 32, None], pa.int8()),
        pa.array([48, 32, None], pa.float16()),
        pa.array([48, 32, NAN], pa.float32()),
        pa.array([48, 32, None]).cast(pa.decimal128(20, 1)),
        pa.array([" 48", "3.2e1 ", "NA"]),
        pa.array(["48", "32", None]).dictionary_encode(),
    ],
    ids=lambda values: str(values.type),
)
def test_a_number_of_any_type_is_read_and_a_missing_one_is_the_mean(tmp_path: Path, values: pa.Array) -> None:
    assert one_column(tmp_path / "t.parquet", values, AGE) == [1.0, -1.0, 0.0]


def test_a_column_of_nulls_has_no_numbers_and_no_pictures(tmp_path: Path) -> None:
    nulls = pa.array([None, None], pa.null())
    assert one_column(tmp_path / "t.parquet", nulls, AGE) == [0.0, 0.0]
    assert one_column(tmp_path / "t.parquet", nulls, PHOTO) == ["", ""]


def test_a_missing_picture_has_the_empty_name(tmp_path: Path) -> None:
    assert one_column(tmp_path / "t.parquet", pa.array(["a.png", None]), PHOTO) == ["a.png", ""]


def test_a_csv_cell_may_hold_quotes_and_line_breaks_and_late_types(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\ufeffcolour,age,share,price\n"a, ""b""\nc",40,10,100\n,48.5,10,\n', encoding="utf-8")
    colour = {**COLOUR, "values": ['a, "b"\nc']}
    age, places, _, price = read(path, [AGE, colour, NUMBERS[2], PRICE])
    assert (age, places) == ([0.0, 8.5 / 8], [0.0, -1.0])
    assert price[0] == 0
    assert np.isnan(price[1])


def test_a_stream_of_arrow_is_read_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    table = pa.table({"unused": [1, 2], "species": ["bee", "ant"], "age": [48.0, 40.0]})
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    assert read(path, [AGE, SPECIES]) == [[1.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize("ending", ENDINGS)
def test_text_in_a_column_of_numbers_is_an_error_with_row_and_value(tmp_path: Path, ending: str) -> None:
    path = write_table(tmp_path / f"t.{ending}", {"age": ["1", "2", "old", "x"], "species": ["ant"] * 4})
    assert problem(path, [AGE, SPECIES]) == f"{path}: row 3: info_list[0] (age): must be a number, but is 'old'"


@pytest.mark.parametrize(
    ("info", "values", "rule"),
    [
        (AGE, pa.array([[1.0]]), "numbers, but 'age' is of the type list<element: double>"),
        (AGE, pa.array([datetime.date(2020, 1, 1)]), "numbers, but 'age' is of the type date32[day]"),
        (COLOUR, pa.array([{"a": 1}]), "categories: text, numbers, booleans or dates, but 'colour'"),
        (PHOTO, pa.array([7]), "names of files, as text, but 'photo' is of the type int64"),
    ],
    ids=["list", "date", "struct", "integer"],
)
def test_a_type_that_cannot_be_is_an_error(tmp_path: Path, info: dict[str, Any], values: pa.Array, rule: str) -> None:
    path = write_table(tmp_path / "t.parquet", pa.table({info["name"]: values, "price": [1.0]}))
    assert problem(path, [info, PRICE]).startswith(f"{path}: info_list[0]: the column must hold {rule}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_column_that_is_missing_is_an_error_that_lists_what_there_is(tmp_path: Path, ending: str) -> None:
    path = write_table(tmp_path / f"t.{ending}", {"Age": [1.0], "price": [1.0]})
    assert problem(path, [AGE, PRICE]) == (f"{path}: has no column 'age', which info_list names; it has 'Age', 'price'")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("content", [None, b"", b"\x00\xff\xfe no such file \x01\n\x00" * 50])
def test_a_file_that_cannot_be_read_is_one_clear_error(tmp_path: Path, ending: str, content: bytes | None) -> None:
    path = tmp_path / f"t.{ending}"
    if content is not None:
        path.write_bytes(content)
    said = problem(path, [AGE, PRICE])
    assert said.startswith(f"{path}: ")
    assert "cannot be read" in said or "has no column" in said


def test_a_broken_csv_line_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("age,price\n1,2\n3\n", encoding="utf-8")
    assert "cannot be read as a .csv file" in problem(path, [AGE, PRICE])
