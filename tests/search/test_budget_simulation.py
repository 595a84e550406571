"""Whole searches with made up candidates, on a clock that jumps from event to event."""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pyramid.search.budget import Budget

CLOSE = 1e-6


@dataclass
class Made:
    """A made up candidate.

    Attributes:
        wants: seconds after which it ends by itself (done, or broken).
        tracing: seconds to its first batch; it says nothing of it when it ends before.
    """

    wants: float
    tracing: float
    began: float = -1.0
    ended: float = -1.0
    used_its_share: bool = False
    others_waited: bool = False
    given_up: bool = False


class Search:
    """Runs made up candidates on slots exactly as long as the budget lets them."""

    def __init__(self, total, slots, made, clock):
        self.total, self.slots, self.clock = total, slots, clock
        self.made = {f"candidate {i}": candidate for i, candidate in enumerate(made)}
        self.budget = Budget(total, list(self.made), slots, clock)
        self.shares = []

    def run(self):
        while True:
            self._give_up()
            self._fill_slots()
            self.shares.append(self.budget.share())
            if not self._running():
                return
            self._next_event()

    def _running(self):
        return {name: c for name, c in self.made.items() if c.began >= 0 and c.ended < 0}

    def _waiting(self):
        return [name for name, c in self.made.items() if c.began < 0 and not c.given_up]

    def _give_up(self):
        for name in self.budget.hopeless():
            tracings = [c.tracing for c in self.made.values() if 0 <= c.began <= self.clock() - c.tracing]
            assert self.budget.total_left() <= CLOSE or self.budget.share() <= min(tracings) + CLOSE
            self.made[name].given_up = True
            self.budget.end(name)

    def _fill_slots(self):
        while len(self._running()) < self.slots and self._waiting():
            name = self._waiting()[0]
            self.budget.begin(name)
            self.made[name].began = self.clock()

    def _next_event(self):
        left = self.budget.seconds_left()
        running = self._running()
        assert set(left) == set(running)
        assert self.budget.overdue() == []
        remaining = {name: c.began + c.wants - self.clock() for name, c in running.items()}
        tracings = [c.began + c.tracing - self.clock() for c in running.values()]
        wait = min(*remaining.values(), *left.values(), *(t for t in tracings if t > CLOSE), float("inf"))
        self.clock.advance(max(0.0, wait))
        for name, candidate in running.items():
            spent = self.clock() - candidate.began
            if candidate.tracing <= spent + CLOSE:
                self.budget.traced(name, candidate.tracing)
            if spent >= candidate.wants - CLOSE or left[name] - wait <= CLOSE:
                candidate.ended = self.clock()
                candidate.used_its_share = spent < candidate.wants - CLOSE
                candidate.others_waited = bool(self._waiting())
                self.budget.end(name, finished=True)


def made_candidates(shortest=0.01):
    seconds = st.floats(shortest, 200.0, allow_nan=False)
    return st.lists(st.builds(Made, wants=seconds, tracing=seconds), min_size=1, max_size=8)


class Clock:
    def __init__(self):
        self.now = 77.0

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds


@settings(deadline=None, max_examples=150)
@given(st.floats(1.0, 200.0), st.integers(1, 4), made_candidates())
def test_a_search_never_takes_longer_than_its_total(total, slots, made):
    search = Search(total, slots, made, Clock())
    search.run()
    assert max(candidate.ended for candidate in made) <= 77.0 + total + CLOSE


@settings(deadline=None, max_examples=150)
@given(st.floats(1.0, 200.0), st.integers(1, 4), made_candidates())
def test_every_candidate_runs_or_was_given_up_for_a_reason(total, slots, made):
    """The reason is checked while the search runs: its share was no longer than the shortest tracing."""
    Search(total, slots, made, Clock()).run()
    assert all(candidate.ended >= 0 or candidate.given_up for candidate in made)
    assert not any(candidate.began >= 0 and candidate.given_up for candidate in made)


@settings(deadline=None, max_examples=150)
@given(st.floats(1.0, 200.0), st.integers(1, 4), made_candidates())
def test_no_slot_is_idle_while_a_candidate_waits(total, slots, made):
    """Whenever one begins late, all slots were taken until then."""
    Search(total, slots, made, Clock()).run()
    for candidate in made:
        if candidate.began > 77.0:
            others = [c for c in made if c is not candidate and 0 <= c.began < candidate.began - CLOSE]
            assert sum(c.ended >= candidate.began - CLOSE for c in others) >= slots


@settings(deadline=None, max_examples=150)
@given(st.floats(1.0, 200.0), st.integers(1, 4), made_candidates())
def test_who_could_use_more_time_runs_to_the_end_when_nobody_waits(total, slots, made):
    Search(total, slots, made, Clock()).run()
    for candidate in made:
        if candidate.used_its_share and not candidate.others_waited:
            assert abs(candidate.ended - (77.0 + total)) <= CLOSE


@settings(deadline=None, max_examples=150)
@given(st.floats(1.0, 200.0), st.integers(1, 4), made_candidates())
def test_the_share_never_shrinks_while_slots_are_busy(total, slots, made):
    """So no candidate has less than the first share, unless it wants less."""
    search = Search(total, slots, made, Clock())
    first = search.budget.share()
    search.run()
    while_running = search.shares[:-1]
    assert all(later >= earlier - CLOSE for earlier, later in pairwise(while_running))
    for candidate in made:
        if candidate.used_its_share:
            assert candidate.ended - candidate.began >= first - CLOSE


@settings(deadline=None, max_examples=40)
@given(st.floats(5.0, 60.0), st.integers(1, 3), st.lists(st.floats(0.0, 3.0), min_size=6, max_size=6))
def test_slow_starts_do_not_make_a_search_longer(total, slots, delays):
    """Slots stand idle for a while before each candidate begins; all use their whole share."""
    clock, step = Clock(), 0.05
    names = [f"candidate {i}" for i in range(6)]
    budget = Budget(total, names, slots, clock)
    waiting = list(zip(names, delays, strict=True))
    starting, running = {}, set()
    end = None
    while waiting or starting or running:
        while waiting and len(starting) + len(running) < slots:
            name, delay = waiting.pop(0)
            starting[name] = clock() + delay
        for name in [name for name, when in starting.items() if when <= clock()]:
            del starting[name]
            budget.begin(name)
            end = end or clock() + total
            running.add(name)
        for name in [name for name, left in budget.seconds_left().items() if left <= 0]:
            running.remove(name)
            budget.end(name, finished=True)
        for name in budget.hopeless():
            budget.end(name)
            starting.pop(name, None)
            waiting = [pair for pair in waiting if pair[0] != name]
        clock.advance(step)
    assert clock() <= end + 2 * step


@settings(deadline=None, max_examples=100)
@given(st.floats(0.0, 300.0), st.floats(0.0, 30.0), st.floats(0.0, 29.0), st.integers(0, 4), st.booleans())
def test_a_start_that_takes_longer_than_the_search_delays_the_first_network_alone(total, delay, tracing, others, now):
    clock, step = Clock(), 0.5
    budget = Budget(total, ["first", *(f"other {i}" for i in range(others))], 2, clock, from_now=now)
    begins = clock() + delay
    while clock() < begins:
        for name in budget.hopeless():
            budget.end(name)
        clock.advance(step)
    assert budget.waits("first")
    budget.begin("first")
    begun = clock()
    while clock() < begun + tracing:
        assert "first" not in budget.overdue()
        clock.advance(step)
    budget.traced("first", tracing)
    assert budget.overdue() == []
    budget.end("first", finished=True)
    waiting = [f"other {i}" for i in range(others) if budget.waits(f"other {i}")]
    assert budget.total_left() > 0 or budget.hopeless() == waiting[::-1]
