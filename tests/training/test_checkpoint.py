"""A training whose process was killed goes on as the unbroken one would."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time as clock
from dataclasses import replace

import numpy as np
import pytest

from pyramid.networks.given_layers import output_layers
from pyramid.networks.hidden_layers import hidden_layers
from pyramid.tf import tf
from pyramid.training.candidate import FIT_INFO_FILE, TIME_UP, WEIGHTS_FILE, Status
from pyramid.training.checkpoint import (
    CHECKPOINT_FILE,
    halved_before,
    load_checkpoint,
)
from pyramid.training.predicted import PREDICTED_FILE
from pyramid.training.saving import WORTH_KEEPING
from pyramid.training.table import TableTraining
from tests.training.tables import CANDIDATE, NUMERIC, table

PLENTY = 1_000_000.0


@pytest.fixture(autouse=True)
def forget():
    yield
    tf.keras.backend.clear_session()  # else Keras keeps every network, and each test is slower than the one before


def weights(training):
    return [array.copy() for array in training._learner.model.get_weights()]


def assert_same(ones, others, tolerance=1e-5):
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def spoil(training):
    """Make the network predict the same for all rows: its next check brings nothing."""
    training._learner.model.set_weights([np.zeros_like(array) for array in weights(training)])


def rounds(training, numbers, spoilt=()):
    """Steps and a check, so often: nothing in here looks at a clock."""
    for number in numbers:
        training._learner.run(4)
        if number in spoilt:
            spoil(training)
        training._check()


def state(training):
    """What must be the same, the weights aside."""
    learner = training._learner
    return {
        "iterations": (learner.iterations, learner.own_iterations),
        "phase": (training._schedule._place, training._schedule._failures, learner.frozen),
        "rate": float(learner._rate.rate),
        "checks": training._checks,
        "last check": training._last_check[1],
        "at start": training._at_start,
    }


def assert_goes_on(begin, breaks, total, spoilt=()):
    """Trainings that are broken after some rounds end where the unbroken one does."""
    unbroken = begin("unbroken")
    rounds(unbroken, range(total), spoilt)
    broken = begin("broken")
    for first, last in itertools.pairwise([0, *breaks, total]):
        rounds(broken, range(first, last), spoilt)
        if last < total:
            broken._keep()
            broken._saving.weights_seconds = PLENTY  # they are not written in these rounds
            rounds(broken, [1, 2], spoilt)  # what was learned after the checkpoint is lost
            broken = begin("broken", resume=True)
            assert broken._learner.iterations > 0
    assert state(broken) == state(unbroken)
    assert broken._best.value == pytest.approx(unbroken._best.value, rel=1e-4)
    assert_same(weights(unbroken), weights(broken))
    assert_same(unbroken._best.weights, broken._best.weights)


@pytest.fixture
def begin_table(tmp_path):
    def make(candidate):
        data = table(candidate.categorical)
        return lambda name, **options: TableTraining(candidate, data, tmp_path / name, **options)

    return make


@pytest.mark.parametrize("algorithm", ["adam", "ftrl", "momentum", "nadam"])
def test_a_table_is_learned_on_with_what_the_optimizer_remembers(begin_table, algorithm):
    begin = begin_table(replace(CANDIDATE, descent_algorithm=algorithm))
    unbroken, broken = begin("unbroken"), begin("broken")
    unbroken._learner.run(30)
    broken._learner.run(12)
    broken._keep()
    resumed = begin("broken", resume=True)
    resumed._learner.run(18)
    assert_same(weights(unbroken), weights(resumed))
    assert max(np.abs(a - b).max() for a, b in zip(weights(broken), weights(resumed), strict=True)) > 1e-4


def test_a_table_goes_through_its_phases_as_if_nothing_had_been(begin_table):
    changes = {"max_iterations": 400, "patience": 2, "mixup_alpha": 0.2, "learning_rate_warmup_iterations": 3}
    begin = begin_table(replace(NUMERIC, **changes))
    assert_goes_on(begin, [2, 6], 9, spoilt=(3, 4))


def test_pictures_that_are_augmented_are_learned_on(make_candidate, dark_and_light, start):
    def begin(name, **options):
        return start(replace(candidate, name=name), *dark_and_light, **options)

    candidate = make_candidate(augmentations={"horizontal_flip": 1.0, "brightness": 0.2}, learning_rate=0.003)
    assert_goes_on(begin, [2], 5)


def test_fine_tuning_goes_on_in_its_phase_frozen_or_free(make_candidate, dark_and_light, start, published):
    candidate = make_candidate(method="fine_tune", patience=1, learning_rate=0.003)
    begun = []

    def begin(name, **options):
        begun.append(
            start(replace(candidate, name=name), *dark_and_light, start=published(make_candidate()), **options)
        )
        return begun[-1]

    assert_goes_on(begin, [1, 4], 6, spoilt=(3,))
    assert begun[0]._learner.frozen is False
    assert begun[1]._learner.frozen is True
    assert list(begun[-1]._learner._loops) == [False]


def test_the_layers_of_the_best_weights_are_frozen_as_those_of_the_checkpoint(
    make_candidate, dark_and_light, start, published, tmp_path
):
    """As soon as all layers are free, the checkpoint is one of that phase: kept features would be wrong for them."""
    candidate = make_candidate(method="fine_tune", patience=1)
    training = start(candidate, *dark_and_light, start=published(candidate))
    rounds(training, [1])
    training._keep()
    spoil(training)
    training._check()
    assert training._learner.frozen is False
    training.advance(PLENTY)
    assert load_checkpoint(tmp_path / candidate.folder, candidate).position.place >= 1


@pytest.fixture
def broken_table(begin_table):
    """Begin anew or go on with a table whose training was broken after two rounds."""
    candidate = replace(CANDIDATE, max_iterations=60)
    begin = begin_table(candidate)
    training = begin("broken")
    rounds(training, range(2))
    training._keep()
    begin.broken, begin.candidate = training, candidate
    return begin


@pytest.mark.parametrize("share", [0.0, 0.3, 0.97])
def test_a_file_that_is_not_whole_is_begun_anew(broken_table, tmp_path, share):
    path = tmp_path / "broken" / CHECKPOINT_FILE
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert broken_table("broken", resume=True)._learner.iterations == 1
    assert not path.exists()


def test_without_being_asked_nothing_is_resumed(broken_table, tmp_path):
    assert broken_table("broken")._learner.iterations == 1
    assert not (tmp_path / "broken" / CHECKPOINT_FILE).exists()


def test_a_folder_without_a_checkpoint_is_begun_anew(broken_table):
    assert broken_table("other", resume=True)._learner.iterations == 1


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"learning_rate": 0.02}, False),
        ({"seed": 4}, False),
        ({"layers": [*hidden_layers([9], "relu", 0.0, False), *output_layers(3, True)]}, False),
        ({"max_iterations": 90, "max_training_time": 7.0}, True),
    ],
)
def test_only_the_same_candidate_goes_on_whatever_its_time(broken_table, begin_table, changes, taken):
    other = begin_table(replace(broken_table.candidate, **changes))
    assert other("broken", resume=True)._learner.iterations == (9 if taken else 1)


def test_weights_that_were_saved_after_the_checkpoint_are_not_lost(broken_table):
    """Killed between the two, or before the next checkpoint."""
    training = broken_table.broken
    rounds(training, range(4))
    training._restore()
    training._save_unfinished()
    resumed = broken_table("broken", resume=True)
    assert resumed._learner.iterations == 9
    assert resumed._best.value == pytest.approx(training._best.value, rel=1e-5)
    assert resumed._schedule.best == pytest.approx(training._best.value, rel=1e-5)
    assert_same(training._best.weights, resumed._best.weights)


@pytest.mark.parametrize("harm", ["no file", "half a file", "another candidate's"])
def test_a_training_goes_on_without_its_best_weights(broken_table, tmp_path, harm):
    path, info = tmp_path / "broken" / WEIGHTS_FILE, tmp_path / "broken" / FIT_INFO_FILE
    if harm == "no file":
        path.unlink()
    elif harm == "half a file":
        path.write_bytes(path.read_bytes()[:700])
    else:
        values = json.loads(info.read_text())
        info.write_text(json.dumps({**values, "candidate": {**values["candidate"], "seed": 77}}))
    resumed = broken_table("broken", resume=True)
    assert (resumed._learner.iterations, resumed._best) == (9, None)
    assert_same(weights(broken_table.broken), weights(resumed))
    assert resumed.advance(0.0).result.status is Status.FINISHED


def test_an_end_by_time_can_be_gone_on_from(make_candidate, dark_and_light, start, time, tmp_path):
    """With the seconds spent, in the phase that it was in; and with a share of the time that was not over."""
    time.step, candidate = 0.2, make_candidate()
    path = tmp_path / candidate.folder / CHECKPOINT_FILE
    training, began = start(candidate, *dark_and_light), time.now
    while training.advance(4.0).iterations < 20:
        pass
    ended = training.advance(0.0).result
    assert (ended.reason, path.exists()) == (TIME_UP, True)
    assert training._schedule._place == 0
    time.now += 1_000.0  # nobody counts what is between two processes
    resumed = start(candidate, *dark_and_light, resume=True)
    assert resumed.progress().iterations == ended.iterations
    assert resumed.progress().checks == ended.checks
    assert resumed.progress().elapsed == pytest.approx(ended.seconds["elapsed"], abs=1.0)
    assert resumed.progress().value == pytest.approx(ended.metrics["likelihood"])
    resumed.advance(100.0)
    assert resumed._time_used() < 0.2
    assert resumed._schedule._place == 0
    result = resumed.advance(0.0).result
    assert result.iterations > ended.iterations
    assert result.seconds["training"] == pytest.approx(0.2 * (result.iterations - 1), rel=0.01)
    assert began + 1_000.0 + result.seconds["elapsed"] == pytest.approx(time.now, abs=2.5)


def test_no_time_more_ends_it_again_with_the_same_model(make_candidate, dark_and_light, start, time):
    candidate = make_candidate()
    training = start(candidate, *dark_and_light)
    while training.advance(5.0).elapsed < 4.0:
        pass
    first = training.advance(0.0).result
    second = start(candidate, *dark_and_light, resume=True).advance(0.0).result
    assert (second.status, second.reason) == (Status.FINISHED, TIME_UP)
    assert (second.iterations, second.checks) == (first.iterations, first.checks)
    assert second.metrics == pytest.approx(first.metrics)


def test_nothing_is_left_of_a_training_that_learned_what_it_could(make_candidate, dark_and_light, start, tmp_path):
    candidate = make_candidate(patience=1)
    training = start(candidate, *dark_and_light)
    rounds(training, range(2))
    training._keep()
    while (progress := training.advance(PLENTY)).result is None:
        spoil(training)
    assert "brought nothing" in progress.result.reason
    names = sorted(path.name for path in (tmp_path / candidate.folder).iterdir())
    assert names == [PREDICTED_FILE, FIT_INFO_FILE, WEIGHTS_FILE]


def test_the_best_weights_that_were_not_written_are_written_with_the_checkpoint(make_candidate, dark_and_light, start):
    training = start(make_candidate(), *dark_and_light)
    rounds(training, range(3))
    training._best_is_saved = False
    training._learner.run(2)
    before = weights(training)
    training._keep()
    assert_same(before, weights(training), 0.0)
    model = tf.keras.models.clone_model(training._learner.model)
    model.load_weights(training._folder / WEIGHTS_FILE)
    assert_same(training._best.weights, model.get_weights(), 0.0)


# A real clock from here on.

TIMED = replace(CANDIDATE, max_iterations=None, max_training_time=5.0, patience=10_000)


def test_a_table_loses_less_than_three_percent_of_its_time(tmp_path):
    training = TableTraining(TIMED, table(), tmp_path)
    began, kept = training.progress().elapsed, []

    def look(progress):
        kept.append((progress.elapsed - began, (tmp_path / CHECKPOINT_FILE).exists()))

    result = advanced(training, began + 5.0, look)
    assert result.seconds["saving"] < 0.03 * result.seconds["elapsed"]
    assert [there for seconds, there in kept if seconds < 2.0] == [False] * sum(seconds < 2.0 for seconds, _ in kept)
    assert kept[-2][1]  # not only at the end
    assert load_checkpoint(tmp_path, TIMED).position.iterations == result.iterations


def advanced(training, seconds, look):
    """Train as a trial does; somebody may go on from what it leaves."""
    progress = training.progress()
    while progress.result is None:
        look(progress)
        progress = training.advance(seconds - progress.elapsed)
    look(progress)
    return progress.result


def test_a_short_training_writes_no_checkpoint(tmp_path):
    training = TableTraining(TIMED, table(), tmp_path)
    result = advanced(training, training.progress().elapsed + 1.5, lambda progress: None)
    assert result.reason == TIME_UP
    assert sorted(path.name for path in tmp_path.iterdir()) == [FIT_INFO_FILE, WEIGHTS_FILE]


def test_a_training_that_nobody_goes_on_from_leaves_no_checkpoint(tmp_path):
    training = TableTraining(TIMED, table(), tmp_path)
    result = training.complete(training.progress().elapsed + 3.0, lambda progress: None)
    assert result.reason == TIME_UP
    assert result.seconds["training"] > WORTH_KEEPING
    assert sorted(path.name for path in tmp_path.iterdir()) == [FIT_INFO_FILE, WEIGHTS_FILE]


def run_python(code, *arguments):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE)


def killed_at(process, moment):
    """Kill it as soon as ``moment`` is there, and wait for its end."""
    until = clock.monotonic() + 60.0
    while not moment() and process.poll() is None and clock.monotonic() < until:
        clock.sleep(0.0005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()


WRITES = """
import json, sys
from pathlib import Path
import numpy as np
from pyramid.training.candidate import TableCandidate
from pyramid.training.checkpoint import Checkpoint, Position, save_checkpoint

candidate = TableCandidate(**json.loads(sys.argv[2]))
for number in range(10**6):
    arrays = [np.full(1000 * (i + 1), number, np.int64) for i in range(40)]
    position = Position(number, 0, 0, 0, None, {}, 0.0, 0, 0, (0.0, 0), {}, 0.0, (0.0, 0.0))
    save_checkpoint(Path(sys.argv[1]), candidate, Checkpoint(position, arrays[:20], arrays[20:]))
"""


def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path):
    part = tmp_path / (CHECKPOINT_FILE + ".part")
    numbers = []
    for _ in range(4):
        part.unlink(missing_ok=True)
        process = run_python(WRITES, tmp_path, json.dumps(CANDIDATE.to_dict()))
        killed_at(process, lambda: (tmp_path / CHECKPOINT_FILE).exists() and part.exists())
        kept = load_checkpoint(tmp_path, CANDIDATE)
        numbers.append(kept.position.iterations)
        assert [len(array) for array in kept.weights + kept.optimizer] == [1000 * (i + 1) for i in range(40)]
        assert all((array == numbers[-1]).all() for array in kept.weights + kept.optimizer)
    assert min(numbers) >= 0


TRAINS = """
import json, sys
from pathlib import Path
import numpy as np
from pyramid.training.candidate import TableCandidate
from pyramid.training.table import TableTraining
from pyramid.training.table_data import TableData

data = TableData(**np.load(sys.argv[3]))
training = TableTraining(TableCandidate(**json.loads(sys.argv[2])), data, Path(sys.argv[1]))
while True:
    training._learner.run(4)
    training._check()
    training._best_is_saved = False
    training._keep()
"""

KILLED = replace(
    CANDIDATE,
    max_iterations=None,
    max_training_time=0.01,
    layers=[*hidden_layers([1024, 1024], "relu", 0.0, False), *output_layers(3, True)],
)


def test_a_training_that_is_killed_while_it_saves_goes_on(tmp_path):
    np.savez(tmp_path / "data.npz", **vars(table()))
    process = run_python(TRAINS, tmp_path, json.dumps(KILLED.to_dict()), tmp_path / "data.npz")
    part = tmp_path / (CHECKPOINT_FILE + ".part")
    killed_at(process, lambda: (tmp_path / CHECKPOINT_FILE).exists() and part.exists())
    kept = load_checkpoint(tmp_path, KILLED)
    resumed = TableTraining(KILLED, table(), tmp_path, resume=True)
    assert kept.position.iterations > 1
    assert kept.position.iterations <= resumed._learner.iterations <= kept.position.iterations + 1
    assert resumed._best is not None
    before = resumed.progress()
    while (progress := resumed.advance(1.0 - resumed.progress().elapsed + before.elapsed)).result is None:
        pass
    assert progress.result.status is Status.FINISHED
    assert progress.result.iterations > before.iterations
    assert progress.result.metrics["likelihood"] >= before.value - 1e-6


@pytest.fixture
def kept(tmp_path):
    """A folder with a checkpoint of a candidate that was out of memory with batches of more than 8 rows."""
    training = TableTraining(replace(CANDIDATE, batch_size=8), table(NUMERIC), tmp_path)
    training._keep_place()
    return tmp_path


@pytest.mark.parametrize(("wanted", "batch"), [(32, 8), (8, 8), (4, 4)])
def test_a_candidate_takes_the_smaller_batch_of_its_checkpoint(kept, wanted, batch):
    assert halved_before(kept, replace(CANDIDATE, batch_size=wanted)).batch_size == batch


def test_the_batch_of_another_candidate_or_of_a_damaged_checkpoint_is_nobodys(kept, tmp_path_factory):
    other = replace(CANDIDATE, batch_size=32, seed=CANDIDATE.seed + 1)
    assert halved_before(kept, other) == other
    (kept / CHECKPOINT_FILE).write_bytes(b"half of it")
    assert halved_before(kept, CANDIDATE) == CANDIDATE
    assert halved_before(tmp_path_factory.mktemp("none"), CANDIDATE) == CANDIDATE
