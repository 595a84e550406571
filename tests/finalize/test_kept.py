"""After an error: what took long stays, and the error tells how to go on with it."""

import pickle
from pathlib import Path

import pytest

from pyramid.data.tabular.names import ARRAYS
from pyramid.errors import ConfigError, DataError, Interrupted, NoModelError, ProblemsError, PyramidError
from pyramid.finalize.journal import JOB, PLAN, SPENT, Journal, job_entry
from pyramid.finalize.workspace import IMAGES, UNFINISHED, workspace
from pyramid.training.candidate import FIT_INFO_FILE

WHAT = {
    "the networks so far": [f"submodel_a/{FIT_INFO_FILE}"],
    "the network for pictures": [f"{IMAGES}/submodel_a/{FIT_INFO_FILE}"],
    "the cached table": [f"{ARRAYS}/full_dataset.npy"],
}


def fail(output: Path, files: list[str], error: BaseException, planned: bool = True) -> None:
    """A search that leaves ``files`` and ends with ``error``."""
    with workspace(output) as work:
        journal = Journal(work)
        journal.write(JOB, job_entry("pyramid_search", {}))
        for file in files:
            (work / file).parent.mkdir(parents=True)
            (work / file).touch()
        journal.write(*((PLAN, {}) if planned else (SPENT, 1.0)))
        raise error


@pytest.mark.parametrize("what", WHAT)
def test_what_took_long_is_kept_and_told(what: str, tmp_path: Path) -> None:
    with pytest.raises(NoModelError) as caught:
        fail(tmp_path / "out", WHAT[what], NoModelError("none"))
    first, more = str(caught.value).splitlines()
    assert first == "none"
    assert more.startswith(what)
    assert f"{tmp_path / 'out' / UNFINISHED}: go on with --resume {tmp_path / 'out'}" in more
    assert ("--finalize" in more) == (what == "the networks so far")
    assert all((tmp_path / "out" / UNFINISHED / file).exists() for file in WHAT[what])


def test_a_table_that_is_half_cached_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\Aa cell\Z"):
        fail(tmp_path / "out", WHAT["the cached table"], DataError(["a cell"]), planned=False)
    assert list(tmp_path.iterdir()) == []


def test_an_error_that_nobody_foresaw_tells_it_too(tmp_path: Path) -> None:
    with pytest.raises(KeyError) as caught:
        fail(tmp_path / "out", WHAT["the networks so far"], KeyError("x"))
    assert "--finalize" in caught.value.__notes__[0]


def many() -> ProblemsError:
    return DataError([f"row {i}: a cell" for i in range(64)])


def test_every_problem_of_an_error_crosses_processes() -> None:
    error = many()
    error.add("the cached table is kept")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is DataError
    assert again.problems == error.problems
    assert len(str(many()).splitlines()) == 21
    assert str(pickle.loads(pickle.dumps(many()))) == str(many())
    for one in (NoModelError("none"), Interrupted("stopped"), ConfigError(["key: is wrong"])):
        assert str(pickle.loads(pickle.dumps(one))) == str(one)


@pytest.mark.parametrize("error", [NoModelError("in /home"), ConfigError(["a", "in /home"])])
def test_an_error_says_more_and_calls_a_folder_by_its_uri(error: PyramidError) -> None:
    error.add("kept in /home")
    error.replace("/home", "s3://b")
    assert str(error).splitlines()[-2:] == ["in s3://b", "kept in s3://b"]
    if isinstance(error, ProblemsError):
        assert error.problems == ["a", "in s3://b", "kept in s3://b"]
