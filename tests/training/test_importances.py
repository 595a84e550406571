"""How much each input matters, where the truth is known."""

import numpy as np
import pytest

from pyramid.networks.deepnets import build_deepnet
from pyramid.networks.given_layers import output_layers
from pyramid.networks.hidden_layers import hidden_layers
from pyramid.tf import tf
from pyramid.training.importances import MOST_CLASSES, importances, of_inputs

COLUMNS = 10
#: Of the columns 7, 2 and 4 of the made up tables; all other columns say nothing.
STRENGTHS = {7: 4.0, 2: 2.0, 4: 1.0}


@pytest.fixture(autouse=True)
def forget():
    yield
    tf.keras.backend.clear_session()  # else Keras keeps every network, and each test is slower than the one before


@pytest.fixture(scope="module")
def table():
    """3,000 rows of ten standardised columns, and their exact score."""
    inputs = np.random.default_rng(5).normal(size=(3000, COLUMNS)).astype(np.float32)
    weights = np.zeros(COLUMNS)
    weights[[*STRENGTHS]] = [*STRENGTHS.values()]
    return inputs, (inputs @ weights).astype(np.float32)


def learned(inputs, targets, outputs, loss):
    """A network with two hidden layers that has learned ``targets``."""
    categorical = outputs > 1
    layers = [*hidden_layers([16, 16], "relu", 0.0, False), *output_layers(outputs, categorical)]
    tf.keras.utils.set_random_seed(3)  # the order of the batches
    network = build_deepnet(layers, inputs.shape[1], categorical, 1)
    network.served.compile("adam", loss)
    network.served.optimizer.learning_rate = 0.01
    network.served.fit(inputs, targets, epochs=8, batch_size=32, verbose=0)
    return network.served


def model(function, columns):
    """A Keras model of a made up function of the columns."""
    rows = tf.keras.Input((columns,))
    return tf.keras.Model(rows, tf.keras.layers.Lambda(function)(rows))


def assert_the_truth_is_found(found):
    assert found.shape == (COLUMNS,)
    assert found.sum() == pytest.approx(1.0)
    assert found[[*STRENGTHS]].sum() > 0.8  # measured: 0.89 to 0.94; 0.3 would be chance
    assert list(np.argsort(-found)[:3]) == [7, 2, 4]


def test_the_columns_that_a_value_depends_on_are_found_in_the_order_of_their_strengths(table):
    inputs, score = table
    network = learned(inputs, score / score.std(), 1, "mse")
    assert_the_truth_is_found(importances(network, inputs[:100], 0))


def test_the_columns_that_a_class_depends_on_are_found_in_the_order_of_their_strengths(table):
    inputs, score = table
    classes = np.digitize(score, np.quantile(score, [1 / 3, 2 / 3]))
    network = learned(inputs, classes, 3, "sparse_categorical_crossentropy")
    assert_the_truth_is_found(importances(network, inputs[:100], 0))


def test_of_a_linear_network_they_are_the_mean_differences_times_the_weights():
    """What integrated gradients give exactly, whatever place on the way is drawn."""
    points = np.random.default_rng(1).normal(size=(30, 3)).astype(np.float32)
    weights = np.array([[2.0], [-3.0], [0.5]], np.float32)
    linear = model(lambda rows: tf.matmul(rows, weights) + 7.0, 3)
    changes = np.abs((points - points.mean(axis=0)) * weights[:, 0]).sum(axis=0)
    np.testing.assert_allclose(importances(linear, points, 0), changes / changes.sum(), rtol=1e-4)


def test_a_column_that_never_changes_has_none():
    points = np.random.default_rng(1).normal(size=(30, 2)).astype(np.float32)
    points[:, 1] = 3.0
    assert importances(model(lambda rows: tf.reduce_sum(rows, 1, keepdims=True), 2), points, 0).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_constant_network_gives_zeros(outputs):
    points = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    constant = model(lambda rows: tf.nn.softmax(tf.matmul(0.0 * rows, tf.ones((4, outputs)))), 4)
    assert importances(constant, points, 0).tolist() == [0.0] * 4


def test_one_point_alone_has_no_way_from_another_and_gives_zeros():
    assert importances(model(lambda rows: tf.square(rows[:, :1]), 2), np.ones((1, 2), np.float32), 0).tolist() == [0, 0]


def test_the_same_seed_gives_the_same_importances():
    points = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    curved = model(lambda rows: tf.reduce_sum(rows**3 * [1.0, 2.0, 3.0], 1, keepdims=True), 3)
    first = importances(curved, points, 4)
    np.testing.assert_array_equal(importances(curved, points, 4), first)
    assert np.abs(importances(curved, points, 5) - first).max() > 1e-6


def test_a_network_that_is_sure_is_explained_by_the_class_that_it_chose():
    """Of the least likely classes the gradients are all but zero: they must not be the ones that are explained."""
    points = np.random.default_rng(1).normal(size=(60, 4)).astype(np.float32)
    logits = tf.constant([[30.0, -30.0, 0, 0], [3.0, -3.0, 0, 0], [0, 0, 1, -1], [0, 0, 0, 0]])

    def classes(rows):
        return tf.nn.softmax(tf.matmul(rows, logits) - [0.0, 0.0, 60.0, 60.0])

    found = importances(model(classes, 4), points, 0)
    assert found[0] > 0.8
    assert found[1] > 20 * found[2]


def test_of_more_classes_than_are_explained_the_columns_are_still_found():
    """Class k has its own column k, and 30 columns more say nothing."""
    classes = MOST_CLASSES + 4
    points = np.random.default_rng(1).normal(size=(60, classes + 10)).astype(np.float32)
    found = importances(model(lambda rows: tf.nn.softmax(2 * rows[:, :classes]), classes + 10), points, 0)
    assert found.sum() == pytest.approx(1.0)
    assert found[classes:].max() < 1e-6
    assert (found[:classes] > 0).sum() >= MOST_CLASSES


def test_the_two_most_likely_classes_decide_where_some_class_is_never_among_them():
    """Class 2 depends on column 2, but is never likely."""
    points = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
    found = importances(model(lambda rows: tf.nn.softmax(rows - [0.0, 0.0, 40.0]), 3), points, 0)
    assert found[2] < 1e-6
    assert found[0] == pytest.approx(0.5, abs=0.15)


def test_the_columns_of_a_category_are_summed():
    assert of_inputs(np.array([0.1, 0.2, 0.3, 0.4]), [1, 2, 1], [], []) == pytest.approx([0.1, 0.5, 0.4])


def test_one_column_each_stays_as_it_is():
    assert of_inputs(np.array([0.75, 0.25]), [1, 1], [], []) == [0.75, 0.25]


def test_tree_columns_are_led_back_to_the_columns_of_their_windows():
    """Two forests of two outputs: the first sees columns 0 and 1, the second 1 to 3; inputs take 1, 2 and 1."""
    columns = np.array([0.1, 0.1, 0.2, 0.2, 0.1, 0.05, 0.15, 0.1])
    found = of_inputs(columns, [1, 2, 1], [(0, 2), (1, 4)], [[0.25, 0.75], [0.5, 0.5, 0.0]])
    own = [0.1 + 0.2 * 0.25, 0.05 + 0.2 * 0.75 + 0.4 * 0.5, 0.15 + 0.4 * 0.5, 0.1]
    assert found == pytest.approx([own[0], own[1] + own[2], own[3]])
    assert sum(found) == pytest.approx(1.0)


def test_windows_that_the_network_does_not_use_change_nothing():
    """A search makes trees for all of its networks, and some go without."""
    assert of_inputs(np.array([0.5, 0.5]), [1, 1], [(0, 2)], [[1.0, 0.0]]) == [0.5, 0.5]


def test_what_was_given_is_not_changed():
    columns = np.array([0.4, 0.3, 0.3])
    of_inputs(columns, [1, 1], [(0, 2)], [[0.5, 0.5]])
    assert columns.tolist() == [0.4, 0.3, 0.3]
