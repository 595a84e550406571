"""Drawn backgrounds."""

import numpy as np
import pytest

from pyramid.generation.backdrop import SHAPES, backdrop

MANY = 300


def rng(seed=0):
    return np.random.default_rng(seed)


def colours(picture):
    return len(np.unique(picture @ np.array([1, 256, 65536])))


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (1, 50), (50, 1), (2, 3), (64, 48), (8192, 1), (1, 8192), (3000, 20), (8192, 600)]
)
def test_every_size_works(width, height):
    for seed in range(20 if width * height < 1e6 else 2):
        picture = backdrop(width, height, rng(seed))
        assert picture.shape == (height, width, 3)
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous


def test_the_same_generator_gives_the_same_picture():
    np.testing.assert_array_equal(backdrop(64, 48, rng(5)), backdrop(64, 48, rng(5)))


def test_no_two_pictures_are_alike():
    draws = rng()
    assert len({backdrop(32, 32, draws).tobytes() for _ in range(MANY)}) == MANY


def test_some_have_no_shape_and_some_have_many():
    draws = rng()
    counts = np.array([colours(backdrop(64, 64, draws)) for _ in range(MANY)])
    assert 0.05 < (counts == 1).mean() < 0.25
    assert (counts > 30).mean() > 0.3


def test_the_colours_reach_from_black_to_white_in_all_channels():
    draws = rng()
    corners = np.array([backdrop(16, 16, draws)[0, 0] for _ in range(MANY)])
    assert (corners.min(axis=0) < 10).all()
    assert (corners.max(axis=0) > 245).all()
    assert abs(corners.mean(axis=0) - 127.5).max() < 15


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_shape_has_its_colour_a_smooth_edge_and_any_size(shape):
    draws, areas, smooth = rng(), [], 0
    for _ in range(50):
        picture = np.zeros((100, 100, 3), np.uint8)
        shape(picture, [200, 100, 50], draws)
        assert (picture <= [200, 100, 50]).all()
        areas.append(picture.any(axis=2).sum())
        smooth += ((picture > 0) & (picture < [200, 100, 50])).any()
    assert max(areas) > 5 * (1 + min(areas))
    assert smooth > 15
    assert np.count_nonzero(areas) > 45
