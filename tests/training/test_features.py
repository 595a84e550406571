"""What frozen layers make of each picture: computed once, whoever asks and in whatever order."""

import numpy as np
import pytest

from pyramid.tf import tf
from pyramid.training.features import Features, feature_bytes


@pytest.fixture(scope="module")
def extractor():
    pixels = tf.keras.Input((8, 6, 3))
    strided = tf.keras.layers.Conv2D(4, 3, strides=2, activation="relu")(pixels)
    return tf.keras.Model(pixels, tf.keras.layers.Flatten()(strided))


@pytest.fixture
def pictures():
    return np.random.default_rng(3).integers(0, 256, (20, 8, 6, 3)).astype(np.uint8)


@pytest.fixture
def expected(extractor, pictures):
    return extractor(pictures.astype(np.float32), training=False).numpy()


@pytest.fixture
def counting():
    """A model that gives the mean of a picture, and how many pictures it was given."""
    seen = tf.Variable(0)

    def count(pixels):
        seen.assign_add(tf.shape(pixels)[0])
        return tf.reduce_mean(pixels, axis=[1, 2])

    pixels = tf.keras.Input((8, 6, 3))
    return tf.keras.Model(pixels, tf.keras.layers.Lambda(count)(pixels)), seen


@pytest.mark.parametrize("batch_size", [1, 7, 64])
@pytest.mark.parametrize("rows", [[0], [5, 3, 19], [2, 2, 2, 7, 2], [*range(19, -1, -1)]])
def test_any_rows_in_any_order_have_the_features_of_their_pictures(extractor, pictures, expected, batch_size, rows):
    features = Features(extractor, pictures, batch_size)
    for asked in (rows, [*reversed(rows)]):  # computed, and then known
        np.testing.assert_allclose(features[np.array(asked)], expected[asked], rtol=1e-5, atol=1e-4)


def test_rows_that_are_asked_for_one_after_the_other_are_those_of_all_at_once(extractor, pictures, expected):
    features = Features(extractor, pictures, 4)
    parts = [features[rows] for rows in np.array_split(np.random.default_rng(0).permutation(20), 6)]
    order = np.random.default_rng(0).permutation(20)
    np.testing.assert_allclose(np.concatenate(parts), expected[order], rtol=1e-5, atol=1e-4)


def test_a_picture_is_computed_once(counting, pictures):
    model, seen = counting
    features = Features(model, pictures, 4)
    before = int(seen)
    features.fill([np.array([1, 2, 3]), np.array([3, 4]), np.array([1])])
    assert int(seen) - before == 4
    features[np.array([4, 4, 5])]
    assert int(seen) - before == 5
    for _ in range(3):
        features.fill([np.arange(20)])
    assert int(seen) - before == 20


def test_what_is_known_does_not_follow_its_picture(extractor, pictures, expected):
    features = Features(extractor, pictures, 4)
    features.fill([np.array([1, 2])])
    pictures[:] = 0
    np.testing.assert_allclose(features[np.array([2, 1])], expected[[2, 1]], rtol=1e-5, atol=1e-4)
    assert not np.allclose(features[np.array([0])], expected[[0]])  # it was not known, and its picture is another


def test_no_rows_are_no_work(counting, pictures):
    model, seen = counting
    features = Features(model, pictures, 4)
    before = int(seen)
    features.fill([np.array([], np.int64)])
    assert features[np.array([], np.int64)].shape == (0, 3)
    assert int(seen) == before


def test_it_looks_like_an_array(extractor, pictures):
    features = Features(extractor, pictures, 4)
    assert features.shape == (20, 24)
    values = features[np.array([3, 1, 3])]
    assert (values.shape, values.dtype) == ((3, 24), np.float32)
    assert feature_bytes(extractor, 20) == features.shape[0] * features.shape[1] * values.itemsize


def test_what_is_given_is_no_view_of_what_is_kept(extractor, pictures, expected):
    features = Features(extractor, pictures, 4)
    features[np.array([0, 1])][:] = 7
    np.testing.assert_allclose(features[np.array([0, 1])], expected[:2], rtol=1e-5, atol=1e-4)
