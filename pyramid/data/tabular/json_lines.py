"""JSON lines -> Parquet, in constant memory: two passes, one for the types and one for the rows."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyramid.errors import DataError

#: Bytes that are parsed at a time, as whole lines.
_BLOCK = 16 * 2**20

_ROW = re.compile(r"\s*in row (\d+)$")


def write_parquet(path: Path, target: Path) -> None:
    """The objects of ``path``, one on each line, as the rows of the Parquet file ``target``.

    A key that is not in every object is missing in the others; a text stays the text that it is, a date too.

    Raises:
        DataError: a line is no object, or a column has values of two types; with the line.
    """
    import pyarrow as pa
    import pyarrow.parquet

    schema = pa.schema(_fields(path).items())
    if not schema.names:
        raise DataError([f"{path}: has no rows; every line must be an object such as {{'age': 7}}".replace("'", '"')])
    part = target.with_name(target.name + ".part")
    try:
        with pyarrow.parquet.ParquetWriter(part, schema) as writer:
            for line, block in _blocks(path):
                writer.write_table(_parsed(path, line, block, schema))
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _fields(path: Path) -> dict[str, Any]:
    """Name -> pyarrow's type."""
    fields: dict[str, Any] = {}
    for line, block in _blocks(path):
        _check_text(path, line, block)
        for field in _parsed(path, line, block, None).schema:
            known, kind = fields.get(field.name), _without_times(field.type)
            merged = kind if known is None else _merged(known, kind)
            if merged is None:
                raise DataError(
                    [
                        f"{path}: column {field.name!r} is {known} before line {line:,} and {kind} after it;"
                        " a column must have one type"
                    ]
                )
            fields[field.name] = merged
    return fields


def _check_text(path: Path, line: int, block: bytes) -> None:
    """pyarrow takes any bytes for text."""
    try:
        block.decode()
    except UnicodeDecodeError as error:
        number, value = line + block[: error.start].count(b"\n"), block[error.start]
        raise DataError(
            [f"{path}: line {number:,}: 0x{value:02X} is not UTF-8 text; save the file as UTF-8"]
        ) from error


def _without_times(kind: Any) -> Any:
    """pyarrow takes a text that looks like a time for one."""
    import pyarrow as pa

    return pa.string() if pa.types.is_timestamp(kind) else kind


def _merged(one: Any, other: Any) -> Any:
    """The type of a column that has these two; None when there is none."""
    import pyarrow as pa

    schemas = [pa.schema([("x", kind)]) for kind in (one, other)]
    numbers = [pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in (one, other)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive" if all(numbers) else "default").types[0]
    except pa.ArrowException:
        return None


def _parsed(path: Path, line: int, block: bytes, schema: Any) -> Any:
    """The table of ``block``, whose first line is the number ``line`` of the file."""
    import pyarrow as pa
    import pyarrow.json

    read = pyarrow.json.ReadOptions(block_size=len(block) + 1)
    parse = pyarrow.json.ParseOptions(explicit_schema=schema, newlines_in_values=False)
    try:
        return pyarrow.json.read_json(pa.BufferReader(block), read_options=read, parse_options=parse)
    except pa.ArrowException as error:
        raise DataError([f"{path}: {_told(str(error), line, block)}"]) from error


def _told(message: str, line: int, block: bytes) -> str:
    """pyarrow counts the rows of a block from 0; a person counts the lines of the file from 1."""
    rule = "every line must hold one JSON object, and a column must have one type"
    if block.lstrip().startswith(b"["):
        return f"line {line:,} begins a list; {rule}: write an object per line, without commas between them"
    row = _ROW.search(message)
    said = _ROW.sub("", message).removeprefix("JSON parse error: ")
    if not row:
        return f"cannot be read as JSON lines: {said}; {rule}"
    places = [i for i, text in enumerate(block.split(b"\n")) if text.strip()]
    number = line + (places[int(row[1])] if int(row[1]) < len(places) else int(row[1]))
    return f"line {number:,}: {said}; {rule}"


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Whole lines, some ``_BLOCK`` bytes of them at a time, and the number of the first one, from 1."""
    line, rest = 1, b""
    with path.open("rb") as file:
        file.seek(3 if file.read(3) == b"\xef\xbb\xbf" else 0)
        while part := file.read(_BLOCK):
            whole, newline, end = part.rpartition(b"\n")
            if not newline:
                rest += part
                continue
            block, rest = rest + whole + newline, end
            if block.strip():
                yield line, block
            line += block.count(b"\n")
    if rest.strip():
        yield line, rest
