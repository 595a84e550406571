"""The pictures in a table, for `image_training`: every picture of a row is an example of the row's objective."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pyramid.data.tabular.checks import check_inputs, known_objective
from pyramid.data.tabular.chunks import Chunk, Source
from pyramid.errors import DataError
from pyramid.settings.columns import ImageColumn, Table

_CHUNK = 65_536


def read_examples_of_images(table: Table, source: Source) -> list[dict[str, Any]]:
    """``{"file", "label", "weight", "group"}`` of each picture, row by row, as `training_data` has them.

    A file is relative to `image_root`; a label is the name of a class, or a value in its own unit; a group is the
    number of the row, from 0. A row without an objective has no examples, and a picture that is missing is none.

    Raises:
        DataError: a row is not what ``table`` says, or there is no example.
    """
    examples = [
        example
        for chunk in source.chunks(_CHUNK, range(len(table.columns)))
        for example in _examples(table, chunk, source)
    ]
    if not examples:
        raise DataError([f"{source.path}: no row has both a picture and an objective"])
    return examples


def _examples(table: Table, chunk: Chunk, source: Source) -> Iterator[dict[str, Any]]:
    check_inputs(table, chunk, source)
    known = known_objective(table, Chunk(chunk.first, chunk.columns[-1:]), source)
    columns = chunk.where(known)
    pictures = [columns[place] for place, column in enumerate(table.inputs) if isinstance(column, ImageColumn)]
    weights = np.asarray(columns[-2]).tolist() if table.weighted else [1.0] * int(np.count_nonzero(known))
    groups = [str(chunk.first + i) for i in np.flatnonzero(known)]
    for *files, label, weight, group in zip(*pictures, _labels(table, columns[-1]), weights, groups, strict=True):
        yield from ({"file": file, "label": label, "weight": weight, "group": group} for file in files if file)


def _labels(table: Table, values: Any) -> list[Any]:
    if table.classes:
        return [table.classes[int(value)] for value in values]
    mean, stdev = table.moments
    return (values * stdev + mean).tolist()
