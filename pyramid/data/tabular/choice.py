"""Which rows of a table are cached."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyramid.data.tabular.checks import known_objective
from pyramid.data.tabular.chunks import Source
from pyramid.errors import DataError
from pyramid.settings.columns import CategoricalColumn, Table

#: Rows whose objective is looked at at a time.
_CHUNK = 65_536


@dataclass(frozen=True)
class Choice:
    """Rows of a file.

    Attributes:
        mask: [rows of the file], whether it is chosen.
        notes: which rows are not, and why.
    """

    mask: npt.NDArray[np.bool_]
    notes: list[str]

    @property
    def rows(self) -> int:
        """How many are chosen."""
        return int(np.count_nonzero(self.mask))


def choose_rows(table: Table, source: Source, most: int, seed: int) -> Choice:
    """The rows whose objective is known; when they are more than ``most``, a random subset.

    Raises:
        DataError: no row is left, or an objective is neither missing nor what `info_list` says.
    """
    last = len(table.columns) - 1
    masks = [known_objective(table, chunk, source) for chunk in source.chunks(_CHUNK, [last])]
    mask = np.concatenate(masks) if masks else np.zeros(0, bool)
    known = np.flatnonzero(mask)
    if not len(known):
        raise DataError([_nothing(table, source, len(mask))])
    notes = []
    if len(known) < len(mask):
        notes.append(f"{len(mask) - len(known):,} of {len(mask):,} rows are left out: their objective is missing")
    if len(known) > most:
        notes.append(
            f"{len(known) - most:,} of {len(known):,} rows are left out at random: the memory allows {most:,} rows"
        )
        mask[np.random.default_rng([seed, 4]).choice(known, len(known) - most, replace=False)] = False
    return Choice(mask, notes)


def _nothing(table: Table, source: Source, rows: int) -> str:
    if not rows:
        return f"{source.path}: has no rows"
    column = table.objective
    way_out = ""
    if isinstance(column, CategoricalColumn):
        classes = ", ".join(map(repr, column.values[:5])) + (", …" if len(column.values) > 5 else "")
        way_out = f"; the classes of info_list[{len(table.columns) - 1}] are {classes}"
    return f"{source.path}: the objective of all {rows:,} rows is missing or unknown{way_out}"
