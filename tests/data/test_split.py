"""Properties of the split into training data and holdout."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyramid.data.split import split

RATES = st.floats(0.01, 0.99)
SEEDS = st.integers(0, 2**31 - 1)
LABELS = st.lists(st.sampled_from("aaaaabbbccdefghij"), min_size=2, max_size=150)
LARGEST = st.integers(1, 200)


def alone(n: int) -> list[str]:
    """Every example is its own group."""
    return [f"file {i}" for i in range(n)]


def asked(n: int, rate: float, largest: int) -> int:
    """How many examples the holdout should have: neither side is empty."""
    return max(1, min(round(n * rate), largest, n - 1))


def assert_divides(training: Any, holdout: Any, n: int) -> None:
    assert sorted([*training, *holdout]) == list(range(n))
    assert list(training) == sorted(training)
    assert list(holdout) == sorted(holdout)


@given(LABELS, RATES, LARGEST, st.booleans(), SEEDS)
@settings(deadline=None, max_examples=100)
def test_every_example_is_on_one_side(
    labels: list[str], rate: float, largest: int, stratified: bool, seed: int
) -> None:
    n = len(labels)
    training, holdout = split(labels, alone(n), rate, largest, stratified, seed)
    assert_divides(training, holdout, n)
    assert len(holdout) <= asked(n, rate, largest)
    if not stratified or min(map(labels.count, labels)) > 1:
        assert len(holdout) == asked(n, rate, largest)


@given(LABELS, RATES, LARGEST, SEEDS)
@settings(deadline=None, max_examples=100)
def test_a_stratified_holdout_has_the_share_of_each_class(
    labels: list[str], rate: float, largest: int, seed: int
) -> None:
    labels = labels + labels  # no class of one example
    n = len(labels)
    _, holdout = split(labels, alone(n), rate, largest, True, seed)
    held = [labels[i] for i in holdout]
    for label in set(labels):
        assert abs(held.count(label) - labels.count(label) * len(held) / n) < 1


@given(LABELS, RATES, LARGEST, SEEDS)
@settings(deadline=None, max_examples=100)
def test_a_class_of_one_example_stays_in_the_training_data(
    labels: list[str], rate: float, largest: int, seed: int
) -> None:
    _, holdout = split(labels, alone(len(labels)), rate, largest, True, seed)
    assert all(labels.count(labels[i]) > 1 for i in holdout)


@given(LABELS, RATES, LARGEST, SEEDS)
@settings(deadline=None, max_examples=100)
def test_the_holdout_is_not_empty_when_a_class_has_several_examples(
    labels: list[str], rate: float, largest: int, seed: int
) -> None:
    labels = [*labels, "z", "z", "z"]
    training, holdout = split(labels, alone(len(labels)), rate, largest, True, seed)
    assert len(training) > 0
    assert len(holdout) > 0


@given(LABELS, RATES, LARGEST, st.booleans(), SEEDS)
@settings(deadline=None, max_examples=50)
def test_the_same_seed_gives_the_same_split(
    labels: list[str], rate: float, largest: int, stratified: bool, seed: int
) -> None:
    first = split(labels, alone(len(labels)), rate, largest, stratified, seed)
    again = split(labels, alone(len(labels)), rate, largest, stratified, seed)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize("stratified", [True, False])
@pytest.mark.parametrize("in_groups", [1, 2])
def test_another_seed_gives_another_split(stratified: bool, in_groups: int) -> None:
    groups = [f"g{i // in_groups}" for i in range(200)]
    splits = {tuple(split(["a", "b"] * 100, groups, 0.2, 8192, stratified, seed)[1]) for seed in range(5)}
    assert len(splits) == 5


def test_a_holdout_is_drawn_from_everywhere() -> None:
    """Sorted rows, as a folder gives them, are shuffled first."""
    drawn = [split(["a"] * 100 + ["b"] * 100, alone(200), 0.2, 8192, True, seed)[1] for seed in range(40)]
    counts = np.bincount(np.concatenate(drawn), minlength=200)
    assert counts.min() > 0
    assert counts.max() < 25  # 8 are expected, with a standard deviation of 2.5


def test_numbers_are_split_without_regard_to_their_value() -> None:
    training, holdout = split([float(i) for i in range(100)], alone(100), 0.2, 8192, False, 0)
    assert (len(training), len(holdout)) == (80, 20)


# Groups

GROUPS = st.lists(st.integers(0, 20), min_size=2, max_size=80)


@given(GROUPS, st.data(), RATES, st.booleans(), SEEDS)
@settings(deadline=None, max_examples=100)
def test_a_group_is_on_one_side(
    groups: list[int], data: st.DataObject, rate: float, stratified: bool, seed: int
) -> None:
    n = len(groups)
    labels = data.draw(st.lists(st.sampled_from("aaabbc"), min_size=n, max_size=n))
    names = [f"group {group}" for group in groups]
    training, holdout = split(labels, names, rate, 8192, stratified, seed)
    assert_divides(training, holdout, n)
    assert not {groups[i] for i in training} & {groups[i] for i in holdout}
    if len(set(groups)) > 1:
        assert len(training) > 0
        if n > len(set(groups)):  # else every example is alone, and a class of one example may stay where it is
            assert len(holdout) > 0
    else:
        assert len(holdout) == 0


@given(GROUPS, RATES, st.booleans(), SEEDS)
@settings(deadline=None, max_examples=30)
def test_the_same_seed_gives_the_same_split_of_groups(
    groups: list[int], rate: float, stratified: bool, seed: int
) -> None:
    names = [str(group) for group in groups]
    labels = ["ab"[i % 2] for i in range(len(groups))]
    first = split(labels, names, rate, 8192, stratified, seed)
    again = split(labels, names, rate, 8192, stratified, seed)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize("stratified", [True, False])
@pytest.mark.parametrize("rate", [0.05, 0.2, 0.4, 0.7])
def test_small_groups_give_the_share_that_was_asked_for(rate: float, stratified: bool) -> None:
    groups = [f"g{i // 2}" for i in range(200)]  # pairs
    _, holdout = split(["a", "a", "b", "b"] * 50, groups, rate, 8192, stratified, 0)
    assert len(holdout) == pytest.approx(200 * rate, abs=4)


@pytest.mark.parametrize("stratified", [True, False])
@pytest.mark.parametrize("largest", [10, 29])
def test_groups_do_not_make_the_holdout_larger_than_it_may_be(largest: int, stratified: bool) -> None:
    groups = [f"g{i // 2}" for i in range(100)]
    _, holdout = split(["a", "a", "b", "b"] * 25, groups, 0.9, largest, stratified, 0)
    assert 0 < len(holdout) <= largest


def test_one_large_group_does_not_become_the_holdout() -> None:
    """A film of 60 pictures and 40 single ones: a holdout of 20 does not need the film."""
    groups = ["film"] * 60 + alone(40)
    for seed in range(10):
        _, holdout = split(["a", "b"] * 50, groups, 0.2, 8192, True, seed)
        assert len(holdout) <= 25


def test_grouped_classes_are_on_both_sides() -> None:
    groups = [f"g{i // 2}" for i in range(200)]
    labels = ["rare" if i < 20 else "common" for i in range(200)]
    for seed in range(10):
        training, holdout = split(labels, groups, 0.2, 8192, True, seed)
        assert {labels[i] for i in holdout} == {labels[i] for i in training} == {"rare", "common"}


def test_pairs_among_many_examples_do_not_change_what_becomes_of_single_ones() -> None:
    labels = ["a"] * 100 + ["b"] * 98 + ["only one", "another"]
    groups = ["pair" if i in (3, 120) else f"file {i}" for i in range(200)]
    for seed in range(10):
        training, holdout = split(labels, groups, 0.2, 8192, True, seed)
        assert {198, 199} <= set(training)
        assert len(holdout) in (38, 39, 40)
        assert abs([labels[i] for i in holdout].count("a") - 20) <= 1


def test_single_examples_are_held_out_and_not_large_groups() -> None:
    groups = [*["film"] * 40, *["another film"] * 40, *alone(100)]
    _, holdout = split(["a", "b"] * 90, groups, 0.1, 8192, True, 0)
    assert len(holdout) == 18
    assert min(holdout) >= 80
