"""The tree embedding: outputs of small random forests, put in front of the inputs of a tabular network.

Two sets of forests are learned, each from one half of a sample, so that no row is embedded by trees that saw its
target. Only the first set is served.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from pyramid.data.split import sample
from pyramid.data.trees.forests import Array, Forests
from pyramid.errors import DataError

#: The most tree columns and the most forests: the contract of the child process.
MOST_OUTPUTS = 128
MOST_FORESTS = 16

#: The most rows that trees are learned from, both halves together.
SAMPLE = 2048

#: Of each forest. Tried on eight of scikit-learn's tables, before a linear model: 4 trees are worse on most, 16 hardly
#: better; 16 leaves are worse where inputs interact, 64 hardly better elsewhere.
TREES = 8
LEAVES = 32

#: Each split is the best of half the columns, and of so many at most: with 316 columns of image features learning takes
#: 3 s instead of 30.
_MOST_TRIED = 16

#: Columns of a window, where there are so many: in narrower ones trees cannot find what inputs say together.
_NARROWEST = 4


@dataclass(frozen=True)
class Embedding:
    """What embeds the rows of the array that the forests were learned from.

    Attributes:
        served: learned from the rows ``seen``; embed every other row, and those that a finished model predicts.
        other: learned from other rows; embed those ``seen``.
        seen: sorted row numbers.
    """

    served: Forests
    other: Forests
    seen: npt.NDArray[np.int64]

    @property
    def outputs(self) -> int:
        """The number of tree columns."""
        return self.served.outputs

    def embed(self, inputs: Array, first_row: int) -> Array:
        """Tree columns [rows, outputs] of ``inputs`` [rows, columns], consecutive rows of the learned array.

        ``first_row`` is the number that the first of them has there.
        """
        embedded = self.served.embed(inputs)
        start, end = np.searchsorted(self.seen, [first_row, first_row + len(inputs)])
        places = self.seen[start:end] - first_row
        embedded[places] = self.other.embed(inputs[places])
        return embedded


def learn_forests(inputs: Array, targets: npt.NDArray[Any], classes: int | None, seed: int) -> Embedding:
    """The embedding of ``inputs``, learned from at most ``SAMPLE`` of them, classes in proportion.

    There are no trees, and ``embed`` gives no columns, for more than ``MOST_OUTPUTS`` classes or no input columns.

    Args:
        inputs: [rows, columns]; may be memory-mapped: only the sample is read.
        targets: [rows], class indices or values.
        classes: how many there are; None for a numeric objective.
        seed: decides the sample and the trees.

    Raises:
        DataError: there is no row, a target is no class, or an input of the sample or a value is not finite.
    """
    targets = np.asarray(targets)
    _check_targets(targets, classes)
    drawn = sample(targets.tolist(), SAMPLE, classes is not None, seed)
    chosen = sample(targets[drawn].tolist(), (len(drawn) + 1) // 2, classes is not None, seed)
    seen = drawn[chosen]
    unseen = np.delete(drawn, chosen) if len(drawn) > 1 else drawn  # a single row is all that there is
    served, other = (_learn(np.asarray(inputs[rows]), targets[rows], classes, seed) for rows in (seen, unseen))
    return Embedding(served, other, seen)


def count_forests(columns: int, classes: int) -> int:
    """How many forests there are over ``columns`` inputs: the contract's formula. ``classes`` is 1 for a number."""
    if classes > MOST_OUTPUTS or not columns:
        return 0
    return min(MOST_FORESTS, max(1, min(MOST_OUTPUTS, columns) // classes))


def place_windows(columns: int, count: int) -> list[tuple[int, int]]:
    """``count`` windows [start, end) of one width, evenly spaced over all columns; they share about half."""
    width = max(min(columns, _NARROWEST), -(-2 * columns // (count + 1)))
    starts = np.linspace(0, columns - width, count).round().astype(int).tolist()
    return [(start, start + width) for start in starts]


def _learn(inputs: Array, targets: npt.NDArray[Any], classes: int | None, seed: int) -> Forests:
    if not np.isfinite(inputs).all():
        raise DataError(["the inputs of trees must be finite numbers of 32 bits, but some are infinite or missing"])
    windows = place_windows(inputs.shape[1], count_forests(inputs.shape[1], classes or 1))
    seeds = np.random.default_rng([seed, 3]).integers(2**31, size=len(windows)).tolist()
    kind = RandomForestRegressor if classes is None else RandomForestClassifier
    forests = []
    for (start, end), own in zip(windows, seeds, strict=True):
        tried = min(_MOST_TRIED, -(-(end - start) // 2))
        forest = kind(n_estimators=TREES, max_leaf_nodes=LEAVES, max_features=tried, n_jobs=1, random_state=own)
        forests.append(forest.fit(inputs[:, start:end], targets))
    return Forests(windows, forests, classes or 1)


def _check_targets(targets: npt.NDArray[Any], classes: int | None) -> None:
    if not len(targets):
        raise DataError(["trees are learned from at least 1 row, but there is none"])
    if classes is None:
        wrong, rule = ~np.isfinite(targets), "a finite number"
    else:
        wrong, rule = ~np.isin(targets, np.arange(classes)), f"the index of a class, 0 to {classes - 1}"
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError([f"row {row}: to learn trees the objective must be {rule}, but it is {targets[row]}"])
