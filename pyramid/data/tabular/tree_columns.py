"""The tree columns of a cached array, and what the finished model needs of the trees."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyramid.data.tabular.layout import Array, Layout
from pyramid.data.tabular.names import TREE_IMPORTANCES, TREES
from pyramid.data.tabular.npy import CHUNK_BYTES
from pyramid.data.trees.learn import count_forests, learn_forests
from pyramid.settings.columns import Table


def tree_columns(table: Table, features: int) -> int:
    """How many columns trees take, known before they are learned.

    Args:
        features: of a picture.
    """
    return count_forests(sum(table.widths(features)), table.outputs) * table.outputs


def put_trees(
    array: Array, table: Table, layout: Layout, targets: npt.NDArray[np.generic], seed: int, to: Path
) -> None:
    """Learn trees from ``array`` [rows, layout.columns], fill its tree columns, and write two documents to ``to``.

    Args:
        targets: [rows], class indices or values.
    """
    inputs = array[:, layout.trees : layout.trees + layout.inputs]
    embedding = learn_forests(inputs, targets, len(table.classes) or None, seed)
    step = max(1, CHUNK_BYTES // (4 * layout.columns))
    for first in range(0, len(array), step):
        rows = slice(first, first + step)
        array[rows, : layout.trees] = embedding.embed(np.asarray(inputs[rows]), first)
    from pyramid.data.trees.importances import tree_importances

    for name, content in (
        (TREES, embedding.served.documents()),
        (TREE_IMPORTANCES, tree_importances(embedding.served)),
    ):
        (to / name).write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
