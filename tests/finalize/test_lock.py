"""A job that is running is nobody else's: another process is told so, and harms nothing."""

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from pyramid import api
from pyramid.errors import ConfigError
from pyramid.finalize.earlier import going_on
from pyramid.finalize.journal import JOB, SPENT, Journal, job_entry
from pyramid.finalize.lock import LOCK_FILE, alone
from pyramid.finalize.outputs import mirrored
from pyramid.finalize.workspace import UNFINISHED, workspace
from pyramid.training.candidate import FIT_INFO_FILE
from tests.finalize.shelf import register, shelf_uri
from tests.finalize.test_workspace import tree

SEARCH = "pyramid_search"

#: Works in a folder, and has a child that outlives it.
DRIVER = """
import subprocess, sys
from pathlib import Path
from pyramid.finalize.workspace import workspace
with workspace(Path(sys.argv[1]), keep=False) as work:
    (work / "submodel_a").mkdir()
    (work / "submodel_a" / "model_fit_info.json").write_text("{}")
    child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


def begin(output: Path) -> None:
    """Leave the journal of a search, in which seconds are left."""
    journal = Journal(output / UNFINISHED)
    journal.write(JOB, job_entry(SEARCH, {"max_total_time": 60}))
    journal.write(SPENT, 1.0)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that works in an output directory, and the directory."""
    output = tmp_path / "out"
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", DRIVER, str(output)], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout
    child = int(process.stdout.readline())
    begin(output)
    try:
        yield process, output
    finally:
        process.kill()
        process.communicate()
        os.kill(child, 9)


def test_a_running_job_is_neither_gone_on_with_nor_finalized_nor_replaced(
    driver: tuple[subprocess.Popen[str], Path],
) -> None:
    process, output = driver
    before = tree(output)
    said = f"{output}: its job is running \\(process {process.pid} on .*\\); wait"
    for another in (
        lambda: going_on(str(output), SEARCH, 90).__enter__(),
        lambda: workspace(output).__enter__(),
        lambda: api.finalize_search(str(output)),
        lambda: api.finalize_training(str(output)),
        lambda: api.resume_search(str(output), 90),
        lambda: api.resume_training(str(output)),
    ):
        with pytest.raises(ConfigError, match=said):
            another()
    assert tree(output) == before


def test_a_killed_process_leaves_the_job_free_whatever_it_had_started(
    driver: tuple[subprocess.Popen[str], Path],
) -> None:
    process, output = driver
    process.kill()
    process.wait()
    with going_on(str(output), SEARCH, None) as earlier:
        assert earlier.spent == 1.0
        with pytest.raises(ConfigError, match="is running"):
            going_on(str(output), SEARCH, None).__enter__()
    assert not (output / UNFINISHED / LOCK_FILE).exists()
    with workspace(output) as work:
        assert os.listdir(work) == [LOCK_FILE], "it is a new job"


def test_nothing_of_the_lock_stays(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path / UNFINISHED):
            assert tree(tmp_path).keys() == {UNFINISHED, f"{UNFINISHED}/{LOCK_FILE}"}
        assert tree(tmp_path) == {}
    with alone(tmp_path / "absent" / UNFINISHED):
        assert tree(tmp_path) == {}


def test_the_lock_of_a_job_that_has_ended_is_not_the_next_ones(tmp_path: Path) -> None:
    """The folder was removed and made anew by another process before the first one had let go."""
    with alone(tmp_path / UNFINISHED):
        (tmp_path / UNFINISHED / LOCK_FILE).unlink()
        with alone(tmp_path / UNFINISHED):
            pass
        with alone(tmp_path / UNFINISHED):
            (tmp_path / "new").touch()
    assert tree(tmp_path) == {"new": ""}


def test_a_file_system_without_locks_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with workspace(tmp_path) as work, alone(work):
        (work / "submodel_a").mkdir()
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("fresh", [True, False])
def test_the_folder_behind_a_uri_is_not_replaced_while_its_job_runs(
    fresh: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    uri = shelf_uri(tmp_path / "there")

    def mirror(anew: bool) -> AbstractContextManager[object]:
        return mirrored(uri, anew)

    with mirrored(uri, True) as output, workspace(Path(output.folder)) as work:
        (work / "submodel_a").mkdir()
        (work / "submodel_a" / FIT_INFO_FILE).touch()
        with pytest.raises(ConfigError, match=f"{uri}: its job is running"):
            mirror(fresh).__enter__()
        assert (work / "submodel_a" / FIT_INFO_FILE).exists()
