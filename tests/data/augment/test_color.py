"""Colours: the documented formulas on known pictures, and the distribution of each parameter."""

import numpy as np
import pytest
from scipy import stats

from pyramid.data.augment.draws import WIDTH, columns

MANY = 3000


@pytest.fixture
def grey():
    """Values far from 0 and 255 with another mean in each channel, uint8 [4, 5, 3]."""
    rng = np.random.default_rng(0)
    return (np.array([90, 120, 150]) + rng.integers(-30, 31, (4, 5, 3))).astype(np.uint8)


def uniform(values, low, high):
    return stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 1e-4


def test_contrast_moves_values_from_the_mean_of_their_channel(augmented, grey):
    draws = np.full((1, WIDTH), 0.5, np.float32)
    draws[0, columns("contrast")] = 0.9
    mean = grey.mean((0, 1))
    expected = mean + (grey - mean) * (1 + 0.4)  # 0.9 lies at 0.8 of the way from -0.5 to 0.5
    np.testing.assert_allclose(augmented(grey, {"contrast": 0.5}, draws=draws)[0], expected, atol=0.51)


def test_the_change_of_contrast_is_uniform(augmented, grey):
    found = augmented(grey, {"contrast": 0.4}, times=MANY)
    np.testing.assert_allclose(found.mean((1, 2)), np.repeat([grey.mean((0, 1))], MANY, 0), atol=0.3)
    assert uniform(found.std((1, 2))[:, 0] / grey.std((0, 1))[0], 0.6 - 0.01, 1.4 + 0.01)


def test_brightness_adds_the_same_everywhere(augmented, grey):
    added = augmented(grey, {"brightness": 0.2}, times=MANY) - grey
    assert (added == added[:, :1, :1, :1]).all()
    assert uniform(added[:, 0, 0, 0], -51.5, 51.5)


def test_brightness_stops_at_black_and_white(augmented):
    picture = np.full((2, 2, 3), 250, np.uint8)
    found = augmented(picture, {"brightness": 1}, times=200)
    assert found.min() == 0
    assert found.max() == 255


def test_half_of_the_pictures_are_inverted(augmented, grey):
    found = augmented(grey, {"color_invert": 1}, times=MANY)
    inverted = (found == 255 - grey.astype(int)).all((1, 2, 3))
    assert ((found == grey).all((1, 2, 3)) ^ inverted).all()
    assert 0.47 < inverted.mean() < 0.53


def test_tint_multiplies_a_subset_of_the_channels_of_half_of_the_pictures(augmented):
    picture = np.full((1, 1, 3), 200, np.uint8)
    factors = augmented(picture, {"tint": 0.25}, times=20 * MANY)[:, 0, 0] / 200
    changed = factors != 1  # but for the factors that round to 200
    assert 0.47 < changed.any(1).mean() < 0.53
    tinted = factors[changed.any(1)]
    subsets, counts = np.unique(tinted != 1, axis=0, return_counts=True)
    assert len(subsets) == 7
    assert counts.min() > 0.8 * len(tinted) / 7
    assert tinted.min() == 0.75
    assert tinted.max() == 1.25
    assert abs(np.corrcoef(tinted[(tinted != 1).all(1)].T)[0, 1]) < 0.05  # each channel has a factor of its own
    for channel in range(3):
        values = tinted[tinted[:, channel] != 1, channel]
        assert uniform(values + np.random.default_rng(0).uniform(-0.0025, 0.0025, len(values)), 0.7475, 1.2525)


def test_one_pass_does_what_the_steps_would_do(augmented, grey):
    """Tint, contrast, brightness, inversion: each on what the one before has left."""
    draws = np.full((1, WIDTH), 0.5, np.float32)
    draws[0, columns("tint")] = [0.1, 0.99, 0.75, 0.25, 0.5]  # all channels, by 1.1, 0.9 and 1
    draws[0, columns("contrast")] = 0.75
    draws[0, columns("brightness")] = 0.6
    draws[0, columns("color_invert")] = 0.2
    step = grey * np.array([1.1, 0.9, 1.0])
    step = step.mean((0, 1)) + (step - step.mean((0, 1))) * 1.1
    step = 255 - (step + 0.2 * 0.1 * 255)
    strengths = {"tint": 0.2, "contrast": 0.2, "brightness": 0.1, "color_invert": 1}
    np.testing.assert_allclose(augmented(grey, strengths, draws=draws)[0], step, atol=0.51)


@pytest.mark.parametrize("name", ["brightness", "contrast", "tint"])
def test_nothing_changes_at_strength_0(augmented, grey, name):
    np.testing.assert_array_equal(augmented(grey, {name: 1e-9}, times=5), np.repeat(grey[np.newaxis], 5, 0))
