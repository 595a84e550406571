"""`pyramid_report` as a command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyramid
from pyramid.finalize.evaluation import write_evaluation
from tests.report.page.pages import categorical, results


def pyramid_report(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(Path(pyramid.__file__).parents[1]), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "pyramid.cli.report", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_page_of_an_output_directory_is_written_and_named(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(results()))
    write_evaluation(tmp_path / "evaluation.parquet", categorical())
    (tmp_path / "report.html").write_text("an old one")
    done = pyramid_report(str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"Open {tmp_path / 'report.html'}\n")
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert written.startswith("<!doctype html>")
    assert "could not be made" not in written


def test_a_folder_without_results_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = pyramid_report(str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    way = "name the output_directory of a pyramid_train or pyramid_search that has ended"
    assert done.stderr == f"pyramid_report: {tmp_path}: holds no results.json; {way}\n"
    assert list(tmp_path.iterdir()) == []
