"""Rows that cannot be cached: the message, and what is left in the folder."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyramid.data.tabular.caching import cache
from pyramid.data.tabular.sources import open_source
from pyramid.data.tabular.staging import staged
from pyramid.errors import DataError
from tests.data.tabular.making import (
    AGE,
    MIXED,
    NUMBERS,
    PICTURES,
    Info,
    mixed_rows,
    raw_rows,
    table_of,
    write_ser,
    write_table,
)

FINITE = "must be a finite number that 32 bits can hold, but is"
PLACE = "must be the place of a category, a whole number from 0 to {}, or negative when it is missing, but is"
WEIGHT = "must be a weight, a finite number that is not negative and not standardised, but is"

WRONG = [
    (0, np.nan, f"info_list[0] (age): {FINITE} nan"),
    (0, np.inf, f"info_list[0] (age): {FINITE} inf"),
    (2, -1e300, f"info_list[2] (share): {FINITE} -1e+300"),
    (1, 3.0, f"info_list[1] (colour): {PLACE.format(2)} 3"),
    (1, 0.5, f"info_list[1] (colour): {PLACE.format(2)} 0.5"),
    (1, np.nan, f"info_list[1] (colour): {PLACE.format(2)} nan"),
    (3, -0.5, f"info_list[3] (weight): {WEIGHT} -0.5"),
    (3, np.nan, f"info_list[3] (weight): {WEIGHT} nan"),
    (4, 2.0, f"info_list[4] (species): {PLACE.format(1)} 2"),
    (4, 0.25, f"info_list[4] (species): {PLACE.format(1)} 0.25"),
    (4, np.nan, f"info_list[4] (species): {PLACE.format(1)} nan"),
]


def refused(folder: Path, infos: list[Info], path: Path, **options: Any) -> str:
    """The message; the folder is as it was before."""
    out = folder / "out"
    before = {file.name: file.read_bytes() for file in out.iterdir()} if out.exists() else None
    table = table_of(infos, weighted=infos is MIXED)
    with pytest.raises(DataError) as raised:
        cache(table, open_source(table, path), out, seed=0, **options)
    if before is not None:
        assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    elif out.exists():
        assert list(out.iterdir()) == []
    return str(raised.value)


@pytest.mark.parametrize(("place", "value", "said"), WRONG)
def test_a_wrong_value_is_named_with_its_row_and_column(tmp_path: Path, place: int, value: float, said: str) -> None:
    rows = mixed_rows(MIXED, 20)
    rows[16][place] = value
    rows[18][place] = value
    path = write_ser(tmp_path / "table.ser", MIXED, rows)
    assert refused(tmp_path, MIXED, path) == f"{path}: row 17: {said}"


def test_a_row_after_rows_without_an_objective_keeps_its_number(tmp_path: Path) -> None:
    rows = mixed_rows(MIXED, 9)
    rows[2][4] = rows[3][4] = -1.0
    rows[5][4] = 9.0
    path = write_ser(tmp_path / "table.ser", MIXED, rows)
    assert refused(tmp_path, MIXED, path).startswith(f"{path}: row 6: info_list[4] (species): must be the place")


def test_every_column_with_a_wrong_value_is_reported(tmp_path: Path) -> None:
    rows = mixed_rows(MIXED, 5)
    rows[1][0], rows[3][1], rows[4][2] = np.nan, 77.0, np.inf
    path = write_ser(tmp_path / "table.ser", MIXED, rows)
    said = refused(tmp_path, MIXED, path).splitlines()
    assert [line.split(": ")[1:3] for line in said] == [
        ["row 2", "info_list[0] (age)"],
        ["row 4", "info_list[1] (colour)"],
        ["row 5", "info_list[2] (share)"],
    ]


def test_an_error_in_a_later_chunk_leaves_the_files_of_an_earlier_caching(tmp_path: Path) -> None:
    table = table_of(PICTURES)
    rows = mixed_rows(PICTURES, 2000)
    path = write_ser(tmp_path / "table.ser", PICTURES, rows)
    features: dict[str, Any] = {"features": lambda names: np.ones((len(names), 1), np.float32), "feature_width": 1}
    cache(table, open_source(table, path), tmp_path / "out", seed=0, **features)
    assert len(list((tmp_path / "out").iterdir())) == 4
    rows[1900][0] = np.nan
    write_ser(path, PICTURES, rows)
    assert refused(tmp_path, PICTURES, path, **features) == f"{path}: row 1,901: info_list[0] (age): {FINITE} nan"


def test_an_error_of_the_image_network_leaves_nothing(tmp_path: Path) -> None:
    def features(names: list[str]) -> Any:
        raise OSError("no such picture")

    table = table_of(PICTURES)
    path = write_ser(tmp_path / "table.ser", PICTURES, mixed_rows(PICTURES, 3))
    with pytest.raises(OSError, match="no such picture"):
        cache(table, open_source(table, path), tmp_path / "out", seed=0, features=features, feature_width=1)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    script = "import os, sys; from pathlib import Path; from pyramid.data.tabular.staging import staged\n"
    script += "with staged(Path(sys.argv[1]), (), '') as stage: (stage / 'data_subset_3.npy').touch(); os._exit(9)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "out")], check=False)
    [left] = (tmp_path / "out").iterdir()
    assert left.name.startswith(".caching_")
    table = table_of(NUMBERS)
    path = write_ser(tmp_path / "table.ser", NUMBERS, mixed_rows(NUMBERS, 3))
    cache(table, open_source(table, path), tmp_path / "out", seed=0)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "evaluation_dataset.npy",
        "full_dataset.npy",
        "importance_dataset.npy",
    ]


def test_two_processes_may_cache_into_one_folder(tmp_path: Path) -> None:
    """The second begins and ends while the first is in the middle."""
    with staged(tmp_path, ("old_*",), "last.npy") as first:
        (first / "last.npy").write_text("first")
        with staged(tmp_path, ("old_*",), "last.npy") as second:
            (second / "last.npy").write_text("second")
        assert (tmp_path / "last.npy").read_text() == "second"
    assert (tmp_path / "last.npy").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["last.npy"]


def test_a_numeric_objective_in_a_ser_file_must_be_a_number(tmp_path: Path) -> None:
    rows = mixed_rows(NUMBERS, 5)
    rows[4][3] = np.nan
    path = write_ser(tmp_path / "table.ser", NUMBERS, rows)
    assert refused(tmp_path, NUMBERS, path) == f"{path}: row 5: info_list[3] (price): {FINITE} nan"


def test_no_row_with_an_objective_is_an_error(tmp_path: Path) -> None:
    rows = mixed_rows(MIXED, 3)
    for row in rows:
        row[4] = -1.0
    path = write_ser(tmp_path / "table.ser", MIXED, rows)
    assert refused(tmp_path, MIXED, path) == (
        f"{path}: the objective of all 3 rows is missing or unknown; the classes of info_list[4] are 'ant', 'bee'"
    )


@pytest.mark.parametrize("ending", ["parquet", "feather", "arrow", "csv"])
def test_a_table_without_rows_is_an_error(tmp_path: Path, ending: str) -> None:
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    schema = pa.schema([("age", number), ("colour", text), ("share", number), ("price", number)])
    path = write_table(tmp_path / f"table.{ending}", schema.empty_table())
    assert refused(tmp_path, NUMBERS, path) == f"{path}: has no rows"


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_infinity_and_a_missing_weight_in_a_table_are_errors(tmp_path: Path, ending: str) -> None:
    columns = raw_rows(MIXED, mixed_rows(MIXED, 6), weighted=True)
    columns["age"][1] = np.inf
    columns["weight"][2] = None
    path = write_table(tmp_path / f"table.{ending}", columns)
    assert refused(tmp_path, MIXED, path).splitlines() == [
        f"{path}: row 2: info_list[0] (age): {FINITE} inf",
        f"{path}: row 3: info_list[3] (weight): {WEIGHT} nan",
    ]


def test_boxes_have_no_place_in_a_table(tmp_path: Path) -> None:
    boxes = {"index": 1, "type": "bounding_box", "values": ["cat"]}
    with pytest.raises(DataError, match="an objective of boxes needs a JSON file"):
        open_source(table_of([AGE, boxes]), tmp_path / "table.ser")
