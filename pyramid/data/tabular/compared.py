"""The rows on which the networks of a search are compared: none of these networks learns from them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pyramid.data.split import TINY, split
from pyramid.data.tabular.names import COMPARED
from pyramid.errors import DataError

Indices = npt.NDArray[np.int64]

#: The most rows, and the share of all.
MOST, SHARE = 4096, 0.2


class Compared(NamedTuple):
    """Where these rows are.

    Attributes:
        full, evaluation: their places in the full and in the evaluation array.
    """

    full: Indices
    evaluation: Indices


def choose(labels: Sequence[Any], rows: Indices, total: int, stratified: bool, seed: int) -> Compared | None:
    """A fifth of all rows, or 4,096, of the evaluation set; None where that would be too few to say anything.

    Args:
        labels: of the evaluation set, classes or values.
        rows: its places in the full array of ``total`` rows.
    """
    count = min(MOST, int(SHARE * total))
    if total <= TINY:
        return None
    chosen = np.arange(len(rows))
    if count < len(rows):
        chosen = split(labels, range(len(rows)), count / len(rows), count, stratified, seed)[1]
    return Compared(rows[chosen], chosen) if len(chosen) else None


def of_held(rows: Indices, held: Indices) -> Compared | None:
    """Those rows of the evaluation set that are among ``held``; None when none is.

    Args:
        rows: the evaluation set's places in the full array.
        held: places in the full array.
    """
    chosen = np.flatnonzero(np.isin(rows, held))
    return Compared(rows[chosen], chosen) if len(chosen) else None


def unlearned(compared: Compared, training: Indices) -> Compared | None:
    """Those of ``compared`` that are not among the rows ``training`` of the full array; None when all are."""
    left = ~np.isin(compared.full, training)
    return Compared(compared.full[left], compared.evaluation[left]) if left.any() else None


def write(compared: Compared, folder: Path) -> None:
    np.save(folder / COMPARED, np.stack(compared))


def read(folder: Path) -> Compared | None:
    """What `write` wrote into ``folder``; None when it never did.

    Raises:
        DataError: it is damaged.
    """
    path = folder / COMPARED
    if not os.path.isfile(path):
        return None
    try:
        full, evaluation = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError([f"{path}: cannot be read ({error}); the dataset_caching job writes it"]) from error
    return Compared(full, evaluation)
