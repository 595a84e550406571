"""The figures of the caching of tables, printed as rows of tables.

Run it alone on a quiet machine (1 minute), after

    bin/install test benchmark

    ~/.virtualenvs/pyramid/bin/python tests/benchmarks/caching.py
"""

import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
from measuring import alone, seconds

ROWS, COLUMNS = 400_000, 30
ROUNDS = 5

#: Ending -> wanted rows/s.
WANTED = {".ser": 200_000, ".parquet": 500_000, ".feather": 0, ".csv": 0}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone(partial(seconds, partial(_write, folder)))
        growth = _growth(folder)  # first: a new process takes over the peak of the one that starts it
        _warm(folder)
        print(f"{ROWS:,} rows of {COLUMNS} numbers and a class, all arrays written, no trees\n")
        print("| file | wanted, rows/s | rows/s | the plain reading, rows/s | of its time |")
        print("| --- | --- | --- | --- | --- |")
        for ending, wanted in WANTED.items():
            _row(folder, ending, f"≥ {wanted:,}" if wanted else "–")
        print("\n| figure | wanted | measured |\n| --- | --- | --- |")
        print(f"| peak memory of caching 1,600,000 rows (a `.ser` file of 397 MB), above 400,000 | {growth} |")


def _row(folder: Path, ending: str, wanted: str) -> None:
    """Both in turn, so that a busy moment hits both."""
    work, reference = partial(_cache, folder, ending), partial(_plain, folder, ending)
    pairs = [(seconds(work), seconds(reference)) for _ in range(ROUNDS)]
    ours, plain = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"| `{ending}` | {wanted} | {ROWS / ours:,.0f} | {ROWS / plain:,.0f} | {ratio:.1f} × |", flush=True)


def _growth(folder: Path) -> str:
    sizes = []
    for rows in (ROWS, 4 * ROWS):
        sizes.append(alone(partial(_cached_alone, folder, rows))[1])
    mapped = 3 * ROWS * 4 * (COLUMNS + 2) / 1e6
    grown = f"{(sizes[1] - sizes[0]) * 1000:+.0f} MB of {sizes[0]:.2f} GB"
    return f"about +{mapped:.0f} MB, the mapped pages of the array's file | {grown}"


def _cached_alone(folder: Path, rows: int) -> float:
    path = folder / f"{rows}.ser"
    part = (folder / "table.ser").read_bytes()[1:]
    with path.open("wb") as file:
        file.write(b"D")
        for _ in range(rows // ROWS):
            file.write(part)
    return seconds(partial(_cache, folder, ".ser", path))


def _info_list() -> list[dict[str, Any]]:
    inputs = [{"index": i, "name": f"c{i}", "type": "numeric", "mean": 0.0, "stdev": 1.0} for i in range(COLUMNS)]
    return [*inputs, {"index": COLUMNS, "name": "class", "type": "categorical", "values": ["0", "1"]}]


def _write(folder: Path) -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(size=(ROWS, COLUMNS)), rng.integers(0, 2, (ROWS, 1))], axis=1)
    (folder / "table.ser").write_bytes(b"D" + rows.astype("<f8").tobytes())
    columns = {f"c{i}": rows[:, i] for i in range(COLUMNS)} | {"class": rows[:, -1].astype(int).astype(str)}
    table = pa.table(columns)
    pa.parquet.write_table(table, folder / "table.parquet")
    pa.feather.write_feather(table, str(folder / "table.feather"))
    pa.csv.write_csv(table, folder / "table.csv")


def _cache(folder: Path, ending: str, path: Path | None = None) -> None:
    from pydantic import TypeAdapter

    from pyramid.data.tabular.caching import cache
    from pyramid.data.tabular.sources import open_source
    from pyramid.settings.columns import AnyColumn, Table

    table = Table(TypeAdapter(list[AnyColumn]).validate_python(_info_list()), False)
    cache(table, open_source(table, path or folder / f"table{ending}"), folder / "cached", seed=0)


def _plain(folder: Path, ending: str) -> None:
    """What anyone would write: the whole file into memory, all of it to float32, one file; no checks, no one-hot."""
    np.save(folder / "plain.npy", _READ[ending](folder / f"table{ending}"))


def _read_ser(path: Path) -> Any:
    return np.fromfile(path, "<f8", offset=1).reshape(-1, COLUMNS + 1).astype(np.float32)


def _stacked(table: pa.Table) -> Any:
    return np.stack([column.to_numpy().astype(np.float32) for column in table.columns], axis=1)


_READ: dict[str, Callable[[Path], Any]] = {
    ".ser": _read_ser,
    ".parquet": lambda path: _stacked(pa.parquet.read_table(path)),
    ".feather": lambda path: _stacked(pa.feather.read_table(str(path))),
    ".csv": lambda path: _stacked(pa.csv.read_csv(path)),
}


def _warm(folder: Path) -> None:
    """TensorFlow's import is no part of a job of the child process."""
    _cache(folder, ".ser")
    _plain(folder, ".ser")


if __name__ == "__main__":
    main()
