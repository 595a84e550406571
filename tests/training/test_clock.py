"""Where the time goes, on a clock that is moved by hand."""

import pytest

from pyramid.training.clock import Stopwatch


class FakeClock:
    now = 50.0

    def __call__(self):
        return self.now


def test_elapsed_runs_from_the_start():
    clock = FakeClock()
    watch = Stopwatch(clock)
    assert watch.elapsed == 0.0
    clock.now += 3.5
    assert watch.elapsed == 3.5


def test_seconds_are_added_up_by_what_they_were_spent_on():
    clock = FakeClock()
    watch = Stopwatch(clock)
    for what, seconds in (("training", 2.0), ("checking", 0.5), ("training", 3.0)):
        with watch.on(what):
            clock.now += seconds
    clock.now += 10.0  # on nothing
    assert watch.spent == {"training": 5.0, "checking": 0.5}
    assert watch.elapsed == 15.5


def test_a_block_that_fails_is_counted_too():
    clock = FakeClock()
    watch = Stopwatch(clock)

    def work():
        with watch.on("training"):
            clock.now += 2.0
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        work()
    assert watch.spent == {"training": 2.0}
