"""Folders for what is not finished."""

import subprocess
import sys
from pathlib import Path

import pytest

from pyramid.data.scratch import scratch, sweep


def test_a_scratch_folder_is_gone_at_the_end_and_after_an_error(tmp_path: Path) -> None:
    with scratch(tmp_path / "out") as work:
        (work / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ValueError, match="broken"), scratch(tmp_path / "out"):
        raise ValueError("broken")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_killed_process_left_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    script = "import os, sys; from pathlib import Path; from pyramid.data.scratch import scratch\n"
    script += "with scratch(Path(sys.argv[1])): os._exit(9)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    (tmp_path / "unfinished_elsewhere_1_x").mkdir()
    assert len(list(tmp_path.iterdir())) == 2
    with scratch(tmp_path) as mine:
        sweep(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {mine.name, "unfinished_elsewhere_1_x"}


def test_folders_of_another_kind_and_of_another_process_are_left(tmp_path: Path) -> None:
    with scratch(tmp_path, ".one") as mine, scratch(tmp_path, ".one") as second, scratch(tmp_path, "two") as other:
        assert len({mine, second, other}) == 3
        assert (mine.name[:5], other.name[:4]) == (".one_", "two_")
        sweep(tmp_path, ".one")
        assert mine.is_dir()
        assert other.is_dir()
