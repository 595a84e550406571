"""Learning the tree embedding: how many forests, over which columns, from which rows."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyramid.data.trees.forests import Forests
from pyramid.data.trees.learn import SAMPLE, Embedding, count_forests, learn_forests, place_windows
from pyramid.errors import DataError
from tests.data.trees.tables import noise, table_of_classes, table_of_values

COUNTS = [  # columns, classes, forests
    (1, 1, 1),
    (7, 1, 7),
    (30, 1, 16),
    (13, 3, 4),
    (4, 3, 1),
    (64, 10, 6),
    (2048, 10, 12),
    (2048, 2, 16),
    (500, 128, 1),
    (500, 129, 0),
    (0, 2, 0),
]


@pytest.mark.parametrize(("columns", "classes", "count"), COUNTS)
def test_the_number_of_forests_is_the_contracts(columns: int, classes: int, count: int) -> None:
    assert count_forests(columns, classes) == count
    assert count * classes <= 128


@pytest.mark.parametrize(
    ("columns", "count", "windows"),
    [
        (1, 1, [(0, 1)]),
        (3, 3, [(0, 3)] * 3),
        (5, 5, [(0, 4), (0, 4), (0, 4), (1, 5), (1, 5)]),
        (12, 3, [(0, 6), (3, 9), (6, 12)]),
        (2048, 3, [(0, 1024), (512, 1536), (1024, 2048)]),
    ],
)
def test_windows_of_some_tables(columns: int, count: int, windows: list[tuple[int, int]]) -> None:
    assert place_windows(columns, count) == windows


def test_windows_cover_all_columns_and_overlap() -> None:
    for columns in [*range(1, 70), 127, 128, 500, 1280, 2048]:
        for count in range(1, min(16, columns) + 1):
            windows = place_windows(columns, count)
            assert len(windows) == count
            assert (windows[0][0], windows[-1][1]) == (0, columns)
            assert {end - start for start, end in windows} == {windows[0][1]}
            assert windows[0][1] >= min(columns, 4)
            shared = [left[1] - right[0] for left, right in itertools.pairwise(windows)]
            assert all(width >= windows[0][1] // 2 - 1 for width in shared)


def error_of(forests: Forests, inputs: Any, targets: Any) -> float:
    return float(np.mean((forests.embed(inputs).mean(axis=1) - targets) ** 2))


def embedding_error(embedding: Embedding, inputs: Any, targets: Any, rows: Any) -> float:
    return float(np.mean((embedding.embed(inputs, 0).mean(axis=1) - targets)[rows] ** 2))


def test_no_row_is_embedded_by_trees_that_saw_it() -> None:
    """The target is noise of variance 1: only trees that saw a row come nearer to it than that."""
    inputs, targets = noise(600, 5)
    embedding = learn_forests(inputs, targets, None, seed=0)
    seen = embedding.seen
    unseen = np.setdiff1d(np.arange(600), seen)
    assert len(seen) == len(unseen) == 300
    assert error_of(embedding.served, inputs[seen], targets[seen]) < 0.75
    assert error_of(embedding.other, inputs[unseen], targets[unseen]) < 0.75
    assert embedding_error(embedding, inputs, targets, seen) > 0.9
    assert embedding_error(embedding, inputs, targets, unseen) > 0.9


def test_rows_beyond_the_sample_are_embedded_by_what_is_served() -> None:
    inputs, targets = table_of_values(3 * SAMPLE, 4)
    embedding = learn_forests(inputs, targets, None, seed=0)
    assert len(embedding.seen) == SAMPLE // 2
    everyone = embedding.embed(inputs, 0)
    beyond = np.setdiff1d(np.arange(len(inputs)), embedding.seen)
    assert np.array_equal(everyone[beyond], embedding.served.embed(inputs[beyond]))
    assert np.array_equal(everyone[embedding.seen], embedding.other.embed(inputs[embedding.seen]))


def test_chunks_of_a_memory_mapped_file_are_embedded_as_the_whole_is(tmp_path: Path) -> None:
    inputs, targets = table_of_classes(1000, 6, 2)
    np.save(tmp_path / "inputs.npy", inputs)
    mapped = np.load(tmp_path / "inputs.npy", mmap_mode="r")
    embedding = learn_forests(mapped, targets, 2, seed=0)
    chunks = [embedding.embed(mapped[first : first + 333], first) for first in range(0, 1000, 333)]
    assert np.array_equal(np.concatenate(chunks), embedding.embed(inputs, 0))
    assert not np.array_equal(embedding.embed(inputs, 0), embedding.embed(inputs, 1))


def test_the_halves_have_the_classes_in_proportion() -> None:
    inputs, _ = noise(1000, 3)
    targets = np.array([0] * 900 + [1] * 90 + [2] * 10)
    embedding = learn_forests(inputs, targets, 3, seed=0)
    assert np.bincount(targets[embedding.seen]).tolist() == [450, 45, 5]


def test_the_same_seed_gives_the_same_trees_and_another_seed_others() -> None:
    inputs, targets = table_of_classes(500, 6, 3)
    texts = [json.dumps(learn_forests(inputs, targets, 3, seed).served.documents()) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
@pytest.mark.parametrize("classes", [None, 3])
def test_a_few_rows_are_enough(rows: int, classes: int | None) -> None:
    inputs, _ = noise(rows, 6)
    embedding = learn_forests(inputs, np.arange(rows) % 3, classes, seed=0)
    embedded = embedding.embed(inputs, 0)
    assert embedded.shape == (rows, embedding.outputs) == (rows, 6)
    assert np.isfinite(embedded).all()
    assert len(json.dumps(embedding.served.documents())) > 0


def test_one_class_only_is_certain_everywhere() -> None:
    inputs, _ = noise(50, 6)
    embedded = learn_forests(inputs, np.full(50, 1), 2, seed=0).embed(inputs, 0)
    assert embedded.tolist() == [[0.0, 1.0] * 3] * 50
    assert learn_forests(inputs, np.zeros(50), 1, seed=0).embed(inputs, 0).tolist() == [[1.0] * 6] * 50


@pytest.mark.parametrize(("columns", "classes"), [(20, 129), (0, 2)])
def test_too_many_classes_or_no_inputs_give_no_tree_columns(columns: int, classes: int) -> None:
    inputs, _ = noise(300, columns)
    embedding = learn_forests(inputs, np.arange(300) % classes, classes, seed=0)
    assert embedding.embed(inputs, 0).shape == (300, 0)
    assert (embedding.outputs, embedding.served.documents()) == (0, [])


WRONG: list[tuple[npt.NDArray[Any], int | None, str]] = [
    (np.array([]), None, "at least 1 row"),
    (np.array([0.0, np.nan]), None, "row 1: .* must be a finite number, but it is nan"),
    (np.array([0, 1, -1]), 2, "row 2: .* must be the index of a class, 0 to 1, but it is -1"),
    (np.array([0, 2, 1]), 2, "row 1: .* but it is 2"),
]


@pytest.mark.parametrize(("targets", "classes", "message"), WRONG)
def test_targets_that_cannot_be_learned_are_named(targets: npt.NDArray[Any], classes: int | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        learn_forests(np.zeros((len(targets), 2), np.float32), targets, classes, seed=0)


def test_infinite_inputs_are_refused() -> None:
    with pytest.raises(DataError, match="must be finite numbers"):
        learn_forests(np.full((9, 2), np.inf, np.float32), np.zeros(9), None, seed=0)
