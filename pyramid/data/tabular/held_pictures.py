"""The rows of a table whose pictures the image network does not learn from: on them networks are compared."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.data.same_files import joined
from pyramid.data.split import TINY, split
from pyramid.data.tabular.compared import MOST, SHARE, Indices
from pyramid.data.tabular.names import HELD_ROWS

#: What `read_examples_of_images` makes of a picture.
Example = dict[str, Any]


def hold_out(examples: Sequence[Example], root: str, stratified: bool, seed: int) -> Indices:
    """A fifth of the rows, or 4,096; none where that would be too few to say anything, or leave one label to learn.

    Rows that show the same picture, also under another name, are held out together.

    Args:
        root: what the names of pictures are relative to.

    Returns:
        Places in the file of the table, sorted.
    """
    parts = joined([os.path.join(root, one["file"]) for one in examples], [one["group"] for one in examples])
    rows = {one["group"]: (part, one["label"]) for one, part in zip(examples, parts, strict=True)}
    if len(rows) <= TINY:
        return np.arange(0)
    groups, labels = zip(*rows.values(), strict=True)
    count = min(MOST, int(SHARE * len(rows)))
    training, held = split(labels, groups, count / len(rows), count, stratified, seed)
    if len({labels[i] for i in training}) < 2:
        return np.arange(0)
    return np.sort(np.array(list(rows), np.int64)[held])


def write(held: Indices, folder: Path) -> None:
    np.save(folder / HELD_ROWS, held)


def read(folder: Path) -> Indices | None:
    """What `write` wrote into ``folder``; None when it never did, or when no row was held out."""
    path = folder / HELD_ROWS
    held: Indices = np.load(path, allow_pickle=False) if path.is_file() else np.arange(0)
    return held if len(held) else None
