"""Which examples are trained on and which are held out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

#: With this many pictures or fewer, a holdout would be too small to say anything.
TINY = 32


def split(
    labels: Sequence[Any], groups: Sequence[Any], rate: float, largest: int, stratified: bool, seed: int
) -> tuple[Indices, Indices]:
    """Divide the examples 0 … n-1, no group on both sides.

    Args:
        labels: one label for each example.
        groups: one group for each example.
        rate: the share to hold out, in (0, 1).
        largest: the most examples to hold out.
        stratified: keep the classes' shares on both sides; the only example of a class stays in training.
        seed: decides the draw.

    Returns:
        The sorted indices of the training examples and of the holdout. The holdout is empty when all
        examples are of one group, or each is the only one of its class.
    """
    n = len(labels)
    held = max(1, min(round(n * rate), largest, n - 1))
    _, codes = np.unique(np.asarray(labels) if stratified else np.zeros(n), return_inverse=True)
    rng = np.random.default_rng([seed, 0])
    _, groups_of, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    together = np.flatnonzero(sizes[groups_of] > 1)
    grouped = _of_groups(codes, groups_of, together, round(held * len(together) / n), rng)
    several = np.bincount(codes)[codes] > 1 if stratified else np.ones(n, bool)
    alone = np.flatnonzero((sizes[groups_of] == 1) & several)
    left = min(held - len(grouped), len(alone) - (len(together) == 0))
    chosen = np.concatenate([grouped, alone[_draw(codes[alone], max(0, left), rng)]])
    if not len(chosen) and len(together):  # better a large group, or the only example of a class, than no holdout
        chosen = _draw_groups(codes, groups_of, held, rng)
    holdout = np.zeros(n, bool)
    holdout[chosen] = True
    return np.flatnonzero(~holdout), np.flatnonzero(holdout)


def _of_groups(codes: Indices, groups: Indices, rows: Indices, size: int, rng: np.random.Generator) -> Indices:
    """About ``size`` of ``rows`` in whole groups; of a data set of groups alone some in any case.

    Groups that are too large are left to the training data while there are other rows to hold out.
    """
    if not len(rows):
        return rows
    if len(rows) == len(codes):
        return _draw_groups(codes, groups, size, rng)
    drawn = _draw_groups(codes[rows], np.unique(groups[rows], return_inverse=True)[1], size, rng)
    return rows[drawn] if len(drawn) <= size else rows[:0]


def sample(labels: Sequence[Any], size: int, stratified: bool, seed: int) -> Indices:
    """Sorted indices of ``size`` examples, or all, with the classes in proportion when ``stratified``."""
    n = len(labels)
    _, codes = np.unique(np.asarray(labels) if stratified else np.zeros(n), return_inverse=True)
    return np.sort(_draw(codes, min(size, n), np.random.default_rng([seed, 0])))


def _draw(codes: npt.NDArray[Any], size: int, rng: np.random.Generator) -> Indices:
    """Shuffle within the classes, then take evenly spaced places of the classes laid end to end.

    Each class gives its share, rounded up or down.
    """
    shuffled = rng.permutation(len(codes))
    ordered = shuffled[np.argsort(codes[shuffled], kind="stable")]
    places = np.floor((np.arange(size) + 0.5) * len(codes) / max(1, size)).astype(np.int64)
    return np.asarray(ordered[places], np.int64)


def _draw_groups(codes: npt.NDArray[Any], groups: npt.NDArray[Any], size: int, rng: np.random.Generator) -> Indices:
    """Whole groups in random order while they fit: first those that fit the classes' shares, then any.

    scikit-learn's StratifiedGroupKFold gives 1/k of the rows only, and took 468 s for 20,000 groups.
    """
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    if len(members) == 1:
        return np.arange(0)
    share = np.ceil(np.bincount(codes) * size / len(codes))
    room = size
    chosen: list[int] = []
    later: list[Indices] = []
    for group in rng.permutation(len(members)):
        mine, counts = np.unique(codes[members[group]], return_counts=True)
        if len(members[group]) <= room and (counts <= share[mine]).all():
            share[mine] -= counts
            room -= len(members[group])
            chosen.extend(members[group])
        else:
            later.append(members[group])
    for rows in later:
        if len(rows) <= room:
            room -= len(rows)
            chosen.extend(rows)
    return np.asarray(chosen, np.int64) if chosen else min(later, key=len)
