"""A process that is killed while it delivers, or takes up what was delivered, loses nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyramid.finalize.delivery import deliver
from pyramid.finalize.earlier import going_on, left_behind
from pyramid.finalize.journal import JOB, JOURNAL_FILE, Journal, job_entry
from pyramid.finalize.lock import LOCK_FILE
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE, KEPT, MLFLOW_FILE, RESULTS_FILE, UNFINISHED
from tests.finalize.test_workspace import fill, tree

SEARCH = "pyramid_search"
MADE = (CONFIG_FILE, FINAL_MODEL_FILE, RESULTS_FILE)


class Killed(BaseException):
    """Stands for a SIGKILL: from then on nothing is moved any more."""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], Any]], bool]:
    """Run something until it has moved so many files; whether that was before its end."""
    move = os.replace

    def run(after: int, what: Callable[[], Any]) -> bool:
        done: list[Any] = []

        def replace(source: Any, target: Any) -> None:
            if len(done) == after:
                raise Killed
            done.append(target)
            move(source, target)

        monkeypatch.setattr(os, "replace", replace)
        try:
            what()
        except Killed:
            return True
        finally:
            monkeypatch.setattr(os, "replace", move)
        return False

    return run


def finish(output: Path) -> None:
    """A job that is done and not yet delivered, above an earlier one."""
    fill(output, "old", "a", "z")
    work = output / UNFINISHED
    fill(work, "new", "a", "b")
    for folder in (output, work):
        (folder / KEPT[0]).mkdir()
        (folder / KEPT[0] / "array").write_text(folder.name)
        (folder / MLFLOW_FILE).write_text(folder.name)
        Journal(folder).write(JOB, job_entry(SEARCH, {"max_total_time": 60}))


def test_a_delivery_that_is_cut_off_anywhere_can_be_repeated(
    tmp_path: Path, killed: Callable[[int, Callable[[], Any]], bool]
) -> None:
    for after in range(20):
        output = tmp_path / f"{after:05d}"
        finish(output)
        before = {name: text for name, text in tree(output / UNFINISHED).items() if name not in MADE}
        cut = killed(after, lambda output=output: deliver(output / UNFINISHED, output))
        if not cut:
            break
        with left_behind(str(output), SEARCH) as earlier:
            assert earlier.work == output / UNFINISHED
            there = {name: text for name, text in tree(earlier.work).items() if name not in (*MADE, LOCK_FILE)}
            assert there == before
            for name in MADE:  # `finalize` writes them again
                (earlier.work / name).write_text('"new"')
            deliver(earlier.work, output)
        assert tree(output) == {**before, **dict.fromkeys(MADE, '"new"')}
    assert 7 < after < 19
    (output / UNFINISHED).rmdir()
    assert tree(output) == {**before, **dict.fromkeys(MADE, '"new"')}


def test_after_an_error_of_the_delivery_nothing_is_delivered_but_the_model(tmp_path: Path) -> None:
    finish(tmp_path)
    (tmp_path / JOURNAL_FILE).unlink()
    (tmp_path / JOURNAL_FILE / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="journal"):
        deliver(tmp_path / UNFINISHED, tmp_path)
    there = {KEPT[0], JOURNAL_FILE, MLFLOW_FILE, "submodel_a", "submodel_b"}
    assert {path.name for path in (tmp_path / UNFINISHED).iterdir()} == there


def test_taking_up_what_was_delivered_can_be_cut_off_anywhere(
    tmp_path: Path, killed: Callable[[int, Callable[[], Any]], bool]
) -> None:
    def go_on(output: Path) -> set[str]:
        with going_on(str(output), SEARCH, 10**6) as earlier:
            assert earlier.work == output / UNFINISHED
            return {path.name for path in earlier.work.iterdir()}

    for after in range(20):
        output = tmp_path / f"{after:05d}"
        finish(output)
        deliver(output / UNFINISHED, output)
        cut = killed(after, lambda output=output: go_on(output))
        assert go_on(output) >= {JOURNAL_FILE, MLFLOW_FILE, KEPT[0], "submodel_a", "submodel_b"}
        if not cut:
            break
    assert 3 < after < 19
