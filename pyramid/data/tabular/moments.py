"""What one pass tells of a column of numbers."""

import math

import numpy as np

from pyramid.data.tabular.arrow_columns import Floats

#: Above it a value is infinite where a model is asked: sensenet takes numbers as 32 bits.
LARGEST = float(np.finfo(np.float32).max)

#: Half the distance of 1 from the next number of 32 bits: how far a value moves when it becomes one, in proportion.
ROUNDING = 2.0**-24

#: Values that are kept to see whether all are different; the first of a longer column.
_KEPT = 2**20


class Numbers:
    """Numbers, a part of the column after the other.

    Attributes:
        count: of the values that are neither missing nor too large.
        missing: how many are.
        mean: of these values; 0 without any.
        low, high: the least and the largest of them.
        whole: whether all are whole numbers.
        increasing: whether each is above the one before it, and none is missing.
        first: "missing", "negative", "huge" (infinite, or above ``LARGEST``) -> the first such row, from 0.
    """

    def __init__(self, keep: bool):
        """``keep``: for `all_different`."""
        self.count = self.missing = 0
        self.mean = self._squares = 0.0
        self.low, self.high = math.inf, -math.inf
        self.whole = self.increasing = True
        self.first: dict[str, int] = {}
        self._parts: list[Floats] | None = [] if keep else None

    @property
    def stdev(self) -> float:
        """That of the population, by the count of the values."""
        return math.sqrt(self._squares / self.count) if self.count else 0.0

    def add(self, values: Floats, row: int) -> None:
        """``values`` [rows], NaN for a missing one; ``row`` is the number of the first, from 0."""
        missing, huge = np.isnan(values), np.abs(values) > LARGEST
        for name, mask in {"missing": missing, "huge": huge, "negative": values < 0}.items():
            if name not in self.first and mask.any():
                self.first[name] = row + int(mask.argmax())
        self.missing += int(np.count_nonzero(missing))
        unfit = missing | huge
        known = values[~unfit] if unfit.any() else values
        if not len(known):
            return
        self.increasing &= not unfit.any() and float(known[0]) > self.high and bool((np.diff(known) > 0).all())
        self.whole = self.whole and bool((known == np.floor(known)).all())
        self.low, self.high = min(self.low, float(known.min())), max(self.high, float(known.max()))
        self._merge(known)
        if self._parts is not None and self.count <= _KEPT:
            self._parts.append(known)

    def all_different(self) -> bool:
        """Whether no value of the first million rows, about, is there twice."""
        values = np.concatenate(self._parts) if self._parts else np.zeros(0)
        return len(np.unique(values)) == len(values)

    def _merge(self, known: Floats) -> None:
        """Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances, 1979."""
        mean = float(known.mean())
        shift, total = mean - self.mean, self.count + len(known)
        self._squares += float(np.square(known - mean).sum()) + shift * shift * self.count * len(known) / total
        self.mean += shift * len(known) / total
        self.count = total
