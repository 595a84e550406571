"""Which models form the ensemble, in cases whose answer is known by hand."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pyramid.errors import ConfigError
from pyramid.search.ensembles import SCORES, by_rank, greedy, relative_values

NAN = float("nan")


def one_metric(*models):
    """Models of which each is a list of the values of one metric."""
    return [[{"auc": value} for value in model] for model in models]


def test_a_model_is_worth_its_worst_resample():
    """All values ranked together: 0.1 0.2 0.3 0.4 0.5 0.9 are 1/6 to 6/6."""
    values = relative_values(one_metric([0.9, 0.1], [0.3, 0.2], [0.4, 0.5]))
    assert values == pytest.approx([1 / 6, 2 / 6, 4 / 6])


def test_equal_values_share_their_average_rank():
    assert relative_values(one_metric([0.5], [0.5], [0.7], [0.1])) == pytest.approx([2.5 / 4, 2.5 / 4, 1.0, 1 / 4])


def test_the_ranks_of_the_metrics_are_averaged_for_each_resample():
    """Of the first model: (4 + 1) / 2 / 4 and (3 + 4) / 2 / 4; of the second: (1 + 3) / 2 / 4 and (2 + 2) / 2 / 4."""
    models = [
        [{"auc": 0.9, "error": -9.0}, {"auc": 0.8, "error": -1.0}],
        [{"auc": 0.1, "error": -2.0}, {"auc": 0.2, "error": -3.0}],
    ]
    assert relative_values(models) == pytest.approx([2.5 / 4, 2.0 / 4])


@pytest.mark.parametrize("undefined", [{"auc": None}, {"auc": NAN}, {}])
def test_what_is_not_defined_is_lowest(undefined):
    models = [[undefined], [{"auc": -100.0}], [{"auc": 0.5}]]
    assert relative_values(models) == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_a_metric_without_any_value_is_left_out():
    models = [[{"auc": None, "accuracy": 0.2}], [{"auc": None, "accuracy": 0.4}]]
    assert relative_values(models) == pytest.approx([0.5, 1.0])


def test_models_of_which_nothing_is_known_are_worth_nothing():
    assert relative_values([]) == []
    assert relative_values(one_metric([None], [None])) == [0.0, 0.0]
    assert relative_values(one_metric([], [0.3], [])) == [0.0, 1.0, 0.0]


def test_relative_values_follow_from_the_definition():
    rng = np.random.default_rng(1)
    table = rng.integers(0, 20, (6, 128, 3)) / 20
    ranks = np.stack([stats.rankdata(table[..., k]).reshape(6, 128) for k in range(3)]) / (6 * 128)
    models = [[dict(zip("abc", map(float, row), strict=True)) for row in model] for model in table]
    assert relative_values(models) == pytest.approx(ranks.mean(axis=0).min(axis=1).tolist())


@pytest.mark.parametrize(
    ("models", "fraction", "members"),
    [(30, 0.1, 3), (25, 0.1, 3), (24, 0.1, 2), (1, 0.1, 1), (4, 0.0, 1), (4, 1.0, 4), (50, 0.29, 15)],
)
def test_a_fraction_of_the_models_is_chosen_rounded_half_up(models, fraction, members):
    assert len(by_rank([0.5] * models, fraction)) == members


def test_the_best_come_first_and_of_equals_the_first():
    assert by_rank([0.2, 0.9, 0.5, 0.9, 0.1], 0.6) == [1, 3, 2]
    assert by_rank([], 0.1) == []


@pytest.mark.parametrize("fraction", [-0.1, 1.1, NAN])
def test_a_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(ConfigError, match="model_fraction: must be from 0 to 1"):
        by_rank([0.5], fraction)


def numbers(*models):
    """[models, rows, 1]"""
    return np.array(models, np.float32)[..., np.newaxis]


def test_two_models_with_opposite_errors_beat_the_best_one():
    """The truth is 0: -1 and 2 in the ratio 2 : 1 meet it."""
    assert greedy(numbers([5.0, 5.0], [2.0, 2.0], [-1.0, -1.0]), SCORES["numeric"]([0, 0])) == [2, 1, 2]


def test_a_perfect_model_stays_alone():
    assert greedy(numbers([0.5, 0.5], [1.0, 2.0], [3.0, 3.0]), SCORES["numeric"]([1, 2])) == [1]


def test_two_halves_of_the_knowledge_are_put_together():
    """Each is sure of one row and guesses the other: their mean gives 0.7 twice, better than 0.9 and 0.5."""
    sure_of_first = [[0.9, 0.1], [0.5, 0.5]]
    sure_of_second = [[0.5, 0.5], [0.1, 0.9]]
    wrong = [[0.1, 0.9], [0.9, 0.1]]
    predictions = np.array([wrong, sure_of_first, sure_of_second])
    assert greedy(predictions, SCORES["categorical"]([0, 1])) == [1, 2]


def test_of_equal_models_the_first_is_chosen():
    assert greedy(numbers([3.0], [1.0], [1.0]), SCORES["numeric"]([0])) == [1]


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-7])
def test_a_single_model_is_chosen_once(value):
    """Whatever the rounding of (x + x + x) / 3."""
    assert greedy(np.full((1, 5, 1), value), SCORES["numeric"](np.linspace(0, 1, 5))) == [0]


def test_no_more_members_than_rounds():
    """-1 ten times and 10 once meet the truth, 0; the 10 is no gain before five of the -1 are there."""
    predictions = numbers([-1.0], [10.0])
    assert greedy(predictions, SCORES["numeric"]([0])) == [0] * 5 + [1] + [0] * 5
    assert greedy(predictions, SCORES["numeric"]([0]), rounds=1) == [0]
    with pytest.raises(ConfigError, match="rounds: must be at least 1, got 0"):
        greedy(predictions, SCORES["numeric"]([0]), rounds=0)


@pytest.mark.parametrize("wrong", [NAN, np.inf])
def test_a_model_without_numbers_is_chosen_only_when_there_is_nothing_else(wrong):
    """The wrong number stands at a class that is not the true one, where the likelihood does not see it."""
    broken, poor = [[1.0, wrong], [1.0, 0.0]], [[0.2, 0.8], [0.2, 0.8]]
    score = SCORES["categorical"]([0, 0])
    assert greedy(np.array([broken, poor]), score) == [1]
    assert greedy(np.array([broken, broken]), score) == [0]
    assert greedy(np.empty((0, 2, 2)), score) == []


@pytest.mark.parametrize("nothing", [None, NAN])
def test_a_score_that_is_not_defined_is_the_worst(nothing):
    def score(mean):
        return nothing if mean[0, 0] > 2 else -100.0

    assert greedy(numbers([3.0], [1.0]), score) == [1]
    assert greedy(numbers([3.0], [4.0]), score) == [0]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 12), st.sampled_from(["categorical", "numeric"]))
def test_an_ensemble_never_scores_below_its_best_single(seed, models, rows, objective):
    rng = np.random.default_rng(seed)
    predictions = (
        rng.dirichlet(np.ones(3), (models, rows)) if objective == "categorical" else rng.random((models, rows, 1))
    )
    score = SCORES[objective](rng.integers(0, 3, rows))
    singles = [score(one) for one in predictions]
    chosen = greedy(predictions, score, rounds=8)
    assert chosen[0] == int(np.argmax(singles))
    assert score(predictions[chosen].mean(axis=0)) >= max(singles) - 1e-12


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_each_member_is_the_best_addition(seed):
    rng = np.random.default_rng(seed)
    predictions = rng.dirichlet(np.ones(3), (5, 10))
    score = SCORES["categorical"](rng.integers(0, 3, 10))
    chosen = greedy(predictions, score, rounds=6)
    for size in range(1, len(chosen) + 1):
        others = [score(predictions[[*chosen[: size - 1], other]].mean(axis=0)) for other in range(5)]
        assert others[chosen[size - 1]] == pytest.approx(max(others))


def test_scores_by_hand():
    predicted = np.array([[0.5, 0.5], [0.0, 1.0]])
    assert SCORES["categorical"]([1, 1])(predicted) == pytest.approx(np.log(0.5) / 2)
    assert SCORES["categorical"]([1, 0])(predicted) == pytest.approx((np.log(0.5) + np.log(1e-15)) / 2)
    assert SCORES["numeric"]([1.0, 2.0])(np.array([[1.0], [5.0]])) == pytest.approx(-4.5)


def test_two_hundred_models_take_seconds():
    """Processor time: what else runs on the machine does not count. A fifth of the rounds, a fifth of 5 s."""
    rng = np.random.default_rng(2)
    predictions = rng.dirichlet(np.ones(5), (200, 4_096)).astype(np.float32)
    score = SCORES["categorical"](rng.integers(0, 5, 4_096))
    before = time.process_time()
    greedy(predictions, score, rounds=5)
    assert time.process_time() - before < 1.0
