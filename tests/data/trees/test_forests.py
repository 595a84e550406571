"""What forests give: scikit-learn's own outputs, the same in batches, and the same through sensenet's operator."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyramid.data.trees.forests import Array, Forests
from pyramid.data.trees.learn import learn_forests
from pyramid.tf import tf
from tests.data.trees.tables import table_of_classes, table_of_values

from sensenet.layers.tree import ForestPreprocessor  # isort: skip


def served(kind: str, columns: int = 9) -> Forests:
    inputs, targets = table_of_values(900, columns) if kind == "values" else table_of_classes(900, columns, 3)
    return learn_forests(inputs, targets, None if kind == "values" else 3, seed=1).served


def through_sensenet(forests: Forests, inputs: Array) -> npt.NDArray[Any]:
    """The tree columns of sensenet's operator, made from the forests' JSON."""
    operator = ForestPreprocessor(json.loads(json.dumps(forests.documents())))
    both = operator(tf.constant(inputs)).numpy()
    assert np.array_equal(both[:, forests.outputs :], inputs)
    return both[:, : forests.outputs]


def through_scikit_learn(forests: Forests, inputs: Array) -> npt.NDArray[Any]:
    parts = []
    for (start, end), forest in zip(forests.windows, forests.forests, strict=True):
        window = inputs[:, start:end]
        parts.append(forest.predict_proba(window) if forests.classes > 1 else forest.predict(window)[:, np.newaxis])
    return np.hstack(parts)


def at_thresholds(forests: Forests, columns: int) -> Array:
    """Rows with a threshold as float32 in each column, or the next number below or above."""
    rng = np.random.default_rng(5)
    found: list[list[float]] = [[] for _ in range(columns)]
    for (start, _), forest in zip(forests.windows, forests.forests, strict=True):
        for tree in forest.estimators_:
            for node in np.flatnonzero(tree.tree_.feature >= 0):
                found[start + tree.tree_.feature[node]].append(tree.tree_.threshold[node])
    near = np.stack([rng.choice(np.array(of, np.float32), 2000) for of in found], axis=1)
    steps = rng.choice(np.array([-np.inf, 0, np.inf], np.float32), near.shape)
    return np.where(steps == 0, near, np.nextafter(near, steps)).astype(np.float32)


@pytest.mark.parametrize("kind", ["classes", "values"])
def test_forests_give_what_scikit_learn_and_sensenet_give(kind: str) -> None:
    forests = served(kind)
    inputs = np.random.default_rng(3).normal(0, 2, (2000, 9)).astype(np.float32)
    assert forests.embed(inputs) == pytest.approx(through_scikit_learn(forests, inputs), abs=1e-6)
    assert through_sensenet(forests, inputs) == pytest.approx(forests.embed(inputs), abs=1e-5)
    assert forests.embed(inputs).std(axis=0).min() > 0.01


@pytest.mark.parametrize("kind", ["classes", "values"])
def test_an_input_at_a_threshold_goes_the_same_way_in_sensenet(kind: str) -> None:
    forests = served(kind)
    inputs = at_thresholds(forests, 9)
    assert through_sensenet(forests, inputs) == pytest.approx(through_scikit_learn(forests, inputs), abs=1e-5)


def test_neighbouring_float32_inputs_are_divided_in_sensenet_too() -> None:
    """A threshold between two neighbours is no float32: rounded to the nearest, half of the pairs would go one way.

    scikit-learn divides nothing that is nearer than 1e-7: neighbours are, below 1.
    """
    below = np.random.default_rng(2).uniform(2, 8, 16).astype(np.float32)
    for number in below:
        pair = np.array([[number], [np.nextafter(number, np.float32(9))]] * 8, np.float32)
        forests = learn_forests(pair, np.array([0, 1] * 8), 2, seed=0).served
        assert through_sensenet(forests, pair) == pytest.approx(through_scikit_learn(forests, pair), abs=1e-5)
        assert forests.embed(pair)[0, 1] < forests.embed(pair)[1, 1]


def test_many_rows_are_embedded_as_few_are() -> None:
    forests = served("classes")
    inputs = np.random.default_rng(4).normal(size=(40_000, 9)).astype(np.float32)
    pieces = [forests.embed(inputs[first : first + 7001]) for first in range(0, 40_000, 7001)]
    assert np.array_equal(forests.embed(inputs), np.concatenate(pieces))


def test_a_class_that_a_forest_does_not_know_gets_zeros() -> None:
    """Class 1 of four is in no row, class 3 in one."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, 8)).astype(np.float32)
    targets = np.array([0, 2] * 19 + [0, 3])
    embedding = learn_forests(inputs, targets, 4, seed=0)
    for forests in (embedding.served, embedding.other):
        by_class = forests.embed(inputs).reshape(40, -1, 4)
        assert (by_class[:, :, 1] == 0).all()
        assert by_class.sum(axis=2) == pytest.approx(1.0)
        assert by_class[targets == 2, :, 2].mean() > by_class[targets == 0, :, 2].mean()
        assert through_sensenet(forests, inputs) == pytest.approx(forests.embed(inputs), abs=1e-5)
    assert (embedding.served.embed(inputs).reshape(40, -1, 4)[:, :, 3] > 0).any() != (
        embedding.other.embed(inputs).reshape(40, -1, 4)[:, :, 3] > 0
    ).any()
