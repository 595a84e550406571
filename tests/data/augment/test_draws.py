"""The random numbers of a picture: uniform, and a function of (seed, epoch, row)."""

import numpy as np
import pytest
from scipy import stats

from pyramid.data.augment.draws import DRAWS, WIDTH, columns, draw

ROWS = np.arange(2000)
FIRST_EPOCH = np.zeros_like(ROWS)


def test_numbers_are_uniform_and_less_than_1():
    numbers = draw(0, FIRST_EPOCH, ROWS)
    assert (numbers.shape, numbers.dtype) == ((2000, WIDTH), np.float32)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    for column in numbers.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4


def test_numbers_of_a_row_do_not_depend_on_one_another():
    correlations = np.corrcoef(draw(0, FIRST_EPOCH, ROWS).T) - np.eye(WIDTH)
    assert np.abs(correlations).max() < 0.1


def test_neighbouring_rows_epochs_and_seeds_are_independent():
    numbers = draw(0, FIRST_EPOCH, ROWS)
    for other in (draw(0, FIRST_EPOCH, ROWS + 1), draw(0, FIRST_EPOCH + 1, ROWS), draw(1, FIRST_EPOCH, ROWS)):
        assert not (numbers == other).any(axis=1).all()
        assert abs(np.corrcoef(numbers.ravel(), other.ravel())[0, 1]) < 0.02


def test_a_row_is_drawn_the_same_in_any_company():
    numbers = draw(7, FIRST_EPOCH + 3, ROWS)
    order = np.random.default_rng(0).permutation(ROWS)
    np.testing.assert_array_equal(draw(7, FIRST_EPOCH + 3, order), numbers[order])
    np.testing.assert_array_equal(draw(7, np.array([3]), np.array([1234])), numbers[1234:1235])


@pytest.mark.parametrize("large", [2**31, 2**40, 2**62])
def test_large_numbers_are_others(large):
    small = draw(0, np.array([1]), np.array([1]))
    for epoch, row in ((large, 1), (1, large)):
        assert (draw(0, np.array([epoch]), np.array([row])) != small).any()


def test_every_augmentation_has_columns_of_its_own():
    taken = np.concatenate([np.arange(WIDTH)[columns(name)] for name in DRAWS])
    np.testing.assert_array_equal(np.sort(taken), np.arange(WIDTH))


def test_the_numbers_stay_what_they_are():
    """Another order of the columns, or another generator, would change every training that is repeated."""
    numbers = draw(5, np.array([2]), np.array([3]))[0]
    np.testing.assert_allclose(numbers[[0, 5, 27]], [0.1589193, 0.1441317, 0.4311426], atol=1e-6)
