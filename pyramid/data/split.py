"""Which examples are trained on and which are held out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

#: With this many pictures or fewer, a holdout would be too small to say anything.
TINY = 32


def split(
    labels: Sequence[Any], groups: Sequence[str], rate: float, largest: int, stratified: bool, seed: int
) -> tuple[Indices, Indices]:
    """Divide the examples 0 … n-1, no group on both sides.

    Args:
        labels: one label for each example.
        groups: one group for each example.
        rate: the share to hold out, in (0, 1).
        largest: the most examples to hold out.
        stratified: keep the classes' shares on both sides.
        seed: decides the draw.

    Returns:
        The sorted indices of the training examples and of the holdout; neither is empty when there are two groups.
    """
    n = len(labels)
    held = max(1, min(round(n * rate), largest, n - 1))
    if len(set(groups)) < n:
        return _grouped(labels, groups, held, stratified, seed)
    rng = np.random.default_rng([seed, 0])
    chosen = _stratified(np.asarray(labels), held, rng) if stratified else rng.permutation(n)[:held]
    return _sides(n, chosen)


def _stratified(labels: npt.NDArray[Any], held: int, rng: np.random.Generator) -> Indices:
    """Shuffle within the classes, then take evenly spaced places of the classes laid end to end.

    Each class gives its share, rounded up or down. A class of one example stays in the training data.
    """
    shuffled = rng.permutation(len(labels))
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    places = np.floor((np.arange(held) + 0.5) * len(labels) / held).astype(np.int64)
    chosen = ordered[places]
    values, counts = np.unique(labels, return_counts=True)
    return np.asarray(chosen[~np.isin(labels[chosen], values[counts == 1])], np.int64)


def _grouped(
    labels: Sequence[Any], groups: Sequence[str], held: int, stratified: bool, seed: int
) -> tuple[Indices, Indices]:
    from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold  # takes a second: only when needed

    n = len(labels)
    if len(set(groups)) == 1:
        return np.arange(n), np.arange(0)
    folds = max(2, min(round(n / held), len(set(groups))))
    splitter: Any
    if stratified and min(np.unique(np.asarray(labels), return_counts=True)[1]) >= folds:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    else:
        splitter = GroupShuffleSplit(1, test_size=1 / folds, random_state=seed)
    _, chosen = next(splitter.split(np.zeros(n), labels, groups))
    return _sides(n, chosen)


def _sides(n: int, chosen: npt.NDArray[Any]) -> tuple[Indices, Indices]:
    holdout = np.zeros(n, bool)
    holdout[chosen] = True
    return np.flatnonzero(~holdout), np.flatnonzero(holdout)
