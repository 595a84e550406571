"""Anchors: sizes that stand for many."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyramid.data.anchors import Sizes, find_anchors, mean_best_iou, size_iou, sort_anchors

SIDES = st.floats(0.01, 2000) | st.sampled_from([0.0, 1.0, 1.04, 32.0, 32.04])
SIZES = st.integers(1, 60).flatmap(lambda n: arrays(np.float64, (n, 2), elements=SIDES))
REAL_SIZES = st.integers(1, 20).flatmap(lambda n: arrays(np.float64, (n, 2), elements=st.floats(0.01, 2000)))


def many(count: int = 500, seed: int = 0) -> Sizes:
    """Sizes of all kinds without a pattern."""
    return np.exp(np.random.default_rng(seed).normal(3.5, 0.8, (count, 2)))


# IoU


@pytest.mark.parametrize(
    ("a", "b", "iou"),
    [
        ((10, 10), (10, 10), 1),
        ((10, 10), (5, 10), 0.5),
        ((10, 10), (5, 5), 0.25),
        ((10, 5), (5, 10), 25 / 75),
        ((2, 50), (50, 2), 4 / 196),
        ((3, 4), (6, 2), 6 / 18),
    ],
)
def test_iou_of_sizes(a: tuple[float, float], b: tuple[float, float], iou: float) -> None:
    assert size_iou(np.array([a], float), np.array([b], float)).tolist() == [[pytest.approx(iou)]]


@given(REAL_SIZES, REAL_SIZES)
@settings(deadline=None)
def test_iou_is_symmetric_and_a_share(a: Sizes, b: Sizes) -> None:
    iou = size_iou(a, b)
    assert iou.shape == (len(a), len(b))
    np.testing.assert_allclose(iou, size_iou(b, a).T)
    assert (iou >= 0).all()
    assert (iou <= 1 + 1e-12).all()
    np.testing.assert_allclose(np.diag(size_iou(a, a)), 1)


def test_the_mean_best_iou() -> None:
    sizes = np.array([[10, 10], [10, 5], [40, 40], [5, 20]], float)
    best = [1, 0.5, 0.0625 * 4, 50 / 150]  # of [40, 40] with [20, 20], of [5, 20] with [10, 10]
    assert mean_best_iou(sizes, [[10, 10], [20, 20]]) == pytest.approx(sum(best) / 4)
    assert mean_best_iou(sizes, sizes.tolist()) == 1


# k-means


@pytest.mark.parametrize("seed", range(8))
def test_clusters_that_are_obvious_are_found(seed: int) -> None:
    centres = np.array([[10, 10], [90, 25], [20, 120], [150, 150], [60, 400], [300, 200]], float)
    rng = np.random.default_rng(seed)
    sizes = np.concatenate([centre * rng.uniform(0.97, 1.03, (40, 2)) for centre in centres])
    np.testing.assert_allclose(find_anchors(rng.permutation(sizes), 6, 1000, seed), centres, rtol=0.03)


def test_two_obvious_clusters_of_unequal_size_are_found_with_any_seed() -> None:
    sizes = np.array([[10, 20]] * 500 + [[11, 21]] * 2 + [[200, 100]] * 3, float)
    for seed in range(20):
        assert find_anchors(sizes, 2, 1000, seed) == [[10, 20], [200, 100]]


def test_anchors_fit_better_than_a_draw_of_the_sizes() -> None:
    sizes = many(2000)
    found = mean_best_iou(sizes, find_anchors(sizes, 9, 1000, 0))
    draws = [mean_best_iou(sizes, sizes[np.random.default_rng(i).choice(2000, 9)].tolist()) for i in range(20)]
    assert found > max(draws)


def test_the_seed_decides() -> None:
    sizes = many()
    assert find_anchors(sizes, 9, 1000, 1) == find_anchors(sizes, 9, 1000, 1)
    assert find_anchors(sizes, 9, 1000, 1) != find_anchors(sizes, 9, 1000, 2)


def test_of_many_boxes_a_sample_is_clustered() -> None:
    sizes = many(50_000)
    anchors = find_anchors(sizes, 6, 1000, 0)
    assert anchors == find_anchors(sizes, 6, 1000, 0)
    assert mean_best_iou(sizes, anchors) == pytest.approx(
        mean_best_iou(sizes, find_anchors(sizes[::3], 6, 1000, 0)), abs=0.01
    )


def test_a_size_that_is_there_often_does_not_take_all_anchors() -> None:
    sizes = np.concatenate([np.full((5000, 2), 30.0), many(20)])
    anchors = find_anchors(sizes, 9, 1000, 0)
    assert len({tuple(anchor) for anchor in anchors}) == 9
    assert mean_best_iou(sizes[5000:], anchors) > 0.5


# Few sizes


def test_with_as_many_sizes_as_anchors_these_are_the_anchors() -> None:
    sizes = np.array([[40, 10], [10, 10], [30.04, 90.01]] * 7, float)
    assert find_anchors(sizes, 3, 1000, 0) == [[10, 10], [40, 10], [30, 90]]


def test_fewer_sizes_are_spread() -> None:
    root = 2**0.5
    expected = [[50, 25], [50 * root, 25 * root], [100, 50], [100 * root, 50 * root], [200, 100]]
    assert find_anchors(np.array([[100.0, 50.0]]), 5, 1000, 0) == [pytest.approx(size, abs=0.051) for size in expected]


@pytest.mark.parametrize("size", [0.0, 0.2, 1.0, 1.3])
def test_no_anchor_is_below_a_pixel(size: float) -> None:
    anchors = find_anchors(np.array([[size, size], [size, 3.0]]), 9, 1000, 0)
    assert np.min(anchors) >= 1


# Properties


@given(SIZES, st.integers(1, 12), st.integers(0, 2**31 - 1))
@settings(deadline=None, max_examples=150)
def test_there_are_always_so_many_different_anchors_sorted_by_area(sizes: Sizes, count: int, seed: int) -> None:
    anchors = find_anchors(sizes, count, 1000, seed)
    assert len({tuple(anchor) for anchor in anchors}) == len(anchors) == count
    assert np.min(anchors) >= 1
    areas = [width * height for width, height in anchors]
    assert areas == sorted(areas)
    assert all(round(side, 1) == side for anchor in anchors for side in anchor)
    assert all(type(side) is float for anchor in anchors for side in anchor)


def test_of_equal_areas_the_narrower_is_first() -> None:
    assert sort_anchors([[8, 1], [4, 4], [1, 8], [2, 4], [1, 1]]) == [[1, 1], [1, 8], [2, 4], [8, 1], [4, 4]]


def test_the_input_is_not_changed() -> None:
    sizes = many(50)
    before = sizes.copy()
    find_anchors(sizes, 6, 1000, 0)
    np.testing.assert_array_equal(sizes, before)


@pytest.mark.filterwarnings("error")
def test_sizes_of_0_are_as_good_as_any() -> None:
    sizes = np.concatenate([np.zeros((50, 2)), many(20)])
    assert mean_best_iou(sizes[50:], find_anchors(sizes, 6, 1000, 0)) > 0.5
