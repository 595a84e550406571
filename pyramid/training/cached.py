"""What a caching has left beside its arrays, as the training of a network on them wants it."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.data.tabular.compared import Compared
from pyramid.data.tabular.layout import Layout
from pyramid.data.tabular.names import EVALUATION, IMPORTANCE, TREE_IMPORTANCES, TREES
from pyramid.errors import DataError
from pyramid.settings.columns import Table
from pyramid.training.submodel import Evaluation, Reference
from pyramid.training.table_data import open_array, read_array, targets_of


def layout_of(table: Table, tree_inputs: int, path: Path) -> Layout:
    """The layout of the array in ``path``: how many features an image has follows from its width.

    Raises:
        DataError: no width of an image fits, or ``tree_inputs`` is not what the caching made.
    """
    plain = Layout.of(table, tree_inputs, 0)
    images, shape = table.images, open_array(path).shape
    if not images or len(shape) != 2:
        return plain  # reading it will say what is wrong
    _check_trees(table, tree_inputs, path.parent)
    columns = shape[1]
    features, rest = divmod(columns - plain.columns, images)
    if rest or features < 1:
        raise DataError(
            [
                f"cache_file: {path} has {columns} columns, of which {plain.columns} belong to other columns than those"
                f" of images: {columns - plain.columns} are left for {images}"
            ]
        )
    return Layout.of(table, tree_inputs, features)


def _check_trees(table: Table, tree_inputs: int, folder: Path) -> None:
    """Where any width of an image fits, tree columns could be taken for its features."""
    made = len(read_json(folder / TREES)) * table.outputs if os.path.isfile(folder / TREES) else 0
    if tree_inputs != made:
        raise DataError([f"tree_inputs: is {tree_inputs}, but the arrays in {folder} have {made} columns of trees"])


def reference(folder: Path, layout: Layout, with_trees: bool) -> Reference | None:
    """The reference set in ``folder``, if it is there."""
    path = folder / IMPORTANCE
    if not os.path.isfile(path):
        return None
    unweighted = Layout(layout.trees, layout.widths, False, 1)
    rows = np.asarray(layout.learned(read_array(path, unweighted), with_trees))
    if not with_trees or not layout.trees:
        return Reference(rows, list(layout.widths))
    windows = [tuple(window) for window, _ in read_json(folder / TREES)]
    return Reference(rows, list(layout.widths), windows, read_json(folder / TREE_IMPORTANCES))


def evaluation(
    folder: Path, layout: Layout, compared: Compared | None, with_trees: bool, categorical: bool
) -> Evaluation | None:
    """The evaluation set in ``folder``, if it is there."""
    path = folder / EVALUATION
    if not os.path.isfile(path):
        return None
    rows = read_array(path, layout)
    targets = targets_of(rows, layout, categorical)
    inputs = np.ascontiguousarray(layout.learned(rows, with_trees))
    return Evaluation(inputs, targets, compared.evaluation if compared else np.arange(len(rows)))


def read_json(path: Path) -> Any:
    """What the caching wrote into ``path``.

    Raises:
        DataError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError([f"{path}: cannot be read ({error}); the dataset_caching job writes it"]) from error
