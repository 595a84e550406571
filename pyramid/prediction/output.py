"""Predictions -> files: CSV, JSON lines, Parquet, and COCO's results. No TensorFlow."""

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

import orjson

from pyramid.errors import ConfigError
from pyramid.prediction.document import Described
from pyramid.prediction.predictions import Predictions, key_name, records, shown_name
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL

_CORNERS = ("x1", "y1", "x2", "y2")

COCO = ".json"

#: Rows, or bytes in memory, that a row group of a Parquet file has at least, the last one aside.
_GROUP_ROWS, _GROUP_BYTES = 2**16, 64 * 2**20


class Writer(Protocol):
    """Takes predictions, batch after batch."""

    def write(self, predictions: Predictions) -> None: ...

    def close(self) -> None: ...


def columns(model: Described) -> dict[str, type]:
    """The columns of a table of predictions and what they hold; a cell without a value is empty."""
    key: dict[str, type] = {key_name(model): str if model.pictures else int}
    if model.objective == BOUNDING_BOX:
        return key | {"label": str, "score": float, **dict.fromkeys(_CORNERS, int), "error": str}
    if model.objective == CATEGORICAL:
        return key | {"prediction": str, **{f"probability_{name}": float for name in model.classes}, "error": str}
    return key | {"value": float, "error": str}


def _table_rows(model: Described, predictions: Predictions) -> Iterator[list[Any]]:
    """The cells of `columns`: a row for each picture or row of a table, of a detector for each object."""
    name, width = key_name(model), len(columns(model))
    for record in records(model, predictions):
        key = record[name]
        if "error" in record:
            yield [key, *[None] * (width - 2), record["error"]]
        elif model.objective == BOUNDING_BOX:
            yield from ([key, one["label"], one["score"], *one["box"], None] for one in record["objects"])
        elif model.objective == CATEGORICAL:
            yield [key, record["prediction"], *record["probabilities"].values(), None]
        else:
            yield [key, record["value"], None]


class CsvWriter:
    """Comma separated values, with a header."""

    def __init__(self, model: Described, stream: TextIO):
        self._model, self._stream = model, stream
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(columns(model))

    def write(self, predictions: Predictions) -> None:
        self._writer.writerows(_table_rows(self._model, predictions))
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


class _JsonLines:
    """An object on every line."""

    def __init__(self, model: Described, path: Path):
        self._model, self._stream = model, path.open("wb")

    def write(self, predictions: Predictions) -> None:
        self._stream.writelines(orjson.dumps(one) + b"\n" for one in records(self._model, predictions))

    def close(self) -> None:
        self._stream.close()


class _Parquet:
    """The columns of the CSV file, with types.

    Batches are gathered before they are written: each write makes a row group, and many small ones make a file large
    and slow to read.
    """

    def __init__(self, model: Described, path: Path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
        self._model = model
        # By places and not by names: two classes, or a class and a column, may be called alike.
        self._schema = pa.schema([(name, kinds[kind]) for name, kind in columns(model).items()])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[Any] = []

    def write(self, predictions: Predictions) -> None:
        import pyarrow as pa

        rows = list(_table_rows(self._model, predictions))
        cells = list(zip(*rows, strict=True)) or [()] * len(self._schema)
        arrays = [pa.array(values, kind) for values, kind in zip(cells, self._schema.types, strict=True)]
        self._waiting.append(pa.Table.from_arrays(arrays, schema=self._schema))
        rows_waiting, bytes_waiting = (sum(getattr(one, of) for one in self._waiting) for of in ("num_rows", "nbytes"))
        if rows_waiting >= _GROUP_ROWS or bytes_waiting >= _GROUP_BYTES:
            self._write_group()

    def _write_group(self) -> None:
        import pyarrow as pa

        waiting, self._waiting = self._waiting, []
        if any(one.num_rows for one in waiting):
            self._writer.write_table(pa.concat_tables(waiting))

    def close(self) -> None:
        try:
            self._write_group()
        finally:
            self._writer.close()


class _Coco:
    """COCO's results: a list of {image_id, file_name, category_id, bbox, score}.

    Pictures and classes are counted from 1, in their order. A picture without objects has none, one that cannot be
    read neither.
    """

    def __init__(self, model: Described, path: Path):
        self._model, self._stream, self._image = model, path.open("wb"), 0
        self._between = b"[\n"

    def write(self, predictions: Predictions) -> None:
        for key, reason, found in zip(predictions.keys, predictions.reasons, predictions.outputs, strict=True):
            self._image += 1
            for x1, y1, x2, y2, name, score in [] if reason else found.tolist():
                box = [x1, y1, x2 - x1, y2 - y1]
                told = {
                    "image_id": self._image,
                    "file_name": shown_name(key),
                    "category_id": int(name) + 1,
                    "bbox": box,
                }
                self._stream.write(self._between + orjson.dumps(told | {"score": float(f"{score:.7g}")}))
                self._between = b",\n"

    def close(self) -> None:
        self._stream.write(b"[]\n" if self._between == b"[\n" else b"\n]\n")
        self._stream.close()


def _csv_file(model: Described, path: Path) -> CsvWriter:
    return CsvWriter(model, path.open("w", encoding="utf-8", newline=""))


#: Ending -> what writes such a file.
WRITERS: dict[str, Callable[[Described, Path], Writer]] = {
    ".csv": _csv_file,
    ".jsonl": _JsonLines,
    ".parquet": _Parquet,
    COCO: _Coco,
}


def check_output_file(model: Described, path: str | Path) -> None:
    """Refuse a file that cannot be written.

    Raises:
        ConfigError: an unknown ending, COCO's for what is no detector, or no such folder.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise ConfigError([f"output: must end in one of {', '.join(WRITERS)}, but got {path}"])
    if ending == COCO and model.objective != BOUNDING_BOX:
        rule = f"{COCO} is for COCO's results, which are boxes, but {model.path} finds none"
        raise ConfigError([f"output: {rule}; let it end in .csv, .jsonl or .parquet"])
    if path.is_dir():
        raise ConfigError([f"output: {path} is a folder; name a file"])
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        reason = "cannot be written to" if folder.is_dir() else "is not there"
        raise ConfigError([f"output: the folder {folder} {reason}"])


@contextmanager
def output_file(model: Described, path: str | Path) -> Iterator[Writer]:
    """What writes ``path``, by its ending; the file is there when the block has ended well, and else is as it was."""
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        writer = WRITERS[path.suffix.lower()](model, part)
        try:
            yield writer
        finally:
            writer.close()
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
