"""Tables of rows: CSV, TSV, JSON, JSON Lines and Parquet."""

import csv
import json
from pathlib import Path
from typing import Any

from pyramid.data.formats.source import Source
from pyramid.settings.load import unique_keys

COLUMNS = ("file", "label", "boxes", "weight", "group")

#: What holds one text in a cell, or has columns of one type each, cannot hold boxes.
_WITH_BOXES = (".json", ".jsonl")


def read_table(source: Source, content: Any, path: Path) -> None:
    """Fill ``source`` with the rows in ``content``, which `load` found in ``path``."""
    if isinstance(content, dict) and "training_data" in content:
        content = content["training_data"]
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise ValueError(
            "must hold a list of objects {file, label} or {file, boxes}, or COCO's object {images, annotations}"
        )
    source.rows = content
    source.text = path.suffix.lower() in (".csv", ".tsv")
    _check_columns(source, path)


def _check_columns(source: Source, path: Path) -> None:
    with_boxes = path.suffix.lower() in _WITH_BOXES
    known = [column for column in COLUMNS if with_boxes or column != "boxes"]
    columns = list(dict.fromkeys(column for row in source.rows for column in row))
    missing = ["file"] if "file" not in columns else []
    if not {"label", "boxes"} & set(columns):
        missing.append("label or boxes" if with_boxes else "label")
    unknown = [str(column) for column in columns if column not in known]
    if not source.rows:
        source.problem(f"no rows in {path}")
    elif missing or unknown:
        wrong = [f"lacks {', '.join(missing)}"] if missing else []
        wrong += [f"has unknown columns {', '.join(unknown)}"] if unknown else []
        way_out = "; boxes need a JSON file" if "boxes" in unknown else ""
        source.problem(f"{path} {' and '.join(wrong)}; the columns are {', '.join(known)}{way_out}")


def _load_csv(path: Path) -> list[dict[str, Any]]:
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


def _load_parquet(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet

    return list(pyarrow.parquet.read_table(path).to_pylist())


def _load_json(path: Path) -> Any:
    """A document, or one object per line."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".jsonl" or not text.strip():
        return _lines(text)
    try:
        return json.loads(text, object_pairs_hook=unique_keys)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):  # JSON Lines, in a file that ends in .json
            return _lines(text)
        raise


def _lines(text: str) -> list[dict[str, Any]]:
    return [_line(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _line(number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, object_pairs_hook=unique_keys)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number} is not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(row, dict):
        raise ValueError(f"line {number} must hold an object {{file, label}}, not {line.strip()[:40]}")
    return row


#: Ending -> function that gives what a file of this kind holds: a list of rows, or for JSON any document.
LOADERS = {
    ".csv": _load_csv,
    ".tsv": _load_csv,
    ".json": _load_json,
    ".jsonl": _load_json,
    ".parquet": _load_parquet,
}
