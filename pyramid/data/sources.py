"""Where rows come from: a list in the configuration, a folder of class folders, or a table.

Every reader gives a `Source`: columns of plain Python values, one entry per row, not yet checked.
"""

import csv
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyramid.settings.train import Row

#: The endings of files that count as pictures when a folder is listed.
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp")

COLUMNS = ("file", "label", "weight", "group")


@dataclass
class Source:
    """Rows as they were given.

    Attributes:
        name: what a problem's path begins with, such as ``training_data``.
        root: the folder that files are relative to.
        rows: one dict per row with the keys file, label and, where given, weight and group; and place when
            that is not the row's place in this list.
        text: whether labels come from text without types, where "7" may be a class or a number.
        problems: what made rows unreadable.
    """

    name: str
    root: Path
    rows: list[dict[str, Any]] = field(default_factory=list)
    text: bool = False
    problems: list[str] = field(default_factory=list)


def read_source(name: str, data: list[Row] | str, image_root: str | None) -> Source:
    """Read the rows of ``data``, the value of the setting ``name``; what fails is in ``problems``."""
    if not isinstance(data, str):
        rows = [
            {"place": r.place, "file": r.file, "label": r.label, "weight": r.weight, "group": r.group} for r in data
        ]
        return Source(name, Path(image_root or "."), rows)
    path = Path(data)
    try:
        is_there = path.exists()
    except (OSError, ValueError) as error:
        return Source(name, path, problems=[f"{name}: not the name of a file or folder: {data!r} ({error})"])
    if path.is_dir():
        return _folder(name, path, image_root)
    root = Path(image_root) if image_root else path.parent
    reader = _READERS.get(path.suffix.lower())
    if not is_there:
        return Source(name, root, problems=[f"{name}: no such file or folder: {data}"])
    if reader is None:
        known = ", ".join(_READERS)
        return Source(name, root, problems=[f"{name}: must be a folder or a file ending in {known}, but got {data}"])
    try:
        rows = reader(path)
    except Exception as error:  # the readers' libraries raise many kinds; each means that the file is not what it says
        return Source(name, root, problems=[f"{name}: cannot read {data}: {str(error).splitlines()[0]}"])
    source = Source(name, root, rows, text=path.suffix.lower() in (".csv", ".tsv"))
    _check_columns(source, data)
    return source


def _folder(name: str, path: Path, image_root: str | None) -> Source:
    """Each folder in ``path`` is a class; its pictures, at any depth, are the rows."""
    source = Source(name, path)
    if image_root and Path(image_root).resolve() != path.resolve():
        source.problems.append(f"image_root: leave it out, {name} is a folder of pictures ({path}) already")
    for label in sorted(entry for entry in os.listdir(path) if (path / entry).is_dir() and entry[0] != "."):
        for folder, _, files in sorted(os.walk(path / label)):
            for file in sorted(files):
                if file.lower().endswith(PICTURE_ENDINGS):
                    relative = os.path.relpath(os.path.join(folder, file), path)
                    source.rows.append({"file": relative, "label": label})
    if not source.rows:
        source.problems.append(f"{name}: no class folder with pictures in {path}; expected {path}/<class>/<picture>")
    return source


def _check_columns(source: Source, data: str) -> None:
    columns = list(dict.fromkeys(column for row in source.rows for column in row))
    missing = [column for column in ("file", "label") if column not in columns]
    unknown = [str(column) for column in columns if column not in COLUMNS]
    if not source.rows:
        source.problems.append(f"{source.name}: no rows in {data}")
    elif missing or unknown:
        wrong = [f"lacks {', '.join(missing)}"] if missing else []
        wrong += [f"has unknown columns {', '.join(unknown)}"] if unknown else []
        source.problems.append(f"{source.name}: {data} {' and '.join(wrong)}; the columns are {', '.join(COLUMNS)}")


def _read_csv(path: Path) -> list[dict[str, Any]]:
    """A cell stays the text that it is ("007" is no 7); an empty cell is None."""
    import pyarrow.csv as arrow_csv

    with path.open(newline="", encoding="utf-8-sig") as file:
        header = next(csv.reader(file, delimiter=_delimiter(path)), [])
    types = dict.fromkeys(header, "string")
    table = arrow_csv.read_csv(
        path,
        parse_options=arrow_csv.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]),
    )
    return list(table.to_pylist())


def _delimiter(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _read_parquet(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet

    return list(pyarrow.parquet.read_table(path).to_pylist())


def _read_json(path: Path) -> list[dict[str, Any]]:
    """A list of objects, or an object whose `training_data` is one, or one object per line."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".jsonl" or (text.lstrip().startswith("{") and "\n{" in text):
        return [_read_line(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    rows = json.loads(text) if text.strip() else []
    if isinstance(rows, dict) and "training_data" in rows:
        rows = rows["training_data"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("must hold a list of objects {file, label}")
    return rows


def _read_line(number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number} is not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(row, dict):
        raise ValueError(f"line {number} must hold an object {{file, label}}, not {line.strip()[:40]}")
    return row


_READERS = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".json": _read_json,
    ".jsonl": _read_json,
    ".parquet": _read_parquet,
}
