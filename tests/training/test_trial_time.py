"""How a trial spends its time: real training, on a clock that moves by what each part is said to take."""

import numpy as np
import pytest

from pyramid.training.candidate import Status


@pytest.fixture(autouse=True)
def slow_steps(time):
    """Five steps a second, so that the tests are over soon."""
    time.step = 0.2


@pytest.fixture
def many_rows(dark_and_light):
    """The same pictures, each to be trained on 250 times in an epoch: epochs do not make checks due."""
    pictures, dataset = dark_and_light
    dataset.training = np.tile(dataset.training, 250)
    return pictures, dataset


@pytest.fixture
def give(start, time):
    """Give a candidate so many seconds in all; returns the training after its end."""

    def run(candidate, data, total):
        began = time.now
        training = start(candidate, *data)
        training.words = []
        while not training.words or training.words[-1].result is None:
            training.words.append(training.advance(began + total - time.now))
        training.result, training.took = training.words[-1].result, time.now - began
        return training

    return run


@pytest.mark.parametrize(
    ("total", "step", "row", "saving"),
    [(5.0, 0.05, 0.0001, 0.01), (6.0, 0.3, 0.002, 0.3), (20.0, 0.2, 0.04, 1.0)],
)
def test_it_ends_in_time_and_leaves_little_over(make_candidate, dark_and_light, give, time, total, step, row, saving):
    """What is left is a step at most, and half of what a last check and the writing of the weights took."""
    time.step, time.row, time.saving = step, row, saving
    training = give(make_candidate(), dark_and_light, total)
    assert training.result.status is Status.FINISHED
    assert training.result.reason == "its time was up"
    assert training.took <= total
    assert total - training.took <= step + 0.1 + 0.5 * (20 * row + saving)


def test_more_time_on_the_way_is_used(make_candidate, dark_and_light, start, time):
    """Another candidate ended early."""
    began = time.now
    training = start(make_candidate(), *dark_and_light)
    word = training.advance(5.0)
    while (word := training.advance(began + 15.0 - time.now)).result is None:
        pass
    assert 14.0 < word.result.seconds["elapsed"] <= 15.0


def test_less_time_on_the_way_is_obeyed(make_candidate, dark_and_light, start, time):
    """Ctrl-C."""
    training = start(make_candidate(), *dark_and_light)
    for _ in range(3):
        training.advance(1_000.0)
    before = time.now
    word = training.advance(0.0)
    assert word.result.reason == "its time was up"
    assert time.now - before < 0.1


def test_seconds_are_told_by_what_they_were_spent_on(make_candidate, dark_and_light, give, time):
    time.tracing = 3.0
    result = give(make_candidate(), dark_and_light, 10.0).result
    seconds = result.seconds
    assert seconds["tracing"] == pytest.approx(3.2, abs=0.1)
    assert seconds["training"] == pytest.approx(0.2 * (result.iterations - 1))
    assert seconds["checking"] > 0
    assert sum(seconds[part] for part in ("tracing", "training", "checking")) <= seconds["elapsed"] + 1e-6
    assert result.images_per_second == pytest.approx(8 / 0.2)


def test_checking_takes_a_tenth_of_the_time_at_most(make_candidate, dark_and_light, give, time):
    time.row = 0.02
    result = give(make_candidate(), dark_and_light, 40.0).result
    assert result.checks >= 2
    assert result.seconds["checking"] <= 0.1 * result.seconds["elapsed"]


def test_checking_takes_a_tenth_of_the_time_at_most_also_in_a_warm_up_that_is_longer_than_a_phase(
    make_candidate, many_rows, give, time
):
    """A phase's time that is over may not make a check due again and again while nothing can follow from it."""
    time.row = 0.05
    candidate = make_candidate(learning_rate_warmup_iterations=1_000_000)
    result = give(candidate, many_rows, 60.0).result
    assert result.seconds["checking"] <= 0.1 * result.seconds["elapsed"]


def gaps(training):
    """Seconds between checks, as far as the words of the trial tell."""
    times, checks = [training.words[0].tracing_seconds], 0
    for word in training.words:
        if word.checks > checks:
            times.append(word.elapsed)
            checks = word.checks
    return np.diff(times)


@pytest.mark.parametrize("saving", [0.01, 2.0])
def test_a_check_comes_at_the_latest_after_max_seconds_per_update(make_candidate, many_rows, give, time, saving):
    """An epoch takes 250 seconds here; that weights are slow to write changes nothing."""
    time.saving = saving
    training = give(make_candidate(max_seconds_per_update=4.0), many_rows, 30.0)
    assert max(gaps(training)) <= 4.0 + 0.5 + time.step + saving


def test_a_check_comes_after_each_epoch(make_candidate, dark_and_light, give, time):
    """Five steps of 0.2 seconds; checks are cheap."""
    training = give(make_candidate(), dark_and_light, 15.0)
    assert max(gaps(training)) <= 5 * 0.2 + 0.5 + time.step
    assert training.result.checks >= 8


def test_a_large_holdout_is_sampled_so_that_a_check_stays_affordable(make_candidate, dark_and_light, give, time):
    """A check may take max_seconds_per_update / 16: half a second is 100 rows of 0.005 s."""
    pictures, dataset = dark_and_light
    dataset.holdout = np.tile(dataset.holdout, 50)
    time.row = 0.005
    result = give(make_candidate(max_seconds_per_update=8.0), (pictures, dataset), 20.0).result
    assert 64 <= result.checked_rows <= 101
    assert result.checked_rows >= 99


def test_a_small_holdout_is_checked_in_full(make_candidate, dark_and_light, give):
    assert give(make_candidate(), dark_and_light, 3.0).result.checked_rows == 20


def test_the_rate_goes_through_all_phases_in_a_short_time(make_candidate, dark_and_light, give):
    """Without patience ever running out: after 60 % of the time r/4, after 85 % r/16."""
    training = give(make_candidate(), dark_and_light, 10.0)
    assert float(training._learner._rate.rate) == pytest.approx(0.001 / 16)


def test_the_rate_does_not_step_down_early(make_candidate, dark_and_light, start, time):
    began = time.now
    training = start(make_candidate(), *dark_and_light)
    while time.now - began < 5.0:
        training.advance(began + 10.0 - time.now)
    assert float(training._learner._rate.rate) == pytest.approx(0.001)


def test_writing_weights_takes_little_of_the_time(make_candidate, dark_and_light, give, time, monkeypatch):
    """Three percent, and once at the begin and at the end."""
    from pyramid.training import descent

    saves = []
    timed_save = descent.save
    monkeypatch.setattr(descent, "save", lambda *arguments: (saves.append(time.now), timed_save(*arguments)))
    time.step, time.saving = 0.5, 0.5
    give(make_candidate(), dark_and_light, 50.0)
    assert 2 <= len(saves) <= 2 + 50.0 * 0.03 / 0.5
