"""`pyramid_export` in a process of its own. What its parts do is tested in tests/finalize/exports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pyramid
from pyramid.cli.export import _show
from pyramid.cli.process import console
from pyramid.finalize.exports.comparing import Difference
from pyramid.finalize.exports.exporting import Exported
from tests.finalize.exports.documents import write_classifier, write_pictures


@pytest.fixture
def output(tmp_path: Path) -> Path:
    write_classifier(tmp_path / "final_model.json", "pad")
    write_pictures(tmp_path / "pictures")
    return tmp_path


def pyramid_export(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(Path(pyramid.__file__).parents[1]), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "pyramid.cli.export", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_what_is_made_and_how_far_it_is_from_the_model_is_printed(output: Path) -> None:
    done = pyramid_export(output, ".", "--format", "tflite", "--pictures", "pictures")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("tflite: final_model.tflite (0.")
    assert lines[1].startswith("  compared on 4 pictures through the TFLite interpreter: largest difference ")
    assert "  takes pictures of 32×24 pixels: rescale them before (pad, nearest neighbour)" in lines
    assert "Traceback" not in done.stderr
    assert "step" not in done.stderr  # Keras's progress bars


def test_bad_input_is_one_line_and_exit_code_2(output: Path) -> None:
    done = pyramid_export(output, ".", "--format", "torch")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pyramid_export: format: must be one of savedmodel, smbundle, ")
    assert pyramid_export(output, "pictures", "--format", "h5").returncode == 2


def test_that_nothing_was_compared_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    def said(difference: Difference) -> str:
        _show(console(sys.stdout), Exported("onnx", Path("a.onnx"), 1, "onnxruntime", 16, True, "", difference))
        return capsys.readouterr().out.splitlines()[1]

    nothing = (
        "  nothing was compared: on 16 pictures through onnxruntime no object was found; name pictures with objects"
    )
    assert said(Difference(0.0, 0.0, 0)).startswith(nothing)
    assert said(Difference(0.0, 0.0, 0, 90)).endswith("(0 objects, 90 boxes before the choice of them)")
    assert said(Difference(0.0, 0.0, 3)).endswith("(3 objects)")
