"""Several batches at once, in order, and no more of them than there is room for."""

import threading
import time

import pytest

from pyramid.prediction.streams import in_order


def test_results_have_the_order_of_the_items():
    def slow_when_even(number):
        time.sleep(0.02 * (number % 2 == 0))
        return number * number

    assert list(in_order(slow_when_even, range(20), 4)) == [number * number for number in range(20)]
    assert list(in_order(slow_when_even, [], 4)) == []


def test_streams_work_at_once():
    together = threading.Barrier(3, timeout=20)
    assert len(list(in_order(lambda item: together.wait(), range(6), 3))) == 6


def test_no_more_is_taken_than_is_worked_on():
    taken = []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    results = in_order(lambda item: item, items(), 2)
    assert next(results) == 0
    assert len(taken) == 3
    results.close()
    assert len(taken) == 3


def test_an_error_comes_in_its_place():
    results = in_order(lambda item: 1 // item, [2, 1, 0, 4], 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
