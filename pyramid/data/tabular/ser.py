"""`.ser` files: byte 0, then the rows, little-endian and without padding.

A number or the place of a category takes 8 bytes, the name of a picture 32: a length byte and the text. The contract
of the child process has the format, "The .ser cache file".
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.tabular.checks import place_of
from pyramid.data.tabular.chunks import Chunk, Values
from pyramid.errors import DataError
from pyramid.settings.columns import ImageColumn, Table

FIRST_BYTE = 68
NAME_BYTES = 32

#: The longest text of a Pascal string that takes ``NAME_BYTES``.
LONGEST_NAME = NAME_BYTES - 1


class SerFile:
    """A `.ser` file whose size is right; its rows are read as they are asked for.

    Attributes:
        rows: how many there are.
    """

    objective_may_lack = False

    def __init__(self, table: Table, path: str | Path, rows: int | None):
        """``rows``: the job's `cache_rows`; None takes as many as the file has.

        Raises:
            DataError: no such file, another byte 0, or too few or too many bytes.
        """
        self.path = str(path)
        self._table = table
        kinds = [("u1", NAME_BYTES) if isinstance(column, ImageColumn) else "<f8" for column in table.columns]
        self._row = np.dtype([(str(place), kind) for place, kind in enumerate(kinds)])  # type: ignore[arg-type]
        self.rows = _count(self.path, self._row.itemsize, rows)

    def chunks(self, most: int, places: Sequence[int]) -> Iterator[Chunk]:
        """See ``Source``."""
        # Read, not memory-mapped: what is read is let go again, and a file that shrinks meanwhile kills nobody.
        with open(self.path, "rb") as file:
            file.seek(1)
            for first in range(0, self.rows, most):
                rows = np.fromfile(file, self._row, min(most, self.rows - first))
                if len(rows) < min(most, self.rows - first):
                    raise DataError([f"{self.path}: ends after row {first + len(rows):,}; it was longer at the start"])
                yield Chunk(first, [self._values(rows[str(place)], place, first) for place in places])

    def notes(self) -> list[str]:
        """See ``Source``: nothing is taken otherwise."""
        return []

    def _values(self, stored: npt.NDArray[Any], place: int, first: int) -> Values:
        if not isinstance(self._table.columns[place], ImageColumn):
            return stored.astype(np.float64)
        lengths, texts = stored[:, 0], stored[:, 1:].copy()
        long = np.flatnonzero(lengths > LONGEST_NAME)
        if len(long):
            where = place_of(self._table, place, self.path, first + int(long[0]))
            rule = f"the name of a picture has at most {LONGEST_NAME} bytes"
            raise DataError([f"{where}: {rule}, but its length byte is {lengths[long[0]]}"])
        texts[np.arange(LONGEST_NAME) >= lengths[:, None]] = 0  # what follows a text is no part of it
        return [text.decode("utf-8", "surrogateescape") for text in texts.view(f"S{LONGEST_NAME}")[:, 0].tolist()]


def _count(path: str, row_bytes: int, rows: int | None) -> int:
    """The number of rows, when the size of the file is right."""
    try:
        with open(path, "rb") as file:
            start = file.read(1)
            size = os.fstat(file.fileno()).st_size - 1
    except OSError as error:
        raise DataError([f"{path}: cannot be read: {error.strerror or error}; cache_file must name a file"]) from error
    problem = _wrong_start(start) or _wrong_size(size, row_bytes, rows)
    if problem:
        raise DataError([f"{path}: {problem}"])
    return size // row_bytes


def _wrong_start(start: bytes) -> str:
    if not start:
        return f"is empty; a .ser file begins with byte {FIRST_BYTE} ('D')"
    return "" if start[0] == FIRST_BYTE else f"byte 0 of a .ser file must be {FIRST_BYTE} ('D'), but is {start[0]}"


def _wrong_size(size: int, row_bytes: int, rows: int | None) -> str:
    whole, rest = divmod(size, row_bytes)
    end = f"ends inside row {whole + 1:,}: it has {rest} of the row's {row_bytes} bytes"
    if rows is None:
        return end if rest else "" if whole else "has no rows"
    found = f"{rows:,} rows (cache_rows) of {row_bytes} bytes are {rows * row_bytes:,} bytes, but there are {size:,}"
    if whole < rows:
        return f"{end}; {found}" if rest else f"ends after row {whole:,}; {found}"
    return f"has more than its rows; {found}" if size > rows * row_bytes else ""
