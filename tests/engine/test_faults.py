"""Processes of a search that die or run out of memory: their trials go on, and nobody else notices."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pyramid.engine.events import Event, Note, Update
from pyramid.engine.listener import TOO_LATE
from pyramid.engine.scheduler import LATE
from pyramid.engine.trial import MOST_LOSSES
from pyramid.finalize.earlier import LOST, STOPPED
from pyramid.finalize.journal import RESULT, entries
from pyramid.training.candidate import FIT_INFO_FILE, Result, Status
from pyramid.training.storage import write_json
from tests.engine.light import METRIC, count, story
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
    results = count(folder, names, Killing(folder, {"killed": 1, "doomed": MOST_LOSSES, "short once": 1}), plots=PLOTS)
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
    assert told["batches"] == [32, 32, 32]  # with another its work would be lost
    assert told["began_at"][2] > told["began_at"][1] > 0


def test_a_trial_out_of_memory_begins_once_more_with_half_the_batch(faults: Run) -> None:
    result = faults.results["short once"]
    assert result.status is Status.FINISHED
    assert result.reason.endswith("with batches of 16, for it was out of memory")


def test_a_killed_trial_goes_on_with_the_half_of_the_batch_that_it_had(faults: Run) -> None:
    told = faults.stories["short once"]
    assert told["batches"] == [16, 16]  # the first process began anew with that
    assert told["began_at"][1] >= 3


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


def once(then: Callable[[], Any], name: str = "") -> Callable[[Event], None]:
    """Calls ``then`` when a trial, or the one called ``name``, is in its third step."""
    done = []

    def tell(event: Event) -> None:
        if done or not isinstance(event, Update) or not event.name.startswith(name):
            return
        if event.progress and event.progress.iterations >= 3:
            done.append(then())

    return tell


def test_board_and_keeper_come_back_when_they_are_killed(tmp_path: Path) -> None:
    killed: list[int] = []
    tell = once(lambda: killed.append(kill(processes("_Board", "_Keeper"))))
    results = count(tmp_path, list("abcd"), tell, steps=20, marker="none")  # with a keeper, files are sent
    assert killed
    assert killed[0] >= 2
    assert [result.status for result in results.values()] == [Status.FINISHED] * 4


def test_what_hangs_is_ended_by_a_board_that_came_back_too(tmp_path: Path) -> None:
    """One in the middle of its training, whose process even does not listen any more, and one before it begins."""

    def freeze() -> None:
        kill(processes("_Board"))
        os.kill(story(tmp_path, "stopped")["pids"][-1], signal.SIGSTOP)

    names, plots = ["stopped", "well", "stuck"], {"stuck": "never starts"}
    results = count(tmp_path, names, once(freeze, "stopped"), 20.0, most_start=10.0, steps=20, plots=plots)
    assert results["well"].status is Status.FINISHED
    assert (results["stopped"].status, results["stuck"].status) == (Status.FAILED, Status.FAILED)
    assert results["stopped"].reason.startswith("it hung: no answer ")
    assert results["stuck"].reason == "it hung: its process was not ready after 10 s"


def test_a_search_whose_processes_start_after_its_end_has_one_network_and_says_that_it_is_late(tmp_path: Path) -> None:
    told: list[Event] = []
    results = count(tmp_path, list("abcd"), told.append, 0.5, from_now=True, start=6.0)
    status = [result.status for result in results.values()]
    assert status.count(Status.FINISHED) == 1
    assert status.count(Status.SKIPPED) == 3
    assert [event for event in told if isinstance(event, Note)] == [Note(LATE)]


def test_a_trial_whose_process_is_not_ready_at_the_end_is_skipped_and_not_waited_for(tmp_path: Path) -> None:
    results = count(tmp_path, ["quick", "stuck"], total=2.0, steps=5, plots={"stuck": "never starts"})
    assert results["quick"].status is Status.FINISHED
    assert (results["stuck"].status, results["stuck"].reason) == (Status.SKIPPED, TOO_LATE)


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
    names = [f"{i:02d}" for i in range(40)]  # enough to share where a process takes long to start
    results = count(tmp_path, names, Killing(tmp_path, {"00": 1}), steps=5, start=4.0)
    assert {result.status for result in results.values()} == {Status.FINISHED}
    by_process = Counter(pid for name in names for pid in story(tmp_path, name)["pids"])
    assert len(by_process) == 3  # the one that was killed, its neighbour, and the one that came for it
    assert by_process[story(tmp_path, names[-1])["pids"][0]] > 3
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


def test_the_weights_of_a_trial_that_waits_for_a_process_at_the_end_are_its_result(tmp_path: Path) -> None:
    """One is killed in the middle, one with its last word, and the user stops all; a third has not begun."""
    left = {"middle": Status.FAILED, "last": Status.FINISHED}
    ready: set[str] = set()
    killed: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, Update) and event.progress and event.progress.iterations >= 3:
            ready.add(event.name)
        for name in left if len(ready) == 2 and not killed else ():
            result = Result(name, "counter", "none", left[name], "as it was", metrics={METRIC: 0.7})
            write_json(tmp_path / f"submodel_{name}" / FIT_INFO_FILE, {"result": result.to_dict()})
            os.kill(story(tmp_path, name)["pids"][-1], signal.SIGKILL)
            killed.append(name)

    results = count(tmp_path, [*left, "none"], tell, steps=10**6, stopped=lambda: bool(killed))
    assert {name: result.status for name, result in results.items()} == left | {"none": Status.SKIPPED}
    assert results["middle"].reason == f"{LOST}, and {STOPPED}"
    assert results["last"].reason == "as it was"
    assert [results[name].metrics for name in left] == [{METRIC: 0.7}] * 2
    journaled = {value["name"]: value["status"] for kind, value in entries(tmp_path) if kind == RESULT}
    assert journaled == {name: result.status for name, result in results.items()}
