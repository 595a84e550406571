"""When the rate steps down, and when training ends."""

import pytest

from pyramid.training.schedule import PHASES, Phase, Schedule, Verdict

CONTINUE, STEP_DOWN, FINISHED = Verdict.CONTINUE, Verdict.STEP_DOWN, Verdict.FINISHED


RANDOM = PHASES["randomly_initialize"]


def ending(first, second):
    """Phases of which the first and the second end after these shares of the time."""
    return Phase(1.0, first), Phase(0.25, second), Phase(0.0625, 1.0)


def verdicts(schedule, values, time_used=0.0):
    return [schedule.check(value, 1_000, time_used).verdict for value in values]


def test_the_phases_are_r_a_quarter_and_a_sixteenth():
    schedule = Schedule(1, 0, RANDOM)
    schedule.check(1.0, 1, 0.0)
    factors = [schedule.phase.factor]
    for _ in range(2):
        schedule.check(0.0, 2, 0.0)
        factors.append(schedule.phase.factor)
    assert factors == [1.0, 0.25, 0.0625]


def test_a_pretrained_network_has_the_same_phases_and_stays_frozen():
    assert [(phase.factor, phase.end, phase.frozen) for phase in PHASES["use_pretrained"]] == [
        (phase.factor, phase.end, True) for phase in RANDOM
    ]


@pytest.mark.parametrize("method", ["fine_tune", "initial_model"])
def test_fine_tuning_frees_the_network_at_an_eighth_and_a_sixty_fourth_of_the_rate(method):
    assert [(phase.factor, phase.frozen) for phase in PHASES[method]] == [(1.0, True), (1 / 8, False), (1 / 64, False)]


def test_each_phase_ends_with_patience_failures_and_the_last_one_ends_all():
    schedule = Schedule(3, 0, RANDOM)
    assert verdicts(schedule, [0.5]) == [CONTINUE]
    for ending in (STEP_DOWN, STEP_DOWN, FINISHED):
        assert verdicts(schedule, [0.4, 0.4, 0.4]) == [CONTINUE, CONTINUE, ending]


def test_only_failures_in_a_row_count():
    schedule = Schedule(2, 0, RANDOM)
    values = [0.1, 0.0, 0.2, 0.0, 0.3, 0.0, 0.4]
    assert verdicts(schedule, values) == [CONTINUE] * len(values)
    assert schedule.phase is RANDOM[0]
    assert verdicts(schedule, [0.0, 0.0]) == [CONTINUE, STEP_DOWN]


def test_an_equal_value_is_no_improvement():
    schedule = Schedule(1, 0, RANDOM)
    assert schedule.check(0.5, 1, 0.0).improved
    check = schedule.check(0.5, 2, 0.0)
    assert not check.improved
    assert check.verdict is STEP_DOWN


def test_the_first_check_improves_whatever_its_value():
    """r² may well be below zero then."""
    schedule = Schedule(1, 0, RANDOM)
    assert schedule.check(-1e9, 1, 0.0) == (True, CONTINUE)
    assert schedule.best == -1e9


def test_the_best_is_kept_over_the_phases():
    schedule = Schedule(1, 0, RANDOM)
    verdicts(schedule, [0.9, 0.1])
    assert schedule.phase.factor == 0.25
    assert not schedule.check(0.8, 10, 0.0).improved
    assert schedule.best == 0.9


def test_nothing_stops_before_the_end_of_the_warm_up():
    schedule = Schedule(2, 100, RANDOM)
    for iteration in range(0, 100, 5):
        assert schedule.check(-float(iteration), iteration, 0.99).verdict is CONTINUE
    assert schedule.phase is RANDOM[0]


def test_failures_during_the_warm_up_do_not_count_afterwards():
    schedule = Schedule(2, 100, RANDOM)
    assert [schedule.check(value, 99, 0.0).verdict for value in (0.5, 0.1, 0.1, 0.1)] == [CONTINUE] * 4
    assert [schedule.check(0.1, iteration, 0.0).verdict for iteration in (100, 101)] == [CONTINUE, STEP_DOWN]


@pytest.mark.parametrize("improves", [True, False])
def test_a_phase_ends_with_its_time_however_well_it_goes(improves):
    schedule = Schedule(1_000, 0, ending(0.5, 0.8))
    value = iter(range(100)) if improves else iter(range(100, 0, -1))
    seen = [schedule.check(next(value), 10, used).verdict for used in (0.0, 0.49, 0.5, 0.51, 0.79, 0.8, 0.81, 0.999)]
    assert seen == [CONTINUE, CONTINUE, STEP_DOWN, CONTINUE, CONTINUE, STEP_DOWN, CONTINUE, CONTINUE]


def test_the_last_phase_does_not_end_with_its_time():
    """The budget ends it."""
    schedule = Schedule(1, 0, RANDOM)
    verdicts(schedule, [1.0, 0.0, 0.0])
    assert schedule.phase is RANDOM[2]
    assert not schedule.out_of_time(1, 1.0)
    assert schedule.check(2.0, 10, 1.0).verdict is CONTINUE


def test_failures_are_counted_anew_in_each_phase():
    schedule = Schedule(3, 0, ending(0.5, 0.9))
    verdicts(schedule, [1.0, 0.0, 0.0])
    assert schedule.check(2.0, 10, 0.6).verdict is STEP_DOWN
    assert verdicts(schedule, [0.0, 0.0, 0.0], time_used=0.6) == [CONTINUE, CONTINUE, STEP_DOWN]


def test_a_phase_that_patience_ended_early_lets_the_next_one_have_its_time():
    schedule = Schedule(1, 0, ending(0.5, 0.8))
    verdicts(schedule, [1.0, 0.0], time_used=0.1)
    assert schedule.phase.factor == 0.25
    assert not schedule.out_of_time(1, 0.6)
    assert schedule.out_of_time(1, 0.8)
