"""Small tables to learn trees from."""

from typing import Any

import numpy as np
import numpy.typing as npt

Table = tuple[npt.NDArray[np.float32], npt.NDArray[Any]]


def table_of_classes(rows: int, columns: int, classes: int, seed: int = 0) -> Table:
    """Column 0 decides the class, with some noise."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, columns)).astype(np.float32)
    score = inputs[:, 0] + rng.normal(0, 0.1, rows)
    return inputs, np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)).astype(np.int64)


def table_of_values(rows: int, columns: int, seed: int = 0) -> Table:
    """The square of column 0, with some noise."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, columns)).astype(np.float32)
    return inputs, inputs[:, 0] ** 2 + rng.normal(0, 0.1, rows)


def noise(rows: int, columns: int, seed: int = 0) -> Table:
    """Values that nothing foretells: who knows one has seen it."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)).astype(np.float32), rng.normal(size=rows)
