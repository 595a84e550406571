"""The rows that importances refer to, as shapsplain chooses them: unusual rows, random ones and centres of clusters."""

import warnings
from typing import Any

from pyramid.tf import tf  # noqa: F401 - before shapsplain, which imports it in its own way

# isort: split
import numpy as np
from shapsplain.represent import representatives
from threadpoolctl import threadpool_limits

from pyramid.data.tabular.layout import Array, Layout

#: How many rows importances refer to.
POINTS = 64


def reference_rows(rows: Array, layout: Layout, categorical: bool, balanced: bool, seed: int) -> Array:
    """Up to ``POINTS`` of ``rows`` [rows, layout.columns], as float32 [points, trees + inputs + 1].

    The last column is the objective, the class index or the value; there is no column of weights.

    Args:
        rows: a few thousand at most: they are clustered.
        balanced: take as many rows of each class.
    """
    inputs = layout.learned(rows, with_trees=True).astype(np.float64)  # clustering squares them
    objective = layout.objective(rows).astype(np.float64)
    if categorical and layout.outputs == 1:
        objective = np.zeros_like(objective)  # the index of the only class
    # One thread: those of KMeans wait for each other in busy loops, for seconds when the cores have other work.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # KMeans on few different rows
        chosen: Any = representatives(inputs, objective, POINTS, balanced, seed)
    return np.asarray(chosen, np.float32)
