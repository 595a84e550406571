"""Tables from elsewhere: copied, decompressed, converted, or refused in one line."""

import bz2
import gzip
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet
import pytest

from pyramid.data.tabular import json_lines
from pyramid.data.tabular.fetch import fetch
from pyramid.data.tabular.inference import infer
from pyramid.errors import DataError

CSV = "age,price\n1,10\n2,30\n3,20\n"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a web server of the folder ``tmp_path``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def lines(path: Path, text: str | bytes) -> dict[str, list[Any]]:
    """What the JSON lines ``text`` become."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    columns: dict[str, list[Any]] = pa.parquet.read_table(fetch(str(path), path.parent / "work")).to_pydict()
    return columns


def problem(uri: str | Path, folder: Path) -> str:
    with pytest.raises(DataError) as raised:
        fetch(str(uri), folder)
    assert not any(folder.glob("*")), "nothing is half written"
    return str(raised.value)


def test_a_local_file_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    assert fetch(str(path), tmp_path / "work") == path
    assert fetch(path.as_uri(), tmp_path / "work") == path
    assert not (tmp_path / "work").exists()


def test_a_remote_file_is_copied(tmp_path: Path, server: str) -> None:
    (tmp_path / "my t.csv").write_text(CSV)
    found = fetch(f"{server}/my%20t.csv?x=1", tmp_path / "work")
    assert (found, found.read_text()) == (tmp_path / "work" / "my t.csv", CSV)
    with fsspec.open("memory://bucket/t.csv", "w") as file:
        file.write(CSV)
    assert fetch("memory://bucket/t.csv", tmp_path / "work").read_text() == CSV
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["my t.csv", "t.csv"]


def test_a_compressed_file_is_unpacked(tmp_path: Path, server: str) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    (tmp_path / "u.tsv.bz2").write_bytes(bz2.compress(CSV.encode()))
    assert fetch(str(tmp_path / "t.csv.gz"), tmp_path / "work").read_text() == CSV
    assert fetch(f"{server}/u.tsv.bz2", tmp_path / "work") == tmp_path / "work" / "u.tsv"
    assert (tmp_path / "t.csv.gz").exists()


def test_json_lines_become_parquet_whose_columns_can_be_inferred(tmp_path: Path, server: str) -> None:
    text = "".join(f'{{"age": {i * i % 7}, "colour": "{"ab"[i % 2]}", "price": {i % 5}.5}}\n' for i in range(40))
    (tmp_path / "t.jsonl").write_text(text)
    for uri in (str(tmp_path / "t.jsonl"), f"{server}/t.jsonl"):
        path = fetch(uri, tmp_path / "work")
        assert [column.type for column in infer(path, "price").columns] == ["numeric", "categorical", "numeric"]
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["t.jsonl.parquet"]
    assert (tmp_path / "t.jsonl").exists()


def test_keys_that_are_not_everywhere_and_late_types_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '\ufeff{"a": 1, "d": "2020-01-01"}\n\n{"a": null, "b": null}\n{"a": 2.5, "b": "x"}'
    whole = {"a": [1, None, 2.5], "d": ["2020-01-01", None, None], "b": [None, None, "x"]}
    assert lines(tmp_path / "t.ndjson", text) == whole
    monkeypatch.setattr(json_lines, "_BLOCK", 7)  # each line is a block of its own
    assert lines(tmp_path / "t.json", text) == whole


@pytest.mark.parametrize("block", [9, 2**20])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}\n\n{"a": tru\n', "line 3: Invalid value."),
        ('{"a": 1}\n{"a": 2}\n{"a": "x"}\n', "type"),
        ('[{"a": 1},\n{"a": 2}]\n', "line 1 begins a list"),
        ('{"a": 1, "a": 2}\n', "line 1: Column(/a) was specified twice"),
        ("\n\n", "has no rows"),
        ("{}\n", "has no rows"),
        (b'{"a": "\xe9"}\n', "line 1: 0xE9 is not UTF-8 text"),
    ],
)
def test_a_line_that_is_no_object_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, text: str | bytes, said: str
) -> None:
    monkeypatch.setattr(json_lines, "_BLOCK", block)
    path = tmp_path / "t.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert said in problem(path, tmp_path / "work")


def test_what_cannot_be_had_is_one_clear_line(tmp_path: Path, server: str) -> None:
    work = tmp_path / "work"
    (tmp_path / "e.csv").touch()
    (tmp_path / "e.csv.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "bad.csv.gz").write_bytes(b"no gzip at all")
    (tmp_path / "d.csv").mkdir()
    said = {
        str(tmp_path / "none.csv"): "training_data: no such file: ",
        str(tmp_path / "e.csv"): "is empty (0 bytes)",
        str(tmp_path / "e.csv.gz"): "is empty (0 bytes)",
        str(tmp_path / "bad.csv.gz"): "cannot be copied to",
        str(tmp_path / "d.csv"): "is a folder; name one file",
        str(tmp_path): "but is the folder ",
        str(tmp_path / "t.xlsx"): "must be a file that ends in one of .parquet, ",
        f"{server}/none.csv": f"no such file: {server}/none.csv",
        "http://127.0.0.1:9/t.csv": "http://127.0.0.1:9/t.csv; check its name, and that its server answers",
        "memory://none/t.csv": "no such file: memory://none/t.csv",
        "nowhere://t.csv": "neither pyarrow nor fsspec knows nowhere://",
    }
    for uri, part in said.items():
        found = problem(uri, work)
        assert part in found, found
        assert "\n" not in found
