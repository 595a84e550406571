"""The time budget, on a clock that is moved by hand."""

import heapq
import math

import pytest

from pyramid.search.budget import LATENESS, LEAST_OF_TRACING, PATIENCE, SHORT, Budget
from pyramid.search.open_budget import WORTH_OF_TRACING, OpenBudget

NAMES = "abcdefg"


def ends_in_time(share, used, waiting, slots, left):
    """Simulate list scheduling: does everybody get ``share`` seconds in all within the next ``left`` seconds?

    ``used``: seconds that each running candidate has had; the rest of the slots are free now.
    """
    busy = [max(0.0, share - spent) for spent in used] + [0.0] * (slots - len(used))
    ends = list(busy)
    heapq.heapify(busy)
    for _ in range(waiting):
        end = heapq.heappop(busy) + share
        ends.append(end)
        heapq.heappush(busy, end)
    return max(ends) <= left


def assert_largest(share, used, waiting, slots, left):
    assert ends_in_time(share * (1 - 1e-9), used, waiting, slots, left)
    assert not ends_in_time(share * (1 + 1e-9), used, waiting, slots, left)


@pytest.mark.parametrize("slots", [1, 2, 3])
@pytest.mark.parametrize("count", range(1, 8))
def test_the_first_share_is_the_total_divided_by_the_rounds(clock, slots, count):
    """Four candidates on three slots need two rounds, so each has half the time."""
    budget = Budget(60.0, NAMES[:count], slots, clock)
    rounds = math.ceil(count / slots)
    assert budget.share() == pytest.approx(60.0 / rounds)
    assert_largest(budget.share(), [], count, slots, 60.0)


@pytest.mark.parametrize("slots", [1, 2, 3])
@pytest.mark.parametrize("count", range(1, 8))
def test_the_share_is_the_largest_that_ends_in_time_after_uneven_starts(clock, slots, count):
    """Slots that begin one after the other, and a first candidate that ends early."""
    budget = Budget(100.0, NAMES[:count], slots, clock)
    begun = {}
    for name in NAMES[: min(slots, count)]:
        budget.begin(name)
        begun[name] = clock.now
        clock.advance(3.0)
    if count > slots:
        budget.end("a")
        began_first = begun.pop("a")
        assert began_first == 1_000.0
    used = [clock.now - began for began in begun.values()]
    waiting = count - min(slots, count)
    left = 100.0 - (clock.now - 1_000.0)
    assert_largest(budget.share(), used, waiting, slots, left)


def test_the_total_runs_from_the_first_begin(clock):
    budget = Budget(10.0, "ab", 1, clock)
    clock.advance(500.0)
    assert budget.total_left() == pytest.approx(10.0)
    budget.begin("a")
    clock.advance(4.0)
    assert budget.total_left() == pytest.approx(6.0)
    clock.advance(8.0)
    assert budget.total_left() == pytest.approx(-2.0)


def test_nobody_has_seconds_left_before_it_began_or_after_it_ended(clock):
    budget = Budget(10.0, "ab", 2, clock)
    assert budget.seconds_left() == {}
    budget.begin("a")
    assert set(budget.seconds_left()) == {"a"}
    budget.begin("b")
    budget.end("a")
    assert set(budget.seconds_left()) == {"b"}


def test_what_a_candidate_leaves_over_is_shared_by_those_that_wait(clock):
    budget = Budget(30.0, "abc", 1, clock)
    budget.begin("a")
    assert budget.seconds_left() == {"a": pytest.approx(10.0)}
    clock.advance(4.0)
    budget.end("a")
    budget.begin("b")
    assert budget.seconds_left() == {"b": pytest.approx(13.0)}
    clock.advance(13.0)
    budget.end("b")
    budget.begin("c")
    assert budget.seconds_left() == {"c": pytest.approx(13.0)}


def test_what_a_candidate_leaves_over_reaches_those_that_run(clock):
    """Two slots: when a ends early, c can start at once, and as nobody waits then, both b and c may use the rest."""
    budget = Budget(30.0, "abc", 2, clock)
    budget.begin("a")
    budget.begin("b")
    clock.advance(5.0)
    assert budget.seconds_left() == {"a": pytest.approx(10.0), "b": pytest.approx(10.0)}
    budget.end("a")
    budget.begin("c")
    assert budget.seconds_left() == {"b": pytest.approx(25.0), "c": pytest.approx(25.0)}


def test_the_last_candidate_may_go_on_to_the_end(clock):
    budget = Budget(30.0, "abc", 1, clock)
    for name in "ab":
        budget.begin(name)
        clock.advance(1.0)
        budget.end(name)
    budget.begin("c")
    assert budget.seconds_left() == {"c": pytest.approx(28.0)}


def test_a_slot_is_not_idle_while_a_running_candidate_could_use_it(clock):
    """The longest runner has had more than the other when nobody waits any more: it may still go on to the end."""
    budget = Budget(30.0, "abc", 2, clock)
    budget.begin("a")
    budget.begin("b")
    clock.advance(14.0)
    budget.end("b")
    budget.begin("c")
    clock.advance(15.5)
    assert budget.seconds_left() == {"a": pytest.approx(0.5), "c": pytest.approx(0.5)}


def test_a_candidate_that_never_began_gives_its_share_back(clock):
    budget = Budget(30.0, "abc", 1, clock)
    budget.begin("a")
    budget.end("c")
    assert budget.seconds_left() == {"a": pytest.approx(15.0)}


def test_the_allowance_leaves_a_quarter_of_the_overshoot_for_ending_a_hung_trial():
    assert Budget(10.0, "a", 1).allowance == pytest.approx(1.5)
    assert Budget(1_000.0, "a", 1).allowance == pytest.approx(15.0)


def with_a_network(total, names, slots, clock):
    """A budget that has a network already, from an earlier run."""
    budget = Budget(total, names, slots, clock)
    budget.have_one()
    return budget


def test_the_last_candidate_is_overdue_only_after_the_allowance(clock):
    budget = with_a_network(60.0, "a", 1, clock)
    budget.begin("a")
    budget.traced("a", 1.0)
    clock.advance(60.0 + 0.99 * budget.allowance)
    assert budget.overdue() == []
    clock.advance(0.02 * budget.allowance)
    assert budget.overdue() == ["a"]
    budget.end("a")
    assert budget.overdue() == []


@pytest.mark.parametrize("waiting", [1, 3, 6])
def test_a_candidate_is_overdue_only_after_the_allowance_also_when_others_wait(clock, waiting):
    """A late end makes the share of those that wait smaller; the late one must not be blamed for that as well."""
    budget = Budget(70.0, NAMES[: 1 + waiting], 1, clock)
    budget.begin("a")
    budget.traced("a", 1.0)
    clock.advance(budget.share() + 0.95 * budget.allowance)
    assert budget.overdue() == []
    clock.advance(0.1 * budget.allowance)
    assert budget.overdue() == ["a"]


def test_a_candidate_that_is_still_tracing_may_use_half_of_the_total(clock):
    """Its share is 10 seconds."""
    budget = with_a_network(70.0, NAMES, 1, clock)
    budget.begin("a")
    clock.advance(35.0 + 0.99 * budget.allowance)
    assert budget.overdue() == []
    clock.advance(0.02 * budget.allowance)
    assert budget.overdue() == ["a"]


def test_once_it_has_traced_its_share_counts_when_it_could_hear_of_it(clock):
    """Its share is 10 seconds."""
    budget = with_a_network(70.0, NAMES, 1, clock)
    budget.begin("a")
    clock.advance(20.0)
    assert budget.overdue() == []
    budget.traced("a", 20.0)
    clock.advance(0.99 * budget.allowance)
    assert budget.overdue() == []
    clock.advance(0.02 * budget.allowance)
    assert budget.overdue() == ["a"]


def test_tracing_does_not_last_longer_than_the_search(clock):
    """c began in the last third."""
    budget = with_a_network(60.0, "abc", 1, clock)
    for name in "ab":
        budget.begin(name)
        clock.advance(20.0)
        budget.end(name)
    budget.begin("c")
    clock.advance(20.0 + 1.01 * budget.allowance)
    assert budget.overdue() == ["c"]


def test_after_a_hung_trial_the_others_share_what_is_left(clock):
    budget = Budget(60.0, "abc", 1, clock)
    budget.begin("a")
    budget.traced("a", 1.0)
    clock.advance(24.0)
    assert budget.overdue() == ["a"]
    budget.end("a")
    budget.begin("b")
    assert budget.seconds_left() == {"b": pytest.approx(18.0)}


def test_after_a_stop_nobody_has_time_left(clock):
    budget = Budget(60.0, "abc", 1, clock)
    budget.begin("a")
    clock.advance(5.0)
    budget.stop()
    assert budget.total_left() == 0.0
    assert budget.seconds_left() == {"a": pytest.approx(0.0, abs=1e-9)}
    assert budget.hopeless() == ["c", "b"]
    clock.advance(PATIENCE + 0.99 * budget.allowance)
    assert budget.overdue() == []
    clock.advance(0.02 * budget.allowance)
    budget.stop()  # a second call changes nothing
    assert budget.overdue() == ["a"]


def test_a_stop_gives_every_running_trial_the_allowance_to_end(clock):
    """Also the one that has run longer than the others: killed, its last gains would be lost."""
    budget = Budget(60.0, "abc", 2, clock)
    budget.begin("a")
    budget.begin("b")
    clock.advance(10.0)
    budget.end("b")
    budget.begin("c")
    clock.advance(3.0)
    budget.stop()
    assert budget.overdue() == []
    assert budget.seconds_left() == {"a": pytest.approx(0.0, abs=1e-9), "c": pytest.approx(0.0, abs=1e-9)}
    clock.advance(PATIENCE + 1.01 * budget.allowance)
    assert budget.overdue() == ["a", "c"]


def test_a_stop_before_anything_began_gives_up_all(clock):
    budget = Budget(60.0, "abc", 2, clock)
    budget.stop()
    assert budget.hopeless() == ["c", "b", "a"]


def test_nothing_is_hopeless_before_anything_began(clock):
    budget = Budget(0.001, NAMES, 1, clock)
    clock.advance(100.0)
    assert budget.hopeless() == []


def test_nothing_is_hopeless_before_a_tracing_was_seen(clock):
    budget = Budget(7.0, NAMES, 1, clock)
    budget.begin("a")
    clock.advance(6.0)
    assert budget.hopeless() == []


def test_the_last_candidates_are_given_up_until_a_share_is_longer_than_the_shortest_tracing(clock):
    budget = Budget(21.0, NAMES, 1, clock)
    budget.begin("a")
    clock.advance(3.0)
    budget.traced("a", 9.0)
    budget.end("a")
    budget.begin("b")
    budget.traced("b", 4.0)
    # 18 s are left for b and five that wait: 3 s each. Four candidates in all would have 4.5 s, five only 3.6 s.
    assert budget.hopeless() == ["g", "f"]
    for name in budget.hopeless():
        budget.end(name)
    assert budget.hopeless() == []
    assert budget.share() == pytest.approx(4.5)


def test_a_share_of_exactly_the_shortest_tracing_is_not_worth_a_start(clock):
    budget = Budget(16.0, "ab", 1, clock)
    budget.begin("a")
    clock.advance(8.0)
    budget.traced("a", 8.0)
    budget.end("a", finished=True)
    assert budget.hopeless() == ["b"]


def test_all_that_wait_are_hopeless_when_the_time_is_over(clock):
    budget = with_a_network(10.0, "abc", 1, clock)
    budget.begin("a")
    clock.advance(10.0)
    assert budget.hopeless() == ["c", "b"]


@pytest.mark.parametrize(("total", "late"), [(10.0, LATENESS[0]), (200.0, 200.0), (5_000.0, LATENESS[1])])
def test_before_there_is_a_network_the_first_to_wait_and_the_first_to_run_may_be_late(clock, total, late):
    budget = Budget(total, "abcd", 2, clock, from_now=True)
    budget.begin("a")
    budget.begin("b")
    budget.traced("a", 1.0)
    budget.traced("b", 1.0)
    clock.advance(total)
    assert budget.hopeless() == ["d"]
    clock.advance(0.99 * late)
    assert budget.hopeless() == ["d"]
    assert budget.overdue() == ["b"]
    assert budget.seconds_left()["a"] < 0  # it is to end at once, when it hears of it
    clock.advance(0.02 * late)
    assert budget.hopeless() == ["d", "c"]
    assert budget.overdue() == ["a", "b"]


@pytest.mark.parametrize("make", [lambda clock: OpenBudget(10.0, 5.0, 2, clock), None])
def test_a_first_network_that_is_late_learns_as_long_as_it_was_traced(clock, make):
    budget = make(clock) if make else Budget(10.0, ["a", "b"], 2, clock, from_now=True)
    for name in "ab":
        if make:
            budget.add(name)
        budget.begin(name)
    clock.advance(9.0)
    budget.traced("a", 9.0)
    budget.traced("b", 9.0)
    assert budget.seconds_left() == pytest.approx({"a": 9.0, "b": 1.0})
    clock.advance(8.0)
    assert budget.seconds_left() == pytest.approx({"a": 1.0, "b": -7.0})
    assert "a" not in budget.overdue()
    budget.end("a", finished=True)
    assert budget.seconds_left() == pytest.approx({"b": -7.0})


def test_when_the_first_network_is_there_nobody_else_is_waited_for(clock):
    budget = Budget(10.0, "abc", 2, clock, from_now=True)
    budget.begin("a")
    clock.advance(30.0)
    budget.begin("b")
    assert budget.hopeless() == []
    budget.end("b", finished=True)
    assert budget.hopeless() == ["c"]
    assert budget.overdue() == ["a"]


def test_one_that_begins_late_has_as_long_to_trace_as_the_start_was_waited_for(clock):
    budget = Budget(10.0, "ab", 1, clock, from_now=True)
    clock.advance(10.0 + 0.9 * LATENESS[0])
    assert budget.hopeless() == ["b"]
    budget.begin("a")
    clock.advance(0.9 * LATENESS[0])
    assert budget.overdue() == []
    clock.advance(0.11 * LATENESS[0])
    assert budget.overdue() == ["a"]
    assert budget.hopeless() == ["b"]


def test_it_is_late_by_more_than_the_allowance_alone(clock):
    budget = Budget(10.0, "a", 1, clock)
    budget.begin("a")
    clock.advance(10.0 + 0.99 * budget.allowance)
    assert not budget.late
    clock.advance(0.02 * budget.allowance)
    assert budget.late
    budget.have_one()
    assert not budget.late


def test_when_the_first_one_breaks_the_next_has_its_turn(clock):
    budget = Budget(10.0, "abc", 1, clock)
    budget.begin("a")
    clock.advance(12.0)
    budget.end("a")
    assert budget.hopeless() == ["c"]
    assert budget.worth_another


def test_a_share_too_small_for_a_network_is_used_when_there_is_none(clock):
    budget = Budget(16.0, "abc", 1, clock)
    budget.begin("a")
    clock.advance(9.0)
    budget.traced("a", 9.0)
    budget.end("a")
    assert budget.hopeless() == ["c"]


@pytest.mark.parametrize("from_now", [False, True])
def test_weights_of_a_network_on_pictures_are_one_also_when_it_hangs(clock, from_now):
    """Of a network on a table only a whole one is delivered."""
    budget = Budget(10.0, "a", 1, clock, from_now)
    budget.begin("a")
    budget.traced("a", 1.0)
    budget.hear("a", checked=True)
    clock.advance(10.0 + 1.01 * budget.allowance)
    assert budget.overdue() == ([] if from_now else ["a"])
    assert budget.late is from_now
    budget.end("a")
    assert budget.needs_one is from_now


def test_a_short_tracing_time_is_no_reason_to_kill_before_there_is_a_network(clock):
    budget = Budget(40.0, "ab", 1, clock)
    budget.begin("a")
    clock.advance(39.0)
    assert budget.overdue() == []
    budget.have_one()
    assert budget.overdue() == ["a"]


def test_a_lost_machine_costs_a_candidate_what_it_has_trained_and_not_the_silence(clock):
    """Nobody notices for 30 s that its machine has no power any more."""
    budget = OpenBudget(200.0, 50.0, 1, clock)
    budget.add("a")
    for learned in (10, 2):
        budget.begin("a")
        for _ in range(learned):
            clock.advance(1.0)
            budget.hear("a")
        clock.advance(30.0)
        budget.lose("a")
        assert budget.waits("a")
        clock.advance(5.0)
    budget.begin("a")
    assert budget.seconds_left() == {"a": pytest.approx(38.0)}


def test_a_budget_knows_whom_it_has_not_given_up(clock):
    budget = Budget(10.0, "ab", 1, clock)
    budget.begin("a")
    assert [budget.knows(name) for name in "abc"] == [True, True, False]
    budget.end("a")
    budget.end("b")
    assert not any(map(budget.knows, "ab"))


def test_a_network_on_a_table_may_have_some_times_what_tracing_takes(clock):
    """It needs as long again after its last step."""
    budget = OpenBudget(100.0, 5.0, 2, clock)
    budget.add("a")
    budget.begin("a")
    assert budget.seconds_left() == {"a": pytest.approx(5.0)}
    clock.advance(3.0)
    budget.traced("a", 3.0)
    assert budget.seconds_left() == {"a": pytest.approx(WORTH_OF_TRACING * 3.0 - 3.0)}
    budget.add("b")
    budget.begin("b")
    budget.traced("b", 0.5)
    assert budget.seconds_left()["b"] == pytest.approx(5.0)


def test_an_open_budget_ends_when_nothing_could_be_learned_any_more(clock):
    budget = OpenBudget(100.0, 5.0, 1, clock)
    budget.add("a")
    budget.begin("a")
    clock.advance(10.0)
    budget.traced("a", 10.0)
    budget.end("a", finished=True)
    budget.add("b")
    clock.advance(89.0 - LEAST_OF_TRACING * 10.0)
    assert budget.worth_another
    assert budget.hopeless() == []
    clock.advance(2.0)
    assert not budget.worth_another
    assert budget.hopeless() == ["b"]


def test_an_open_budget_without_any_time_is_worth_one_candidate(clock):
    """What comes before the networks has taken all of it."""
    budget = OpenBudget(0.0, 5.0, 2, clock)
    assert budget.worth_another
    budget.add("a")
    assert not budget.worth_another
    assert budget.hopeless() == []


def test_little_time_is_for_one_process_until_there_is_a_network(clock):
    budget = OpenBudget(SHORT + 10.0, 5.0, 2, clock)
    assert not budget.short
    clock.advance(11.0)
    assert budget.short
    budget.end("a", finished=True)
    assert not budget.short
