"""Successive halving by the median: who is stopped, and who never is."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid.search.median import Median

RUNGS = (128, 256, 512, 1024)


def passed(values, rung=128, least_peers=5):
    """A judge that has seen one network with each of the values at a rung."""
    median = Median(least_peers)
    for i, value in enumerate(values):
        median.behind(f"n{i}", rung, value)
    return median


def test_what_is_below_the_median_of_its_peers_is_behind():
    values = [0.1, 0.2, 0.3, 0.4, 0.5]
    assert passed(values).behind("new", 128, 0.29)
    assert not passed(values).behind("new", 128, 0.3)
    assert not passed(values).behind("new", 128, 0.31)


def test_nobody_is_behind_before_there_are_enough_peers():
    assert not passed([0.5] * 4).behind("new", 128, 0.0)
    assert passed([0.5] * 5).behind("new", 128, 0.0)
    assert passed([0.5] * 2, least_peers=2).behind("new", 128, 0.0)


def test_a_network_without_a_check_is_not_compared_and_is_no_peer():
    """A first check comes after an epoch: with small batches that is later."""
    median = passed([0.5] * 5)
    assert not median.behind("slow", 128, None)
    assert not median.behind("slow", 200, 0.9)
    assert not passed([None] * 5).behind("new", 128, 0.1)
    assert median.behind("new", 128, 0.1)


@pytest.mark.parametrize("bad", [math.nan, -math.inf])
def test_no_finite_value_is_worse_than_any(bad):
    assert passed([-1e9] * 5).behind("new", 128, bad)
    assert not passed([bad] * 5).behind("new", 128, bad)
    assert not passed([bad] * 5).behind("new", 128, -1e9)


def test_before_the_first_rung_nothing_is_compared():
    assert not passed([0.5] * 5).behind("new", 127, 0.0)


def test_networks_are_compared_with_those_of_the_same_rung_alone():
    assert not passed([0.9] * 5, rung=256).behind("new", 255, 0.1)
    assert passed([0.9] * 5, rung=511).behind("new", 256, 0.1)


def test_a_network_is_compared_once_a_rung():
    median = passed([0.5] * 4)
    assert not median.behind("slow", 128, 0.0)
    median.behind("n4", 128, 0.5)
    assert not median.behind("slow", 200, 0.0)


def test_a_later_value_does_not_count_at_a_rung_that_was_jumped_over():
    median = passed([0.9] * 9, rung=1024)
    assert not median.behind("new", 128, 0.1)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from([1, 3, 5]))
def test_equal_networks_and_the_best_of_all_are_never_stopped(values, least_peers):
    median, best = Median(least_peers), max(values)
    for rung in RUNGS:
        for i, value in enumerate(values):
            behind = median.behind(f"n{i}", rung, value)
            assert not (behind and value == best)


def test_about_half_are_stopped_at_each_rung():
    generator, median = random.Random(1), Median()
    alive = {f"n{i}": generator.random() for i in range(800)}
    for rung in RUNGS:
        before, arriving = len(alive), list(alive.items())
        generator.shuffle(arriving)
        alive = {name: value for name, value in arriving if not median.behind(name, rung, value)}
        assert 0.4 < len(alive) / before < 0.6
    assert max(alive.values()) > 0.99
