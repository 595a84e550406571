"""Where a CSV or TSV file is broken: pyarrow says what is wrong, but neither the line nor the byte."""

import codecs
import csv

#: Bytes that are decoded at a time.
_BLOCK = 2**20


def find_fault(path: str, delimiter: str) -> str:
    """The first byte that is not UTF-8, or else the first row that is not as wide as the header; "" if there is none.

    It reads the whole file, slowly: it is for files that could not be read.
    """
    try:
        return _bad_byte(path) or _ragged_row(path, delimiter)
    except (OSError, csv.Error):
        return ""


def _bad_byte(path: str) -> str:
    decoder, before, lines = codecs.getincrementaldecoder("utf-8")(), 0, 1
    with open(path, "rb") as file:
        while True:
            block = file.read(_BLOCK)
            kept = len(decoder.getstate()[0])  # the first bytes of a letter, at the end of the block before
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                place = before - kept + error.start
                line = lines + error.object[: error.start].count(b"\n")
                value = error.object[error.start]
                return f"line {line:,}: byte {place + 1:,} (0x{value:02X}) is not UTF-8 text; save the file as UTF-8"
            if not block:
                return ""
            before, lines = before + len(block), lines + block.count(b"\n")


def _ragged_row(path: str, delimiter: str) -> str:
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, delimiter=delimiter)
        width = len(next(rows, []))
        first = rows.line_num + 1
        for row in rows:
            if row and len(row) != width:
                rule = f"has {_cells(len(row))}, but the header has {width}"
                return f"line {first:,}: {rule}; quote cells that hold {delimiter!r}, or complete the row"
            first = rows.line_num + 1
    return ""


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"
