"""The rows whose pictures the image network of a search does not learn from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyramid.data.tabular import compared
from pyramid.data.tabular.caching import EVALUATION_ROWS, cache
from pyramid.data.tabular.held_pictures import hold_out, read, write
from pyramid.data.tabular.names import EVALUATION, FULL
from pyramid.data.tabular.sources import open_source
from tests.data.tabular.making import AGE, PRICE, table_of, write_table


def example(row: int, file: str, label: Any) -> dict[str, Any]:
    return {"file": file, "label": label, "weight": 1.0, "group": str(row)}


def classes(rows: int) -> list[dict[str, Any]]:
    return [example(row, f"{row}.png", "ab"[row % 4 == 0]) for row in range(rows)]


def test_a_fifth_is_held_out_with_the_classes_in_proportion(tmp_path: Path) -> None:
    held = hold_out(classes(200), str(tmp_path), True, 0)
    assert len(held) == len(set(held.tolist())) == 40
    assert sum(held % 4 == 0) == 10
    np.testing.assert_array_equal(held, hold_out(classes(200), str(tmp_path), True, 0))
    assert held.tolist() != hold_out(classes(200), str(tmp_path), True, 1).tolist()


def test_rows_have_the_numbers_that_they_have_in_the_table_and_may_have_several_pictures(tmp_path: Path) -> None:
    pictures = [example(row, f"{row}_{side}.png", float(row)) for row in range(10, 410, 4) for side in "lr"]
    held = hold_out(pictures, str(tmp_path), False, 0)
    assert len(held) == 20
    assert set(held.tolist()) < set(range(10, 410, 4))


def test_rows_that_show_the_same_picture_stay_together(tmp_path: Path) -> None:
    """Each is there under two names, and each name in two rows."""
    for i in range(50):
        for name in "xy":
            (tmp_path / f"{i}{name}.png").write_bytes(bytes([i]) * 100)
    pictures = [example(row, f"{row // 4}{'xy'[row % 2]}.png", float(row // 4)) for row in range(200)]
    held = set(hold_out(pictures, str(tmp_path), False, 0).tolist())
    assert 20 <= len(held) <= 60
    assert all(len(held & set(range(first, first + 4))) in (0, 4) for first in range(0, 200, 4))


@pytest.mark.parametrize(
    "pictures", [classes(32), [example(row, "one.png", row) for row in range(100)]], ids=["few", "one picture"]
)
def test_none_is_held_out_where_that_would_say_nothing(tmp_path: Path, pictures: list[dict[str, Any]]) -> None:
    held = hold_out(pictures, str(tmp_path), True, 0)
    assert len(held) == 0
    assert read(tmp_path) is None
    write(held, tmp_path)
    assert read(tmp_path) is None


@pytest.mark.parametrize("rows", [300, 3 * EVALUATION_ROWS])
def test_networks_are_compared_on_the_rows_that_were_held_out(tmp_path: Path, rows: int) -> None:
    """Every third row has no objective, and is none of the arrays."""
    values = np.arange(float(rows))
    prices = [None if row % 3 == 0 else float(row % 50) for row in range(rows)]
    path = write_table(tmp_path / "t.parquet", {"age": values.tolist(), "price": prices})
    table, held = table_of([AGE, PRICE]), np.arange(1, rows, 15)
    write(held, tmp_path)
    cache(table, open_source(table, path), tmp_path / "arrays", seed=0, held=read(tmp_path))
    full, found = np.load(tmp_path / "arrays" / FULL), compared.read(tmp_path / "arrays")
    assert found is not None
    ages = full[found.full, 0] * 8.0 + 40.0
    np.testing.assert_allclose(ages, held, atol=0.01)
    evaluation = np.load(tmp_path / "arrays" / EVALUATION)
    assert len(evaluation) == min(len(full), EVALUATION_ROWS)
    np.testing.assert_array_equal(evaluation[found.evaluation], full[found.full])
