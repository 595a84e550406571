"""`.ser` files, written byte by byte."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyramid.data.tabular.ser import SerFile
from pyramid.errors import DataError
from tests.data.tabular.making import MIXED, PICTURES, SPECIES, mixed_rows, table_of, write_ser

PICTURE_ROW = 8 + 32 + 8


def columns_of(path: Path, rows: int | None = None, most: int = 100) -> list[list[Any]]:
    """The columns of a file of ``PICTURES``, all chunks one after the other."""
    file = SerFile(table_of(PICTURES), path, rows)
    chunks = list(file.chunks(most, [0, 1, 2]))
    return [[value for chunk in chunks for value in chunk.columns[place]] for place in range(3)]


def message(path: Path, rows: int | None = None) -> str:
    with pytest.raises(DataError) as raised:
        columns_of(path, rows)
    return str(raised.value)


def test_bytes_written_by_hand_are_read(tmp_path: Path) -> None:
    first = struct.pack("<d", 0.25) + b"\x05a.png" + b"\xff" * 26 + struct.pack("<d", 1)
    second = struct.pack("<d", -3.5) + bytes(32) + struct.pack("<d", -1)
    path = tmp_path / "table.ser"
    path.write_bytes(b"D" + first + second)
    assert columns_of(path, 2) == [[0.25, -3.5], ["a.png", ""], [1.0, -1.0]]


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_chunks_hold_all_rows_in_order_whatever_their_size(tmp_path: Path, most: int) -> None:
    rows = mixed_rows(PICTURES, 7)
    path = write_ser(tmp_path / "table.ser", PICTURES, rows)
    chunks = list(SerFile(table_of(PICTURES), path, 7).chunks(most, [0, 1, 2]))
    assert [chunk.first for chunk in chunks] == list(range(0, 7, most))
    assert columns_of(path, 7, most) == [list(column) for column in zip(*rows, strict=True)]


def test_without_cache_rows_the_size_tells_how_many_rows_there_are(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "table.ser", MIXED, mixed_rows(MIXED, 11))
    assert SerFile(table_of(MIXED, True), path, None).rows == 11


def test_columns_that_are_not_asked_for_are_left_out(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "table.ser", MIXED, [[1.0, 2.0, 3.0, 4.0, 1.0]])
    [chunk] = SerFile(table_of(MIXED, True), path, 1).chunks(5, [4, 2])
    assert np.asarray(chunk.columns).tolist() == [[1.0], [3.0]]


@settings(max_examples=30, deadline=None)
@given(
    names=st.lists(st.text(max_size=31).filter(lambda t: len(t.encode()) <= 31 and not t.endswith("\0")), min_size=1)
)
def test_every_name_of_at_most_31_bytes_comes_back(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    path = tmp_path_factory.mktemp("names") / "table.ser"
    write_ser(path, PICTURES, [[0.0, name, 0.0] for name in names])
    assert columns_of(path)[1] == names


def test_a_name_that_is_no_utf8_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "table.ser"
    path.write_bytes(b"D" + struct.pack("<d32pd", 0, b"\xe9t\xe9.png", 0))
    [name] = columns_of(path)[1]
    assert name.encode("utf-8", "surrogateescape") == b"\xe9t\xe9.png"


def test_a_length_byte_above_31_is_an_error_with_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "table.ser"
    good = struct.pack("<d32pd", 0, b"a.png", 0)
    path.write_bytes(b"D" + good * 2 + struct.pack("<dB31sd", 0, 32, b"", 0))
    assert message(path) == (
        f"{path}: row 3: info_list[1] (photo): the name of a picture has at most 31 bytes, but its length byte is 32"
    )


def test_another_byte_0_is_an_error_that_says_both(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "table.ser", PICTURES, mixed_rows(PICTURES, 2), first_byte=80)
    assert message(path) == f"{path}: byte 0 of a .ser file must be 68 ('D'), but is 80"


def test_a_file_that_ends_inside_a_row_is_an_error(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "table.ser", PICTURES, mixed_rows(PICTURES, 3))
    path.write_bytes(path.read_bytes()[:-10])
    end = f"{path}: ends inside row 3: it has 38 of the row's {PICTURE_ROW} bytes"
    assert message(path) == end
    assert message(path, 3) == f"{end}; 3 rows (cache_rows) of 48 bytes are 144 bytes, but there are 134"


@pytest.mark.parametrize(("rows", "said"), [(4, "ends after row 3; 4 rows"), (2, "has more than its rows; 2 rows")])
def test_another_number_of_rows_than_cache_rows_is_an_error(tmp_path: Path, rows: int, said: str) -> None:
    path = write_ser(tmp_path / "table.ser", PICTURES, mixed_rows(PICTURES, 3))
    assert message(path, rows) == (f"{path}: {said} (cache_rows) of 48 bytes are {rows * 48} bytes, but there are 144")


def test_a_part_of_a_row_too_many_is_an_error(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "table.ser", PICTURES, mixed_rows(PICTURES, 3))
    path.write_bytes(path.read_bytes() + b"x")
    assert "has more than its rows; 3 rows (cache_rows) of 48 bytes are 144 bytes, but there are 145" in message(
        path, 3
    )


def test_a_file_that_is_absent_or_empty_or_has_no_rows_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "table.ser"
    assert message(path) == f"{path}: cannot be read: No such file or directory; cache_file must name a file"
    assert "Is a directory" in message(tmp_path)
    path.write_bytes(b"")
    assert message(path) == f"{path}: is empty; a .ser file begins with byte 68 ('D')"
    path.write_bytes(b"D")
    assert message(path) == f"{path}: has no rows"


def test_a_file_that_shrinks_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "table.ser", [SPECIES, SPECIES], mixed_rows([SPECIES, SPECIES], 10))
    chunks = SerFile(table_of([SPECIES, SPECIES]), path, 10).chunks(4, [0])
    next(chunks)
    path.write_bytes(path.read_bytes()[: 1 + 16 * 6])
    with pytest.raises(DataError, match="ends after row 6; it was longer at the start"):
        list(chunks)
