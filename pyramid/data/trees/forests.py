"""Random forests over windows of the input columns: what they give for inputs, and how sensenet reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

Array = npt.NDArray[np.float32]

#: Rows that are embedded at a time: bounds the memory beside the result.
_BATCH = 16_384


@dataclass(frozen=True)
class Forests:
    """Forests, each over the input columns [start, end) of its window.

    Attributes:
        windows: (start, end) of each forest.
        forests: scikit-learn's; a classifier's ``classes_`` may be fewer than ``classes``.
        classes: outputs of each forest: the classes in the objective's order, 1 for a numeric objective.
    """

    windows: list[tuple[int, int]]
    forests: list[RandomForestClassifier | RandomForestRegressor]
    classes: int

    @property
    def outputs(self) -> int:
        """The number of tree columns."""
        return len(self.forests) * self.classes

    def embed(self, inputs: Array) -> Array:
        """Tree columns [rows, outputs] of ``inputs`` [rows, columns]: forest by forest, class by class."""
        embedded = np.zeros((len(inputs), self.outputs), np.float32)
        for first in range(0, len(inputs), _BATCH):
            batch = np.asarray(inputs[first : first + _BATCH], np.float32)
            for place, ((start, end), forest) in enumerate(zip(self.windows, self.forests, strict=True)):
                columns = slice(place * self.classes, (place + 1) * self.classes)
                window = np.ascontiguousarray(batch[:, start:end])
                embedded[first : first + _BATCH, columns] = self._mean_of_trees(forest, window)
        return embedded

    def documents(self) -> list[Any]:
        """sensenet's ``trees``: plain data that its operator evaluates as ``embed`` does, to float32's precision.

        One ``[[start, end], [tree, ...]]`` for each forest. A tree is ``[column of the window, threshold, tree where
        value <= threshold, tree where it is greater]`` or a leaf, ``[outputs, None]``.
        The operator takes subnormal numbers (below 1.2e-38) for 0; scikit-learn does not.
        """
        return [
            [[start, end], [_document(tree.tree_, values) for tree, values in self._trees(forest)]]
            for (start, end), forest in zip(self.windows, self.forests, strict=True)
        ]

    def _mean_of_trees(self, forest: Any, window: Array) -> npt.NDArray[np.float64]:
        total = np.zeros((len(window), self.classes))
        for tree, values in self._trees(forest):
            total += values[tree.apply(window, check_input=False)]
        return total / len(forest.estimators_)

    def _trees(self, forest: Any) -> Iterator[tuple[Any, npt.NDArray[np.float64]]]:
        """Each tree, and the outputs of its nodes [nodes, classes]: 0 for a class that the forest does not know."""
        known = forest.classes_.astype(np.int64) if hasattr(forest, "classes_") else [0]
        for tree in forest.estimators_:
            values = np.zeros((tree.tree_.node_count, self.classes))
            values[:, known] = tree.tree_.value[:, 0, :]
            yield tree, values


def _document(tree: Any, values: npt.NDArray[np.float64]) -> list[Any]:
    """``tree`` (scikit-learn's ``tree_``) as nested lists, from the root.

    Its thresholds have 64 bits, the operator's 32. Rounded down they divide the inputs of 32 bits in the same way.
    """
    thresholds = tree.threshold.astype(np.float32)
    thresholds = np.where(thresholds > tree.threshold, np.nextafter(thresholds, np.float32(-np.inf)), thresholds)

    def nested(node: int) -> list[Any]:
        left, right = tree.children_left[node], tree.children_right[node]
        if left == right:  # both -1: a leaf
            return [values[node].tolist(), None]
        return [int(tree.feature[node]), float(thresholds[node]), nested(left), nested(right)]

    return nested(0)
