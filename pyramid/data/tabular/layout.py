"""Where the columns of a cached array lie: tree columns, inputs, the weight if there is one, the objective."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyramid.settings.columns import Table

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Layout:
    """The columns of a cached array.

    Attributes:
        trees: the number of tree columns, which come first.
        widths: how many columns each input takes.
        weighted: whether a column holds the weight of the row.
        outputs: columns of the objective: one for each class, or one.
    """

    trees: int
    widths: tuple[int, ...]
    weighted: bool
    outputs: int

    @staticmethod
    def of(table: Table, trees: int, features: int) -> "Layout":
        """``features``: how many an image has."""
        return Layout(trees, tuple(table.widths(features)), table.weighted, table.outputs)

    @property
    def inputs(self) -> int:
        """Columns of all inputs, without trees."""
        return sum(self.widths)

    @property
    def columns(self) -> int:
        """Columns of an array in which the objective has ``outputs`` columns."""
        return self.trees + self.inputs + self.weighted + self.outputs

    def learned(self, rows: Array, with_trees: bool) -> Array:
        """What a network learns from, [rows, inputs], trees first if it has them."""
        return rows[:, (0 if with_trees else self.trees) : self.trees + self.inputs]

    def weights(self, rows: Array) -> Array:
        """The weight of each row, [rows]."""
        return rows[:, self.trees + self.inputs] if self.weighted else np.ones(len(rows), np.float32)

    def objective(self, rows: Array) -> Array:
        """One-hot classes [rows, classes], or values [rows, 1]."""
        return rows[:, self.columns - self.outputs :]
