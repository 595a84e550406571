"""Tables made for tests: `.ser` files byte by byte, the same rows as Parquet, Feather or CSV, and their columns."""

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
from pydantic import TypeAdapter

from pyramid.settings.columns import AnyColumn, Table

Info = dict[str, Any]
Rows = Sequence[Sequence[Any]]

AGE: Info = {"index": 0, "name": "age", "type": "numeric", "mean": 40.0, "stdev": 8.0}
COLOUR: Info = {"index": 1, "name": "colour", "type": "categorical", "values": ["red", "green", "blue"]}
PHOTO: Info = {"index": 2, "name": "photo", "type": "image"}
SHARE: Info = {"index": 3, "name": "share", "type": "numeric", "zero_value": 10.0, "one_value": 20.0}
WEIGHT: Info = {"index": 4, "name": "weight", "type": "numeric", "mean": 1.0, "stdev": 0.5}
SPECIES: Info = {"index": 5, "name": "species", "type": "categorical", "values": ["ant", "bee"]}
PRICE: Info = {"index": 5, "name": "price", "type": "numeric", "mean": 100.0, "stdev": 20.0}

#: A small mixed table without pictures, weighted, of two classes; and one of numbers, without weights.
MIXED: list[Info] = [AGE, COLOUR, SHARE, WEIGHT, SPECIES]
NUMBERS: list[Info] = [AGE, COLOUR, SHARE, PRICE]
#: With a picture in each row; not weighted.
PICTURES: list[Info] = [AGE, PHOTO, SPECIES]


def table_of(info_list: Iterable[Info], weighted: bool = False) -> Table:
    """The columns as a job has them; ``weighted`` is its `instance_weights`."""
    return Table(TypeAdapter(list[AnyColumn]).validate_python(list(info_list)), weighted)


def write_ser(path: Path, info_list: Iterable[Info], rows: Rows, first_byte: int = 68) -> Path:
    """A `.ser` file of ``rows``, each as it stands in the file: standardised numbers, places of categories, names."""
    kinds = "".join("32p" if info["type"] == "image" else "d" for info in info_list)
    row_format = struct.Struct("<" + kinds)
    packed = [row_format.pack(*(_bytes(value) for value in row)) for row in rows]
    path.write_bytes(bytes([first_byte]) + b"".join(packed))
    return path


def _bytes(value: Any) -> Any:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


def mixed_rows(info_list: Iterable[Info], rows: int, seed: int = 0) -> list[list[Any]]:
    """Random rows as `write_ser` takes them; nothing is missing, a weight is positive, a picture is ``<row>.png``."""
    rng = np.random.default_rng(seed)
    columns = [_random(info, rows, rng) for info in info_list]
    return [list(row) for row in zip(*columns, strict=True)]


def _random(info: Info, rows: int, rng: np.random.Generator) -> list[Any]:
    if info["type"] == "image":
        return [f"{i}.png" for i in range(rows)]
    if info["type"] == "categorical":
        return rng.integers(0, len(info["values"]), rows).astype(float).tolist()
    values = rng.normal(size=rows)
    return (np.abs(values) if info["name"] == "weight" else values).tolist()


def raw_rows(info_list: Iterable[Info], rows: Rows, weighted: bool = False) -> dict[str, list[Any]]:
    """What people keep in tables, by the names of the columns: numbers with their units, texts; None when missing."""
    table = table_of(info_list, weighted)
    columns: dict[str, list[Any]] = {}
    for i, (info, column) in enumerate(zip(info_list, table.columns, strict=True)):
        values = [row[i] for row in rows]
        if info["type"] == "categorical":
            values = [info["values"][int(value)] if value >= 0 else None for value in values]
        elif info["type"] == "numeric" and not (weighted and i == len(table.columns) - 2):
            mean, stdev = column.moments  # type: ignore[attr-defined]
            values = [value * stdev + mean for value in values]
        columns[info["name"]] = values
    return columns


def write_table(path: Path, columns: dict[str, list[Any]] | pa.Table) -> Path:
    """A file of the kind that the ending of ``path`` names."""
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    if path.suffix == ".parquet":
        pa.parquet.write_table(table, path)
    elif path.suffix in (".feather", ".arrow"):
        pa.feather.write_feather(table, str(path))
    else:
        options = pa.csv.WriteOptions(delimiter="\t" if path.suffix == ".tsv" else ",")
        pa.csv.write_csv(table, path, options)
    return path
