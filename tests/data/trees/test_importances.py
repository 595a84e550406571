"""The importances of the columns of each forest's window."""

import json

import numpy as np
import pytest

from pyramid.data.trees.importances import tree_importances
from pyramid.data.trees.learn import learn_forests
from tests.data.trees.tables import noise, table_of_classes, table_of_values


@pytest.mark.parametrize("classes", [None, 3])
def test_importances_sum_to_one_and_find_the_column_that_decides(classes: int | None) -> None:
    inputs, targets = table_of_values(800, 9) if classes is None else table_of_classes(800, 9, classes)
    inputs, placed = np.roll(inputs, 5, axis=1), 5  # what decides is now column 5
    forests = learn_forests(inputs, targets, classes, seed=0).served
    importances = tree_importances(forests)
    assert json.loads(json.dumps(importances)) == importances
    assert [len(shares) for shares in importances] == [end - start for start, end in forests.windows]
    assert [sum(shares) for shares in importances] == pytest.approx([1.0] * len(importances))
    informed = [(start, end) for start, end in forests.windows if start <= placed < end]
    assert len(informed) >= 2
    for (start, end), shares in zip(forests.windows, importances, strict=True):
        if (start, end) in informed:
            assert int(np.argmax(shares)) == placed - start
            assert max(shares) > 0.6


def test_columns_that_are_constant_have_no_importance() -> None:
    inputs, targets = table_of_values(300, 4)
    inputs[:, 2] = 7
    for shares in tree_importances(learn_forests(inputs, targets, None, seed=0).served):
        assert shares[2] == 0
        assert min(shares[0], shares[1], shares[3]) > 0


def test_columns_beyond_the_tenth_have_their_own_shares() -> None:
    """The fields' names are sorted as text: 10 before 2."""
    inputs, targets = table_of_classes(800, 30, 10)
    inputs = np.roll(inputs, 12, axis=1)
    forests = learn_forests(inputs, targets, 10, seed=0).served
    assert forests.windows[0] == (0, 15)
    assert int(np.argmax(tree_importances(forests)[0])) == 12


@pytest.mark.parametrize("classes", [None, 2])
def test_forests_without_a_split_give_equal_shares(classes: int | None) -> None:
    inputs, _ = noise(40, 5)
    forests = learn_forests(inputs, np.ones(40), classes, seed=0).served
    assert tree_importances(forests) == [[0.25] * 4] * len(forests.windows)


def test_a_class_in_no_row_leaves_the_importances_defined() -> None:
    inputs, targets = table_of_classes(300, 8, 2)
    importances = tree_importances(learn_forests(inputs, 2 * targets, 3, seed=0).served)
    assert [sum(shares) for shares in importances] == pytest.approx([1.0, 1.0])


def test_no_forests_have_no_importances() -> None:
    inputs, _ = noise(200, 5)
    assert tree_importances(learn_forests(inputs, np.arange(200) % 130, 130, seed=0).served) == []
