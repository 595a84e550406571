"""Files of predictions."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pyramid.prediction import output
from pyramid.prediction.document import Described
from pyramid.prediction.output import columns, output_file
from pyramid.prediction.predictions import Predictions

MODEL = Described(Path("model.json"), "categorical", ["a", "b"], [{"type": "numeric"}], [], "", None, None)


def batch(first: int, rows: int) -> Predictions:
    keys = [str(first + i) for i in range(rows)]
    return Predictions(keys, [""] * rows, np.tile(np.float32([0.25, 0.75]), (rows, 1)))


def written(path: Path, batches: int) -> pq.ParquetFile:
    with output_file(MODEL, path) as writer:
        for i in range(batches):
            writer.write(batch(1 + 32 * i, 32))
    return pq.ParquetFile(path)


def test_many_small_batches_make_one_row_group(tmp_path: Path) -> None:
    file = written(tmp_path / "out.parquet", 100)
    assert file.metadata.num_row_groups == 1
    assert file.read().column("row").to_pylist() == list(range(1, 3201))


def test_a_row_group_is_written_when_enough_rows_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_GROUP_ROWS", 64)
    file = written(tmp_path / "out.parquet", 5)
    assert [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)] == [64, 64, 32]
    assert file.read().column("row").to_pylist() == list(range(1, 161))


def test_without_rows_the_columns_are_there(tmp_path: Path) -> None:
    file = written(tmp_path / "out.parquet", 0)
    assert (file.metadata.num_rows, file.schema_arrow.names) == (0, list(columns(MODEL)))
