"""What a table of rows gives, whatever its file: chunks of rows, column by column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

#: Of one column and some rows: float64 [rows] for numbers and categories, names of files for images.
Values = npt.NDArray[np.float64] | list[str]


@dataclass(frozen=True)
class Chunk:
    """Some rows that follow each other.

    Attributes:
        first: the number of the first one, from 0.
        columns: the values of each column that was asked for: numbers standardised, a category as its place in
            ``values``, negative when it is missing; the name "" for a picture that is missing.
    """

    first: int
    columns: list[Values]

    def __len__(self) -> int:
        return len(self.columns[0])

    def where(self, mask: npt.NDArray[np.bool_]) -> list[Values]:
        """The values of the rows for which ``mask`` [rows] holds."""
        return self.columns if mask.all() else [_where(values, mask) for values in self.columns]


class Source(Protocol):
    """A file of rows.

    Attributes:
        path: of the file, for messages.
        objective_may_lack: a NaN is how this kind of file says that a numeric objective is missing.
    """

    path: str
    objective_may_lack: bool

    def chunks(self, most: int, places: Sequence[int]) -> Iterator[Chunk]:
        """All rows in order, at most ``most`` at a time, of the columns at these ``places`` of `info_list`.

        Raises:
            DataError: a value cannot be what its column says, or the file breaks off.
        """
        ...

    def notes(self) -> list[str]:
        """What the last pass over ``chunks`` took otherwise than it is written."""
        ...


def _where(values: Values, mask: npt.NDArray[np.bool_]) -> Values:
    if isinstance(values, list):
        return [value for value, chosen in zip(values, mask, strict=True) if chosen]
    return values[mask]
