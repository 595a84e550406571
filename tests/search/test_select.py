"""The order of results."""

from pyramid.search.select import rank
from pyramid.training.candidate import Result, Status


def result(name, status=Status.FINISHED, **metrics):
    return Result(name, "simple", "randomly_initialize", status, metrics=metrics)


def names(results):
    return [one.name for one in results]


def test_the_highest_value_comes_first():
    results = [result("low", likelihood=0.1), result("high", likelihood=0.9), result("middle", likelihood=0.5)]
    assert names(rank(results, "likelihood")) == ["high", "middle", "low"]


def test_the_metric_that_is_asked_for_decides():
    results = [result("a", likelihood=0.9, accuracy=0.1), result("b", likelihood=0.1, accuracy=0.9)]
    assert names(rank(results, "accuracy")) == ["b", "a"]


def test_negated_errors_rank_the_smallest_error_first():
    results = [result("bad", mean_squared_error=-4.0), result("good", mean_squared_error=-0.5)]
    assert names(rank(results, "mean_squared_error")) == ["good", "bad"]


def test_of_equals_the_first_stays_first():
    results = [result("a", likelihood=0.5), result("b", likelihood=0.5), result("c", likelihood=0.6)]
    assert names(rank(results, "likelihood")) == ["c", "a", "b"]


def test_a_result_without_the_metric_is_left_out():
    results = [result("none", Status.FAILED), result("undefined", likelihood=None), result("zero", likelihood=0.0)]
    assert names(rank(results, "likelihood")) == ["zero"]


def test_a_failed_candidate_counts_with_its_last_weights():
    results = [result("whole", likelihood=0.5), result("hung", Status.FAILED, likelihood=0.7)]
    assert names(rank(results, "likelihood")) == ["hung", "whole"]


def test_nothing_gives_nothing():
    assert rank([], "likelihood") == []
