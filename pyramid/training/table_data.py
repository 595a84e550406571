"""A cached array -> what a network on rows is trained with. No TensorFlow."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.split import TINY, sample, split
from pyramid.data.tabular.layout import Layout
from pyramid.errors import DataError
from pyramid.settings.base_settings import SEARCH_SUBMODEL, BaseSettings
from pyramid.settings.objectives import CATEGORICAL

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass
class TableData:
    """The rows of a table.

    Attributes:
        inputs: [rows, columns].
        targets: one-hot classes [rows, classes], or values in standard deviations from the mean [rows].
        weights: [rows], scaled so that the training rows average 1.
        training, holdout: the rows to train on and to validate on.
    """

    inputs: Floats
    targets: Floats
    weights: Floats
    training: Indices
    holdout: Indices

    @property
    def classes(self) -> Floats:
        """What a prediction is compared with: the index of each row's class, or its value, [rows]."""
        return class_or_value(self.targets)


def class_or_value(targets: Floats) -> Floats:
    """One-hot classes [rows, classes] -> their indices [rows]; values stay as they are."""
    return targets.argmax(axis=1).astype(np.float32) if targets.ndim > 1 else targets


def open_array(path: Path) -> npt.NDArray[Any]:
    """The array in ``path``, mapped into memory.

    Raises:
        DataError: it is missing, or no array.
    """
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        raise DataError([f"cache_file: cannot read {path}: {error.strerror or error}"]) from error
    except (ValueError, EOFError) as error:
        raise DataError([f"cache_file: {path} is no array that can be read: {error}"]) from error


def read_array(path: Path, layout: Layout) -> Floats:
    """The array in ``path``, mapped into memory.

    Raises:
        DataError: it is missing, no array of numbers, or has other columns than ``layout``.
    """
    array = open_array(path)
    if array.ndim != 2 or array.shape[1] != layout.columns or array.dtype != np.float32:
        raise DataError(
            [
                f"cache_file: {path} must hold float32 rows of {layout.columns} columns, as tree_inputs and info_list"
                f" say, but holds {array.dtype} of the shape {list(array.shape)}"
            ]
        )
    if not len(array):
        raise DataError([f"cache_file: {path} has no rows"])
    return np.asarray(array)


def targets_of(rows: Floats, layout: Layout, categorical: bool) -> Floats:
    """The objective of ``rows``: one-hot classes [rows, classes], or values [rows]."""
    objective = layout.objective(rows)
    return np.ascontiguousarray(objective if categorical else objective[:, 0])


def make_table_data(settings: BaseSettings, rows: Floats, layout: Layout, compared: Indices | None = None) -> TableData:
    """Split ``rows`` and weigh them.

    Args:
        compared: those that networks are compared on. In a search nothing is learned from them, whatever the settings
            say of the holdout; alone a network may ask for fewer of them by `holdout_rate`, and learn from the others.

    Raises:
        DataError: a number is not finite, no weight is above 0, or a weight is below it.
    """
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise DataError([f"cache_file: row {row}, column {column}: must be finite, but is {rows[row, column]}"])
    categorical = settings.table.objective.type == CATEGORICAL
    targets = targets_of(rows, layout, categorical)
    weights = layout.weights(rows).astype(np.float64) * _class_weights(settings, targets)
    training, holdout = _sides(settings, class_or_value(targets), categorical, compared)
    if (weights < 0).any() or not weights[training].any():
        raise DataError(["cache_file: the weights of the training rows must be 0 or more, and one of them above 0"])
    weights = weights / weights[training].mean()
    inputs = np.ascontiguousarray(layout.learned(rows, settings.tree_embedding))
    return TableData(inputs, targets, weights.astype(np.float32), training, holdout)


def _class_weights(settings: BaseSettings, targets: Floats) -> npt.NDArray[np.float64]:
    """What the class of each row counts, [rows]."""
    given = dict(settings.class_weights or [])
    if not given or targets.ndim == 1:
        return np.ones(len(targets))
    return targets @ np.array([given.get(name, 1.0) for name in settings.table.classes])


def _sides(
    settings: BaseSettings, labels: Floats, categorical: bool, compared: Indices | None
) -> tuple[Indices, Indices]:
    """The rows to train on and to validate on; the same where there are too few."""
    held_out = len(labels) > TINY and settings.holdout_rate and not settings.cheat_on_validation
    everything, most = np.arange(len(labels)), settings.holdout_set_size

    def some_of(rows: Indices, size: int) -> Indices:
        return rows[sample(labels[rows].tolist(), size, categorical, settings.seed)]

    if compared is not None and settings.job_type == SEARCH_SUBMODEL:
        training = np.setdiff1d(everything, compared)
        return training, some_of(compared if held_out else training, most)
    if not held_out:
        return everything, some_of(everything, most)
    if compared is not None:
        holdout = some_of(compared, min(most, max(1, round(settings.holdout_rate * len(labels)))))
        return np.setdiff1d(everything, holdout), holdout
    rate = settings.holdout_rate
    training, holdout = split(labels.tolist(), range(len(labels)), rate, most, categorical, settings.seed)
    return (training, holdout) if len(holdout) else (everything, some_of(everything, most))
