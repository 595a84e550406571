"""The output directory: nothing is half written, and nothing stays that should not."""

import json
import os
from pathlib import Path

import pytest

from pyramid.errors import ConfigError
from pyramid.finalize.delivery import deliver
from pyramid.finalize.lock import LOCK_FILE
from pyramid.finalize.workspace import (
    CONFIG_FILE,
    FINAL_MODEL_FILE,
    RESULTS_FILE,
    UNFINISHED,
    check_output,
    holds_results,
    workspace,
)
from pyramid.training.candidate import FIT_INFO_FILE


def tree(folder: Path) -> dict[str, str | None]:
    """Everything below ``folder``: path -> text of a file, None for a folder."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


# Checking


@pytest.mark.parametrize("name", [".", "there", "absent", "absent/deep/er", "there/absent", "Möwe 猫 "])
def test_a_folder_that_can_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").mkdir()
    before = tree(tmp_path)
    assert check_output(str(tmp_path / name)) == []
    assert tree(tmp_path) == before


def test_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check_output("results/of/today") == []
    assert check_output(".") == []
    assert tree(tmp_path) == {}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert check_output(str(tmp_path / "file")) == [f"output_directory: {tmp_path / 'file'} is a file; name a folder"]


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [problem] = check_output(str(tmp_path / "file" / "results"))
    assert problem == f"output_directory: a part of {tmp_path / 'file' / 'results'} is a file; name a folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    for name in ("locked", "locked/results"):
        [problem] = check_output(str(tmp_path / name))
        assert problem.startswith(f"output_directory: cannot write to {tmp_path / 'locked'}: ")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"], ids=["too long", "zero byte"])
def test_a_name_that_no_folder_can_have(tmp_path: Path, name: str) -> None:
    [problem] = check_output(str(tmp_path / name))
    assert problem.startswith("output_directory: ")


def test_whether_there_are_results(tmp_path: Path) -> None:
    assert not holds_results(str(tmp_path))
    assert not holds_results(str(tmp_path / "absent"))
    (tmp_path / RESULTS_FILE).touch()
    assert holds_results(str(tmp_path))


# Working


def test_the_workspace_is_inside_the_output_and_goes_at_the_end(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "results"
    with workspace(output) as work:
        assert work == output / UNFINISHED
        assert work.is_dir()
        (work / "pictures").touch()
    assert tree(tmp_path) == {"deep": None, "deep/results": None}


def test_what_an_earlier_run_left_unfinished_goes(tmp_path: Path) -> None:
    (tmp_path / UNFINISHED / "submodel_x").mkdir(parents=True)
    (tmp_path / UNFINISHED / "submodel_x" / FIT_INFO_FILE).touch()
    with workspace(tmp_path) as work:
        assert [path.name for path in work.iterdir()] == [LOCK_FILE]


def fail(output: Path, writes: str, error: BaseException) -> None:
    """Work in ``output``, write the file ``writes``, and fail."""
    with workspace(output) as work:
        (work / writes).parent.mkdir(exist_ok=True)
        (work / writes).write_text("half", encoding="utf-8")
        raise error


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), SystemExit()])
def test_after_an_error_nothing_stays_of_what_was_made(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        fail(tmp_path / "deep" / "results", "submodel_x/half", error)
    assert tree(tmp_path) == {}


def test_after_an_error_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "notes.txt").write_text("mine", encoding="utf-8")
    before = tree(tmp_path)
    with pytest.raises(ValueError, match="broken"):
        fail(tmp_path / "results", "half", ValueError("broken"))
    assert tree(tmp_path) == before


def test_after_an_error_a_relative_folder_goes_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="broken"):
        fail(Path("deep/results"), "half", ValueError("broken"))
    assert tree(tmp_path) == {}


def test_after_an_error_the_weights_of_a_candidate_stay(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"):
        fail(tmp_path / "results", f"submodel_x/{FIT_INFO_FILE}", ValueError("broken"))
    assert (tmp_path / "results" / UNFINISHED / "submodel_x" / FIT_INFO_FILE).exists()


def test_an_output_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    """A file has come into the way since the check."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="output_directory: cannot make "), workspace(tmp_path / "file" / "results"):
        pytest.fail("there is no folder to work in")
    assert tree(tmp_path) == {"file": "mine"}


# Delivering


def fill(folder: Path, run: str, *candidates: str) -> None:
    """The results of a run, as they lie in its workspace or, from an earlier run, in the output."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (FINAL_MODEL_FILE, RESULTS_FILE, CONFIG_FILE):
        (folder / name).write_text(json.dumps(run), encoding="utf-8")
    for candidate in candidates:
        (folder / f"submodel_{candidate}").mkdir()
        (folder / f"submodel_{candidate}" / FIT_INFO_FILE).write_text(run, encoding="utf-8")


def test_results_replace_those_of_an_earlier_run_and_nothing_else(tmp_path: Path) -> None:
    fill(tmp_path, "old", "simple", "resnet18")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with workspace(tmp_path) as work:
        assert holds_results(str(tmp_path)), "until the end the earlier results are there"
        fill(work, "new", "simple", "mobilenet")
        deliver(work, tmp_path)
    assert tree(tmp_path) == {
        "config.json": '"new"',
        "final_model.json": '"new"',
        "notes.txt": "mine",
        "results.json": '"new"',
        "submodel_mobilenet": None,
        f"submodel_mobilenet/{FIT_INFO_FILE}": "new",
        "submodel_simple": None,
        f"submodel_simple/{FIT_INFO_FILE}": "new",
    }


def test_a_run_that_fails_leaves_the_earlier_results(tmp_path: Path) -> None:
    fill(tmp_path, "old", "simple")
    before = tree(tmp_path)
    with pytest.raises(ValueError, match="broken"):
        fail(tmp_path, FINAL_MODEL_FILE, ValueError("broken"))
    assert tree(tmp_path) == before
