"""Blur: down and up again, as TensorFlow's own resizing does it one picture at a time."""

import numpy as np
import pytest
from scipy import stats

from pyramid.data.augment.draws import WIDTH, columns, draw
from pyramid.tf import tf


def reference(picture, scale):
    height, width, _ = picture.shape
    small = (max(1, round(scale * height)), max(1, round(scale * width)))
    return tf.image.resize(tf.image.resize(picture, small), (height, width)).numpy()


def blurred(augmented, picture, n, number):
    draws = np.full((1, WIDTH), 0.5, np.float32)
    draws[0, columns("blur")] = number
    return augmented(picture, {"blur": n}, draws=draws)[0]


@pytest.mark.parametrize(("n", "number"), [(0.5, 0.0), (0.5, 0.4), (0.8, 0.25), (0.9, 0.0), (1.0, 0.0), (0.3, 0.3)])
def test_a_picture_is_shrunk_and_enlarged(augmented, n, number):
    picture = np.random.default_rng(0).integers(0, 256, (30, 44, 3), np.uint8)
    expected = reference(picture, 1 - n + n * number)
    np.testing.assert_allclose(blurred(augmented, picture, n, number), expected, atol=0.6)


def test_nothing_changes_at_strength_0(augmented):
    picture = np.random.default_rng(0).integers(0, 256, (30, 44, 3), np.uint8)
    np.testing.assert_array_equal(augmented(picture, {"blur": 1e-9}, times=5), np.repeat(picture[np.newaxis], 5, 0))


def test_the_scale_is_uniform(augmented):
    """A lonely white pixel spreads over a share of the picture that tells by how much it was shrunk."""
    rows = np.arange(400)
    numbers = draw(0, 0 * rows, rows)[:, columns("blur")][:, 0]
    assert stats.kstest(numbers, "uniform").pvalue > 1e-4
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    found = augmented(picture, {"blur": 0.5}, times=400)
    for number, image in zip(numbers[:40], found, strict=False):
        np.testing.assert_allclose(image, reference(picture, 0.5 + 0.5 * number), atol=0.6)


def test_what_is_blurred_was_moved_before(augmented):
    draws = np.full((1, WIDTH), 0.5, np.float32)
    draws[0, columns("blur")] = 0.2
    draws[0, columns("horizontal_flip")] = 0.0
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    found = augmented(picture, {"blur": 0.5, "horizontal_flip": 1}, draws=draws)[0]
    np.testing.assert_allclose(found, reference(picture[:, ::-1], 0.6), atol=0.6)
