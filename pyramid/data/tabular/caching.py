"""`dataset_caching`: a table of rows -> the arrays that the jobs of a search learn from and are judged by."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.split import sample
from pyramid.data.tabular import compared
from pyramid.data.tabular.arrays import Features, assemble
from pyramid.data.tabular.checks import check_inputs
from pyramid.data.tabular.choice import Choice, choose_rows
from pyramid.data.tabular.chunks import Source
from pyramid.data.tabular.layout import Array, Layout
from pyramid.data.tabular.names import COMPARED, EVALUATION, FULL, IMPORTANCE, SUBSET, TREE_IMPORTANCES, TREES
from pyramid.data.tabular.npy import CHUNK_BYTES, copy_rows, write_rows
from pyramid.data.tabular.staging import staged
from pyramid.settings.columns import Table

#: Bytes of the full array, above which it is a random subset; rows of the evaluation array; subsets: the contract of
#: the child process, "The .ser cache file" and "Job types".
MOST_BYTES = 512 * 2**20
EVALUATION_ROWS = 4096
SUBSETS = 8

#: What an earlier caching may have left and this one may not need.
_LEFT = (SUBSET.format("*"), COMPARED, TREES, TREE_IMPORTANCES)

#: Rows of a chunk; with pictures, of which each is decoded, fewer.
_CHUNK, _CHUNK_OF_PICTURES = 65_536, 1024

Rows = npt.NDArray[np.int64]

#: Told after each chunk: rows of the file that are done, and all of them.
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Cached:
    """What was written.

    Attributes:
        datasets: paths of the arrays to learn from: the full one, then the subsets if there are any.
        full_data_size: bytes of the full array's values.
        full_data_shape: its rows and columns.
        row_size: bytes of a row.
        tree_inputs: how many columns are tree columns; they come first.
        notes: which rows were left out, and why.
    """

    datasets: list[str]
    full_data_size: int
    full_data_shape: tuple[int, int]
    row_size: int
    tree_inputs: int
    notes: list[str]


def cache(
    table: Table,
    source: Source,
    folder: Path,
    *,
    seed: int,
    most_bytes: int = MOST_BYTES,
    parallelism: int = 1,
    max_data_size: int | None = None,
    trees: bool = False,
    balanced: bool = False,
    features: Features | None = None,
    feature_width: int = 0,
    held: Rows | None = None,
    tell: Tell = lambda done, rows: None,
) -> Cached:
    """Write the arrays of ``source`` to ``folder``: all of them, or after an error none.

    Args:
        most_bytes: of the full array.
        parallelism: workers that share ``max_data_size`` bytes; an array that is larger than a share gets subsets.
        trees: put tree columns in front.
        balanced: the reference rows have as many of each class.
        features: see ``assemble``; ``feature_width`` is how many a picture has.
        held: rows of the file on which networks are to be compared, where something has learned from the others.

    Raises:
        DataError: a row is not what ``table`` says, or none can be learned from.
    """
    layout = Layout.of(table, _tree_columns(table, feature_width) if trees else 0, feature_width)
    row_size = 4 * layout.columns
    choice = choose_rows(table, source, max(1, most_bytes // row_size), seed)
    share = max_data_size // parallelism // row_size if max_data_size else choice.rows
    with staged(folder, _LEFT, FULL) as stage:
        write_rows(stage / FULL, (choice.rows, layout.columns), _blocks(table, source, layout, choice, features, tell))
        array = np.load(stage / FULL, mmap_mode="r+")
        targets = _targets(array, table, layout)
        if layout.trees:
            _put_trees(array, table, layout, targets, seed, stage)
        places = None if held is None else np.flatnonzero(np.isin(np.flatnonzero(choice.mask), held))
        rows = _write_samples(array, table, layout, targets, balanced, places, seed, stage)
        without = _write_compared(targets, rows, bool(table.classes), places, seed, stage)
        subsets = _write_subsets(array, max(1, share), without, seed, stage)
        del array  # unmapped, so that the file can be moved everywhere
    datasets = [str(folder / name) for name in (FULL, *subsets)]
    shape = (choice.rows, layout.columns)
    return Cached(datasets, choice.rows * row_size, shape, row_size, layout.trees, choice.notes + source.notes())


def _tree_columns(table: Table, features: int) -> int:
    from pyramid.data.tabular.tree_columns import tree_columns  # takes scikit-learn's import, a second

    return tree_columns(table, features)


def _put_trees(array: Array, table: Table, layout: Layout, targets: npt.NDArray[Any], seed: int, stage: Path) -> None:
    from pyramid.data.tabular.tree_columns import put_trees

    put_trees(array, table, layout, targets, seed, stage)


def _blocks(
    table: Table, source: Source, layout: Layout, choice: Choice, features: Features | None, tell: Tell
) -> Iterator[Array]:
    """The chosen rows, a chunk at a time."""
    widest = max(4 * layout.columns, 8 * len(table.columns))
    most = max(1, min(_CHUNK_OF_PICTURES if table.images else _CHUNK, CHUNK_BYTES // widest))
    for chunk in source.chunks(most, range(len(table.columns))):
        check_inputs(table, chunk, source)
        done = chunk.first + len(chunk)
        mask = choice.mask[chunk.first : done]
        if mask.any():
            yield assemble(table, layout, chunk.where(mask), features)
        tell(done, len(choice.mask))


def _targets(array: Array, table: Table, layout: Layout) -> npt.NDArray[Any]:
    """The class index or the value of each row."""
    step = max(1, CHUNK_BYTES // (4 * layout.columns))
    parts = [layout.objective(array[first : first + step]) for first in range(0, len(array), step)]
    if table.classes:
        return np.concatenate([part.argmax(1) for part in parts])
    return np.concatenate([part[:, 0] for part in parts])


def _write_samples(
    array: Array,
    table: Table,
    layout: Layout,
    targets: npt.NDArray[Any],
    balanced: bool,
    held: Rows | None,
    seed: int,
    stage: Path,
) -> Rows:
    """The evaluation array, and the reference rows, which are taken from it; returns the rows that it has."""
    categorical = bool(table.classes)
    rows = np.arange(len(array))
    if len(array) >= EVALUATION_ROWS:
        rows = _evaluation_rows(targets, np.arange(0) if held is None else held, categorical, seed)
    evaluation = array[rows]
    write_rows(stage / EVALUATION, (len(rows), layout.columns), [evaluation])
    from pyramid.data.tabular.references import reference_rows  # TensorFlow: only once the rows have proved right

    references = reference_rows(evaluation, layout, categorical, balanced, seed)
    write_rows(stage / IMPORTANCE, (references.shape[0], references.shape[1]), [references])
    return rows


def _evaluation_rows(targets: npt.NDArray[Any], held: Rows, categorical: bool, seed: int) -> Rows:
    """``EVALUATION_ROWS`` of all, ``held`` first."""
    held = held[:EVALUATION_ROWS]
    others = np.setdiff1d(np.arange(len(targets)), held, assume_unique=True)
    more = sample(targets[others], EVALUATION_ROWS - len(held), categorical, seed)  # type: ignore[arg-type]
    return np.sort(np.concatenate([held, others[more]]))


def _write_compared(
    targets: npt.NDArray[Any], rows: Rows, categorical: bool, held: Rows | None, seed: int, stage: Path
) -> Rows:
    """The places in the full array of those rows of the evaluation array, ``rows``, that networks are compared on."""
    found = (
        compared.choose(targets[rows].tolist(), rows, len(targets), categorical, seed)
        if held is None
        else compared.of_held(rows, held)
    )
    if found is None:
        return np.arange(0)
    compared.write(found, stage)
    return found.full


def _write_subsets(array: Array, share: int, without: Rows, seed: int, stage: Path) -> list[str]:
    """``SUBSETS`` random subsets of ``share`` rows each, when there are more; their names.

    The rows ``without`` are in none of them, so that a subset may have fewer.
    """
    if len(array) <= share:
        return []
    others = np.setdiff1d(np.arange(len(array)), without, assume_unique=True)
    names = [SUBSET.format(i) for i in range(SUBSETS)]
    for i, name in enumerate(names):
        rng = np.random.default_rng([seed, 5, i])
        chosen = rng.choice(others, min(share, len(others)), replace=False)
        copy_rows(array, np.sort(chosen), stage / name)
    return names
