"""The rows that networks are compared on."""

from pathlib import Path

import numpy as np
import pytest

from pyramid.data.tabular.compared import Compared, choose, read, write


def chosen(total: int, evaluated: int, stratified: bool = True, classes: int = 3) -> Compared:
    rows = np.sort(np.random.default_rng(0).permutation(total)[:evaluated])
    found = choose((np.arange(evaluated) % classes).tolist(), rows, total, stratified, 0)
    assert found is not None
    np.testing.assert_array_equal(rows[found.evaluation], found.full)
    return found


@pytest.mark.parametrize(("total", "evaluated", "count"), [(100, 100, 20), (5000, 4096, 1000), (50_000, 4096, 4096)])
def test_a_fifth_of_all_rows_or_the_whole_evaluation_set(total: int, evaluated: int, count: int) -> None:
    found = chosen(total, evaluated)
    assert len(found.full) == len(set(found.full.tolist())) == count


def test_classes_keep_their_shares() -> None:
    found = chosen(300, 300)
    assert np.bincount(found.evaluation % 3).tolist() == [20, 20, 20]


def test_a_tiny_table_has_none() -> None:
    assert choose([0.0, 1.0] * 16, np.arange(32), 32, False, 0) is None


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    found = chosen(200, 200)
    write(found, tmp_path)
    again = read(tmp_path)
    assert again is not None
    np.testing.assert_array_equal(found.full, again.full)
    np.testing.assert_array_equal(found.evaluation, again.evaluation)
