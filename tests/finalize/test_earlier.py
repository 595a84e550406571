"""What is known of a job that another process has begun."""

import os
from pathlib import Path
from typing import Any

import pytest

from pyramid.errors import ConfigError
from pyramid.finalize.earlier import LOST, STOPPED, Known, check_empty, going_on, read_earlier
from pyramid.finalize.journal import CANDIDATE, JOB, PLAN, RESULT, SPENT, Journal, job_entry
from pyramid.finalize.lock import LOCK_FILE
from pyramid.finalize.workspace import UNFINISHED
from pyramid.training.candidate import FIT_INFO_FILE, TIME_UP, Result, Status
from pyramid.training.storage import write_json

SEARCH = "pyramid_search"
ON = {"rows": 5}


def search(folder: Path, unfinished: bool = True, **document: Any) -> Journal:
    """The journal of a search of 60 s."""
    work = folder / UNFINISHED if unfinished else folder
    work.mkdir(parents=True, exist_ok=True)
    journal = Journal(work)
    journal.write(JOB, job_entry(SEARCH, {"max_total_time": 60, **document}))
    return journal


def end(journal: Journal, name: str, status: Status = Status.FINISHED, reason: str = "", value: float = 0.5) -> None:
    result = Result(name, "deepnet", "", status, reason, metrics={"r_squared": value})
    journal.write(RESULT, result.to_dict())


def think(journal: Journal, *names: str) -> None:
    for name in names:
        journal.write(CANDIDATE, {"name": name, "parameters": {"number_of_layers": 1}})


def test_a_killed_search_is_read_with_what_it_has_spent_and_thought_of(tmp_path: Path) -> None:
    journal = search(tmp_path)
    journal.write(PLAN, {"max_total_time": 60, "trained_on": ON})
    think(journal, "00000", "00001")
    end(journal, "00000")
    journal.write(SPENT, 12.0)
    journal.write(SPENT, 14.5)
    earlier = read_earlier(str(tmp_path), SEARCH)
    assert earlier.document == {"max_total_time": 60, "output_directory": str(tmp_path)}
    assert earlier.spent == 14.5
    assert list(earlier.parameters) == ["00000", "00001"]
    assert earlier.results["00000"].metrics == {"r_squared": 0.5}


def test_networks_that_have_ended_stay_and_the_others_go_on(tmp_path: Path) -> None:
    journal = search(tmp_path)
    journal.write(PLAN, {"max_total_time": 60, "trained_on": ON})
    think(journal, *"abcdef")
    end(journal, "a")
    end(journal, "b", Status.FAILED, "its process died")
    end(journal, "c", Status.SKIPPED, "too late")
    end(journal, "d", reason=STOPPED)
    end(journal, "e", reason=TIME_UP)
    end(journal, "f", Status.FAILED, f"{LOST}, and {STOPPED}")
    known = Known(read_earlier(str(tmp_path), SEARCH), ON)
    assert sorted(known.results) == ["a", "b", "e"]
    assert list(known.begun) == ["c", "d", "f"]
    assert known.number == 6


def test_a_search_goes_on_only_with_the_same_data(tmp_path: Path) -> None:
    search(tmp_path).write(PLAN, {"max_total_time": 60, "trained_on": {"rows": 6}})
    with pytest.raises(ConfigError, match="the table has changed since"):
        Known(read_earlier(str(tmp_path), SEARCH), ON)


def test_a_last_result_replaces_the_one_before_but_being_skipped_does_not(tmp_path: Path) -> None:
    journal = search(tmp_path)
    end(journal, "a", reason=TIME_UP, value=0.5)
    end(journal, "b", reason=TIME_UP, value=0.5)
    end(journal, "a", value=0.7)
    end(journal, "b", Status.SKIPPED, "too late")
    found = read_earlier(str(tmp_path), SEARCH).results
    assert found["a"].metrics == {"r_squared": 0.7}
    assert found["b"].metrics == {"r_squared": 0.5}


def test_weights_that_are_there_count_though_their_candidate_was_skipped(tmp_path: Path) -> None:
    """It waited for another process when the time was over, or was begun by a process that was killed."""
    journal = search(tmp_path)
    end(journal, "a", Status.SKIPPED, "too late")
    end(journal, "b", Status.SKIPPED, "too late")
    end(journal, "c", value=0.7)
    for name in "acd":
        folder = tmp_path / UNFINISHED / f"submodel_{name}"
        folder.mkdir()
        result = Result(name, "deepnet", "", Status.FAILED, "it was stopped", metrics={"r_squared": 0.5})
        write_json(folder / FIT_INFO_FILE, {"result": result.to_dict()})
    known = read_earlier(str(tmp_path), SEARCH).last_results()
    failed, skipped, finished = Status.FAILED, Status.SKIPPED, Status.FINISHED
    assert {name: known[name].status for name in "abcd"} == {"a": failed, "b": skipped, "c": finished, "d": failed}
    assert known["c"].metrics == {"r_squared": 0.7}


def test_more_time_is_not_forgotten_when_the_longer_search_is_killed_too(tmp_path: Path) -> None:
    journal = search(tmp_path)
    journal.write(SPENT, 59.0)
    search(tmp_path, max_total_time=100)
    journal.write(SPENT, 80.0)
    with going_on(str(tmp_path), SEARCH, None) as earlier:
        assert earlier.document["max_total_time"] == 100
        assert earlier.spent == 80.0


def test_no_time_left_is_told(tmp_path: Path) -> None:
    search(tmp_path).write(SPENT, 60.0)
    with pytest.raises(ConfigError, match="60 s of its 60 s are spent; give more with --max-total-time"):
        going_on(str(tmp_path), SEARCH, None).__enter__()
    with going_on(str(tmp_path), SEARCH, 90) as earlier:
        assert earlier.document["max_total_time"] == 90


def test_a_finished_search_goes_on_only_with_more_time_and_keeps_its_model(tmp_path: Path) -> None:
    search(tmp_path, unfinished=False).write(SPENT, 20.0)
    (tmp_path / "final_model.json").write_text("{}")
    for name in ("submodel_a", "arrays"):
        (tmp_path / name).mkdir()
    with pytest.raises(ConfigError, match="is finished; give it more"):
        going_on(str(tmp_path), SEARCH, None).__enter__()
    with going_on(str(tmp_path), SEARCH, 90) as earlier:
        assert earlier.work == tmp_path / UNFINISHED
        assert sorted(os.listdir(earlier.work)) == [LOCK_FILE, "arrays", "journal.jsonl", "submodel_a"]
    assert (tmp_path / "final_model.json").exists()


def test_relative_paths_start_where_the_job_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    search(tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    with going_on("out", SEARCH, None) as earlier:
        assert Path.cwd() == tmp_path / "there"
        assert earlier.document["output_directory"] == str(tmp_path / "out")
    assert Path.cwd() == tmp_path


def test_folders_without_a_job_of_this_command_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no job"):
        read_earlier(str(tmp_path), SEARCH)
    search(tmp_path)
    with pytest.raises(ConfigError, match="holds a job of pyramid_search, not of pyramid_train"):
        read_earlier(str(tmp_path), "pyramid_train")
    (tmp_path / UNFINISHED / "journal.jsonl").write_text("[1, 2]\n")
    with pytest.raises(ConfigError, match="does not tell what job it is of"):
        read_earlier(str(tmp_path), SEARCH)


def test_a_new_search_is_kept_from_other_jobs_whatever_their_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "holds no job"
    assert check_empty(str(folder)) == []
    work = folder / UNFINISHED
    work.mkdir(parents=True)
    Journal(work).write(JOB, job_entry("pyramid_train", {}))
    [problem] = check_empty(str(folder))
    assert problem == (
        f"output_directory: {folder}: holds a job of pyramid_train, not of pyramid_search; name another folder"
    )
    (work / "journal.jsonl").unlink()
    search(folder)
    [problem] = check_empty(str(folder))
    assert "an unfinished search, which --resume goes on with" in problem
    os.replace(work / "journal.jsonl", folder / "journal.jsonl")
    [problem] = check_empty(str(folder))
    assert "--max-total-time" in problem
