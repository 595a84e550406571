"""Processes of a search that die or run out of memory: their trials go on, and nobody else notices."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pyramid.engine.events import Event, Update
from pyramid.engine.trial import MOST_LOSSES
from pyramid.finalize.journal import RESULT, entries
from pyramid.training.candidate import Result, Status
from tests.engine.light import count, story
from tests.engine.searches import kill, processes

pytestmark = pytest.mark.usefixtures("ray_session")


class Killing:
    """Kills the process of a trial whenever it has come two steps further, so many times."""

    def __init__(self, folder: Path, times: dict[str, int]):
        self._folder, self._left = folder, dict(times)
        self._after = dict.fromkeys(times, 3)

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Update) or event.progress is None or not self._left.get(event.name):
            return
        if event.progress.iterations >= self._after[event.name]:
            self._left[event.name] -= 1
            self._after[event.name] = event.progress.iterations + 2
            os.kill(story(self._folder, event.name)["pids"][-1], signal.SIGKILL)


class Run(NamedTuple):
    folder: Path
    results: dict[str, Result]
    stories: dict[str, Any]


PLOTS = {"short": "memory", "short once": "memory once", "dies early": "dies early"}


@pytest.fixture(scope="module")
def faults(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One search with every fault."""
    folder = tmp_path_factory.mktemp("search")
    names = ["calm", "killed", "doomed", *PLOTS, "late"]
    results = count(folder, names, Killing(folder, {"killed": 1, "doomed": MOST_LOSSES}), plots=PLOTS)
    return Run(folder, results, {name: story(folder, name) for name in names})


def test_a_killed_trial_goes_on_from_what_it_has_left(faults: Run) -> None:
    result, told = faults.results["killed"], faults.stories["killed"]
    assert (result.status, result.iterations) == (Status.FINISHED, 10)
    assert len(told["began_at"]) == 2
    assert told["began_at"][1] >= 3
    assert told["pids"][0] != told["pids"][1]
    assert told["batches"] == [32, 32]


def test_a_trial_that_loses_every_process_fails_and_says_why(faults: Run) -> None:
    result, told = faults.results["doomed"], faults.stories["doomed"]
    assert result.status is Status.FAILED
    assert result.reason.startswith(f"its process died {MOST_LOSSES} times: ")
    assert len(result.reason) < 300
    assert "Worker exit type" in result.traceback
    assert told["batches"] == [32, 32, 16]  # the last one takes no risk


def test_a_trial_out_of_memory_begins_once_more_with_half_the_batch(faults: Run) -> None:
    result = faults.results["short once"]
    assert result.status is Status.FINISHED
    assert result.reason.endswith("with batches of 16, for it was out of memory")


def test_out_of_memory_twice_is_a_failure(faults: Run) -> None:
    result = faults.results["short"]
    assert result.status is Status.FAILED
    assert result.reason == "MemoryError: Unable to allocate 1. TiB (with batches of 32 and of 16)"


def test_a_trial_whose_process_dies_before_it_begins_gets_another_one(faults: Run) -> None:
    assert faults.results["dies early"].status is Status.FINISHED


def test_every_trial_is_told_of_once_and_those_without_faults_never_noticed(faults: Run) -> None:
    ended = [value["name"] for kind, value in entries(faults.folder) if kind == RESULT]
    assert sorted(ended) == sorted(faults.results) == sorted(faults.stories)
    for name in ("calm", "late"):
        assert faults.results[name].status is Status.FINISHED
        assert faults.stories[name]["began_at"] == [0]


def once(then: Callable[[], Any]) -> Callable[[Event], None]:
    """Calls ``then`` when a trial is in its third step."""
    done = []

    def tell(event: Event) -> None:
        if not done and isinstance(event, Update) and event.progress and event.progress.iterations >= 3:
            done.append(then())

    return tell


def test_board_and_keeper_come_back_when_they_are_killed(tmp_path: Path) -> None:
    killed: list[int] = []
    tell = once(lambda: killed.append(kill(processes("_Board", "_Keeper"))))
    results = count(tmp_path, list("abcd"), tell, steps=20, marker="none")  # with a keeper, files are sent
    assert killed
    assert killed[0] >= 2
    assert [result.status for result in results.values()] == [Status.FINISHED] * 4


def test_a_process_that_dies_between_two_trials_costs_neither(tmp_path: Path) -> None:
    """It is handed over to the next trial, which finds it dead."""
    killed: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, Update) and event.result and len(killed) < 2:
            killed.append(event.name)
            os.kill(story(tmp_path, event.name)["pids"][-1], signal.SIGKILL)

    results = count(tmp_path, list("abcdef"), tell)
    assert len(killed) == 2
    assert {name: result.status for name, result in results.items()} == dict.fromkeys("abcdef", Status.FINISHED)
    assert all(story(tmp_path, name)["began_at"] == [0] for name in results)


def test_a_process_that_starts_slowly_is_not_given_up_for_one_that_is_there(tmp_path: Path) -> None:
    """Tune gives a process that is free to the first trial that waits, be its own one nearly there."""
    names = [f"{i:02d}" for i in range(20)]
    results = count(tmp_path, names, Killing(tmp_path, {"00": 1}), steps=5, start=4.0)
    assert {result.status for result in results.values()} == {Status.FINISHED}
    by_process = Counter(pid for name in names for pid in story(tmp_path, name)["pids"])
    assert len(by_process) == 3  # the one that was killed, its neighbour, and the one that came for it
    assert by_process[story(tmp_path, "19")["pids"][0]] > 3
    assert min(sorted(by_process.values())[1:]) >= 3


def test_files_of_a_trial_that_does_not_see_the_folder_arrive_whole_and_are_fetched_again(tmp_path: Path) -> None:
    results = count(tmp_path, ["a", "b", "c"], Killing(tmp_path, {"b": 1}), marker="none")
    assert [result.status for result in results.values()] == [Status.FINISHED] * 3
    for name in results:
        told = story(tmp_path, name)
        assert told["steps"] == 10
        assert all(not folder.startswith(str(tmp_path)) for folder in told["folders"])
        assert sorted(path.name for path in (tmp_path / f"submodel_{name}").iterdir()) == [
            "model_fit_info.json",
            "story.json",
        ]
    assert story(tmp_path, "b")["began_at"][1] >= 3
    [left_by_a] = story(tmp_path, "a")["folders"]
    assert not Path(left_by_a).parent.exists()
