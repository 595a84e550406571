"""The caching of a table: which arrays are written, and what is in them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyramid.data.tabular.caching import Cached, cache
from pyramid.data.tabular.layout import Array, Layout
from pyramid.data.tabular.sources import open_source
from tests.data.tabular.making import (
    AGE,
    COLOUR,
    MIXED,
    NUMBERS,
    PICTURES,
    SPECIES,
    Info,
    mixed_rows,
    raw_rows,
    table_of,
    write_ser,
    write_table,
)

ALWAYS = ["evaluation_dataset.npy", "full_dataset.npy", "importance_dataset.npy"]
COMPARED = "compared_rows.npy"
SUBSETS = [f"data_subset_{i}.npy" for i in range(8)]


def cached(folder: Path, infos: list[Info], rows: list[list[Any]], **options: Any) -> Cached:
    """Write ``rows`` to a `.ser` file and cache it in ``folder / "out"``."""
    table = table_of(infos, weighted=infos is MIXED)
    source = open_source(table, write_ser(folder / "table.ser", infos, rows), len(rows))
    return cache(table, source, folder / "out", **({"seed": 0} | options))


def load(folder: Path, name: str = "full_dataset") -> Array:
    return np.load(folder / "out" / f"{name}.npy", allow_pickle=False)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out").iterdir())


def rows_of(array: Array) -> set[bytes]:
    return {row.tobytes() for row in array}


def test_the_arrays_hold_the_rows_in_order_and_the_answer_tells_their_size(tmp_path: Path) -> None:
    rows = mixed_rows(MIXED, 50)
    answer = cached(tmp_path, MIXED, rows)
    full = load(tmp_path)
    assert files(tmp_path) == [COMPARED, *ALWAYS]
    assert answer == Cached([str(tmp_path / "out" / "full_dataset.npy")], 50 * 32, (50, 8), 32, 0, [])
    assert full.dtype == np.float32
    assert full.shape == (50, 8)
    np.testing.assert_array_equal(full[:, 0], np.array([row[0] for row in rows], np.float32))
    np.testing.assert_array_equal(full[:, 1:4].argmax(1), [row[1] for row in rows])
    np.testing.assert_array_equal(full[:, 6:].argmax(1), [row[4] for row in rows])
    np.testing.assert_array_equal(load(tmp_path, "evaluation_dataset"), full)


def test_the_reference_rows_have_no_weight_and_the_class_index_last(tmp_path: Path) -> None:
    cached(tmp_path, MIXED, mixed_rows(MIXED, 300))
    full, reference = load(tmp_path), load(tmp_path, "importance_dataset")
    assert reference.dtype == np.float32
    assert reference.shape == (64, 6)
    index = full[:, 6:].argmax(1).astype(np.float32)[:, None]
    assert rows_of(reference) <= rows_of(np.concatenate([full[:, :5], index], axis=1))
    assert set(reference[:, -1]) == {0, 1}


def test_the_reference_rows_of_numbers_have_the_value_last(tmp_path: Path) -> None:
    cached(tmp_path, NUMBERS, mixed_rows(NUMBERS, 200))
    assert load(tmp_path, "importance_dataset").shape == (64, 6)
    assert rows_of(load(tmp_path, "importance_dataset")) <= rows_of(load(tmp_path))


def test_values_whose_squares_32_bits_cannot_hold_have_reference_rows(tmp_path: Path) -> None:
    rows = [[value * 1e37, *rest] for value, *rest in mixed_rows(NUMBERS, 200)]
    cached(tmp_path, NUMBERS, rows)
    assert rows_of(load(tmp_path, "importance_dataset")) <= rows_of(load(tmp_path))


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 100])
@pytest.mark.parametrize("infos", [MIXED, NUMBERS])
def test_few_or_equal_rows_are_cached_too(tmp_path: Path, count: int, infos: list[Info]) -> None:
    cached(tmp_path, infos, mixed_rows(infos, 1) * count, trees=True)
    assert len(load(tmp_path, "importance_dataset")) == min(count, 64)
    assert len(load(tmp_path)) == count


def test_an_objective_of_one_class_has_the_index_0(tmp_path: Path) -> None:
    infos = [AGE, COLOUR, {**SPECIES, "values": ["only"]}]
    cached(tmp_path, infos, mixed_rows(infos, 70))
    assert set(load(tmp_path)[:, -1]) == {1}
    assert set(load(tmp_path, "importance_dataset")[:, -1]) == {0}


@pytest.mark.parametrize("balanced", [False, True])
def test_many_classes_of_few_rows_have_reference_rows(tmp_path: Path, balanced: bool) -> None:
    infos = [AGE, {**SPECIES, "values": [f"class {i}" for i in range(100)]}]
    rows = [[float(i), float(i % 90)] for i in range(200)]
    cached(tmp_path, infos, rows, balanced=balanced)
    assert load(tmp_path, "importance_dataset").shape == (64, 2)


def test_from_4096_rows_on_the_evaluation_is_a_sample_with_the_classes_in_proportion(tmp_path: Path) -> None:
    rows = [[i / 8000, 0.0, 0.0, 1.0, float(i % 100 == 0)] for i in range(8192)]
    cached(tmp_path, MIXED, rows)
    evaluation = load(tmp_path, "evaluation_dataset")
    assert len(evaluation) == 4096
    assert evaluation[:, -1].sum() == 41
    assert rows_of(evaluation) <= rows_of(load(tmp_path))
    assert len(rows_of(evaluation)) == 4096
    assert abs(float(evaluation[:, 0].mean()) - 4096 / 8000) < 0.02


def test_a_table_that_is_too_large_is_a_random_subset_in_order(tmp_path: Path) -> None:
    rows = [[float(i), 0.0, 0.0, 1.0, 0.0] for i in range(1000)]
    answer = cached(tmp_path, MIXED, rows, most_bytes=100 * 32 + 31)
    kept = load(tmp_path)[:, 0]
    assert answer.full_data_shape == (100, 8)
    assert answer.notes == ["900 of 1,000 rows are left out at random: the memory allows 100 rows"]
    assert (np.diff(kept) > 0).all()
    assert kept.min() < 100 < 900 < kept.max()
    cached(tmp_path, MIXED, rows, most_bytes=3200, seed=1)
    assert set(load(tmp_path)[:, 0]) != set(kept)


def test_subsets_are_written_when_the_array_is_larger_than_a_workers_share(tmp_path: Path) -> None:
    rows = [[float(i), 0.0, 0.0, 1.0, 0.0] for i in range(1000)]
    answer = cached(tmp_path, MIXED, rows, max_data_size=32 * 1000, parallelism=4)
    assert files(tmp_path) == sorted([*ALWAYS, *SUBSETS, COMPARED])
    assert [Path(path).name for path in answer.datasets] == ["full_dataset.npy", *SUBSETS]
    kept = [np.load(path)[:, 0] for path in answer.datasets[1:]]
    assert all(len(numbers) == 250 and (np.diff(numbers) > 0).all() for numbers in kept)
    assert len({tuple(numbers) for numbers in kept}) == 8
    answer = cached(tmp_path, MIXED, rows, max_data_size=320)
    assert answer.full_data_shape == (1000, 8)
    assert np.load(answer.datasets[1]).shape == (10, 8)
    cached(tmp_path, MIXED, rows, max_data_size=32 * 1000, parallelism=1)
    assert files(tmp_path) == [COMPARED, *ALWAYS]


def test_subsets_have_no_row_that_networks_are_compared_on(tmp_path: Path) -> None:
    """Even where a worker's share is nearly the whole array."""
    rows = [[float(i), 0.0, 0.0, 1.0, 0.0] for i in range(1000)]
    answer = cached(tmp_path, MIXED, rows, max_data_size=32 * 950)
    full, subsets = load(tmp_path), [np.load(path) for path in answer.datasets[1:]]
    held = {float(number) for number in full[np.load(tmp_path / "out" / COMPARED)[0], 0]}
    assert len(held) == 200
    assert all(len(subset) == 800 and not held & set(subset[:, 0].tolist()) for subset in subsets)


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    rows = mixed_rows(MIXED, 5000)
    contents = []
    for _ in range(2):
        cached(tmp_path, MIXED, rows, max_data_size=4000 * 48, parallelism=3, trees=True)
        contents.append({name: (tmp_path / "out" / name).read_bytes() for name in files(tmp_path)})
    assert set(contents[0]) == {*ALWAYS, *SUBSETS, "trees.json", "tree_importances.json", "compared_rows.npy"}
    assert contents[0] == contents[1]


def test_rows_without_an_objective_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = mixed_rows(MIXED, 40)
    for place in (0, 7, 39):
        rows[place][-1] = -1.0
    answer = cached(tmp_path, MIXED, rows)
    assert answer.notes == ["3 of 40 rows are left out: their objective is missing"]
    expected = [row[0] for i, row in enumerate(rows) if i not in (0, 7, 39)]
    np.testing.assert_array_equal(load(tmp_path)[:, 0], np.array(expected, np.float32))


def test_a_table_whose_numeric_objective_lacks_and_whose_categories_are_unknown_says_so(tmp_path: Path) -> None:
    columns = raw_rows(NUMBERS, mixed_rows(NUMBERS, 10))
    columns["price"][2], columns["price"][5] = None, float("nan")
    columns["colour"][:3] = ["pink", "pink", None]
    path = write_table(tmp_path / "table.parquet", columns)
    table = table_of(NUMBERS)
    answer = cache(table, open_source(table, path), tmp_path / "out", seed=0)
    assert answer.full_data_shape == (8, 6)
    assert answer.notes == [
        "2 of 10 rows are left out: their objective is missing",
        "info_list[1]: 2 values of the column 'colour' are none of its categories and count as missing",
    ]


def test_tree_columns_come_first_and_are_those_of_the_documents(tmp_path: Path) -> None:
    rows = mixed_rows(MIXED, 400)
    for row in rows:
        row[-1] = float(row[0] > 0)
    answer = cached(tmp_path, MIXED, rows, trees=True)
    assert answer.tree_inputs == 4  # min(16, 5 inputs // 2 classes) forests of 2 classes
    assert files(tmp_path) == sorted([*ALWAYS, COMPARED, "trees.json", "tree_importances.json"])
    full = load(tmp_path)
    layout = Layout.of(table_of(MIXED, True), 4, 0)
    assert full.shape == (400, 12)
    np.testing.assert_allclose(full[:, :4].reshape(400, 2, 2).sum(2), 1, atol=1e-6)
    found = full[:, 1:4:2].mean(1) > 0.5
    assert (found == layout.objective(full).argmax(1)).mean() > 0.8
    trees = json.loads((tmp_path / "out" / "trees.json").read_text())
    importances = json.loads((tmp_path / "out" / "tree_importances.json").read_text())
    assert len(trees) == len(importances) == 2
    assert load(tmp_path, "importance_dataset").shape == (64, 10)
    assert load(tmp_path, "evaluation_dataset").shape == (400, 12)
    np.testing.assert_array_equal(full[:, 4], np.array([row[0] for row in rows], np.float32))


def test_the_tree_columns_of_rows_that_no_tree_saw_are_what_the_documents_say(tmp_path: Path) -> None:
    from pyramid.tf import tf

    from sensenet.layers.tree import ForestPreprocessor  # isort: skip

    cached(tmp_path, NUMBERS, mixed_rows(NUMBERS, 6000), trees=True)
    full = load(tmp_path)
    trees = json.loads((tmp_path / "out" / "trees.json").read_text())
    columns = len(trees)
    served = np.asarray(ForestPreprocessor(trees)(tf.constant(full[:, columns:-1])))
    same = np.abs(served[:, :columns] - full[:, :columns]).max(1) < 1e-5
    assert 6000 - 1024 <= same.sum() < 6000


def test_what_an_earlier_caching_left_is_removed_and_other_files_stay(tmp_path: Path) -> None:
    rows = mixed_rows(MIXED, 100)
    cached(tmp_path, MIXED, rows, trees=True, max_data_size=100 * 48, parallelism=2)
    (tmp_path / "out" / "mine.txt").touch()
    cached(tmp_path, MIXED, rows)
    assert files(tmp_path) == sorted([*ALWAYS, COMPARED, "mine.txt"])


def test_progress_counts_all_rows_of_the_file_chunk_by_chunk(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    rows = mixed_rows(PICTURES, 1500)
    rows[0][-1] = -1.0
    cached(
        tmp_path,
        PICTURES,
        rows,
        features=lambda names: np.array([[float(name[:-4]), 2] for name in names], np.float32),
        feature_width=2,
        tell=lambda done, total: told.append((done, total)),
    )
    assert told == [(1024, 1500), (1500, 1500)]
    np.testing.assert_array_equal(load(tmp_path)[:, 1], np.arange(1, 1500))
