"""Real trials under one budget: in time, whatever one of them does."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pyramid.engine.events import Update
from pyramid.engine.listener import Ends
from pyramid.engine.resources import Resources, resources
from pyramid.engine.session import ray
from pyramid.engine.shared import share
from pyramid.engine.trials import train_candidates
from pyramid.errors import ConfigError
from pyramid.training.candidate import FIT_INFO_FILE, WEIGHTS_FILE, Placement, Status

pytestmark = pytest.mark.usefixtures("ray_session")


@pytest.fixture
def train(dark_and_light, tmp_path: Path) -> Callable:
    """Train candidates for so many seconds in all; returns their results by name, and the seconds that it took."""

    def run(candidates, seconds, given: Resources | None = None, tell=lambda update: None, stopped=lambda: False):
        views = dict.fromkeys((candidate.look for candidate in candidates), share(*dark_and_light))
        given = given or resources(None, None)
        ends = Ends(tmp_path, lambda event: tell(event) if isinstance(event, Update) else None, stopped)
        results, spent = train_candidates(candidates, views, {}, seconds, given, ends)
        assert [result.name for result in results] == [candidate.name for candidate in candidates]
        return {result.name: result for result in results}, spent["training"]

    return run


def overshoot_allowed(seconds: float) -> float:
    return max(2.0, 0.02 * seconds)


def test_a_broken_candidate_costs_itself_alone_and_its_time_is_handed_on(train, candidate, tmp_path: Path) -> None:
    broken = candidate("broken", network="no_such_network")
    results, spent = train([candidate("first"), broken, candidate("last")], 12.0)
    assert results["broken"].status is Status.FAILED
    assert "KeyError" in results["broken"].reason
    assert "Traceback" in results["broken"].traceback
    for name in ("first", "last"):
        assert results[name].status is Status.FINISHED
        assert results[name].metrics["accuracy"] == 1.0
        assert (tmp_path / f"submodel_{name}" / WEIGHTS_FILE).exists()
        assert (tmp_path / f"submodel_{name}" / FIT_INFO_FILE).exists()
    # A third of the time each, and the last has the broken one's third too.
    assert results["last"].seconds["elapsed"] > 1.3 * results["first"].seconds["elapsed"]
    assert spent <= 12.0 + overshoot_allowed(12.0)


@pytest.mark.slow
def test_a_hung_trial_is_killed_and_keeps_its_last_weights(train, candidate) -> None:
    def freeze(update: Update) -> None:
        """Stop the process of the first candidate once it has saved weights."""
        if update.name == "hangs" and update.progress and update.progress.checks > 3:
            for child in psutil.Process().children(recursive=True):
                if " ".join(child.cmdline()).startswith(("ray::PictureTrial", "ray::ResourceTrainable")):
                    os.kill(child.pid, signal.SIGSTOP)

    results, spent = train([candidate("hangs"), candidate("other")], 40.0, tell=freeze)
    assert results["hangs"].status is Status.FAILED
    assert "hung" in results["hangs"].reason
    assert results["hangs"].metrics["accuracy"] == 1.0
    assert results["other"].status is Status.FINISHED
    assert spent <= 40.0 + overshoot_allowed(40.0)


def test_too_little_time_skips_what_could_not_even_be_traced(train, candidate) -> None:
    results, spent = train([candidate(f"c{i}") for i in range(30)], 6.0)
    skipped = [result for result in results.values() if result.status is Status.SKIPPED]
    assert results["c0"].metrics["accuracy"] is not None
    assert len(skipped) >= 20
    assert all("time" in result.reason for result in skipped)
    assert spent <= 6.0 + overshoot_allowed(6.0)


def test_candidates_run_side_by_side_when_each_asks_for_one_core(train, candidate) -> None:
    given = resources(1, 0)
    running: set[str] = set()
    together = 0

    def watch(update: Update) -> None:
        nonlocal together
        (running.discard if update.result else running.add)(update.name)
        together = max(together, len(running))

    results, spent = train([candidate("left"), candidate("right")], 8.0, given, watch)
    assert all(result.status is Status.FINISHED for result in results.values())
    assert together == 2
    assert spent <= 8.0 + overshoot_allowed(8.0)


def test_stopping_keeps_the_best_so_far(train, candidate) -> None:
    asked = False

    def stop(update: Update) -> None:
        nonlocal asked
        asked = asked or bool(update.progress and update.progress.checks > 2)

    results, spent = train([candidate("runs"), candidate("waits")], 600.0, tell=stop, stopped=lambda: asked)
    assert results["runs"].status is Status.FINISHED
    assert results["runs"].metrics["accuracy"] == 1.0
    assert results["waits"].status is Status.SKIPPED
    assert {result.reason for result in results.values()} == {"the training was stopped"}
    assert spent < 60.0


AUGMENTED = {"augmentations": {"rotation": 20.0, "brightness": 0.1, "gaussian_noise": 0.1}, "max_iterations": 40}


@pytest.mark.slow
def test_workers_augment_what_the_trial_would(train, candidate) -> None:
    """One core for the trial, one for its workers; the second candidate has a stream of its own."""
    placed = [
        candidate("beside", augmentation_placement="workers", **AUGMENTED),
        candidate("auto", augmentation_placement="auto", **AUGMENTED),
        candidate("inside", augmentation_placement="trial", **AUGMENTED),
        candidate("beside_again", augmentation_placement="workers", **AUGMENTED),
    ]
    given = resources(1, 0, "workers")
    assert (given.cpus, given.workers) == (1, int(ray.cluster_resources()["CPU"]) // given.slots - 1)
    results, _ = train(placed, 120, given)
    assert {name: result.status for name, result in results.items()} == dict.fromkeys(results, Status.FINISHED)
    assert results["beside"].placement == Placement("workers", "as the configuration says")
    assert results["inside"].placement == Placement("trial", "as the configuration says")
    assert results["auto"].placement.why.startswith("a batch takes ")
    for name in ("beside", "auto", "beside_again"):
        assert results[name].iterations == 40
        assert results[name].metrics == pytest.approx(results["inside"].metrics, rel=0.01), name


def test_all_cores_for_a_trial_leave_none_for_workers() -> None:
    cores = int(ray.cluster_resources()["CPU"])
    with pytest.raises(ConfigError, match=f"augmentation_placement: no machine has {cores} cores for a trial and one"):
        resources(cores, 0, "workers")


def test_auto_without_a_free_core_is_in_the_trial(train, candidate) -> None:
    results, _ = train([candidate("only", **AUGMENTED)], 60, resources(None, 0, "auto"))
    assert results["only"].placement == Placement("trial", "no core is free beside the trials")
