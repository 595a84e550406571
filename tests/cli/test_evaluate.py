"""`pyramid_evaluate` in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pyramid
from tests.prediction.making import write_classifier, write_pictures


def run(folder: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(Path(pyramid.__file__).parents[1]), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "pyramid.cli.evaluate", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_metrics_with_intervals_and_the_comparison_are_printed_and_written_beside_the_model(tmp_path):
    model = write_classifier(tmp_path / "model")
    for name in ("ant", "bee"):
        write_pictures(tmp_path / "new" / name)
    done = run(tmp_path, "model", "new", "--compare", model, "--resamples", 40)
    assert (done.returncode, done.stderr) == (0, "")
    assert "12 rows; 95 % intervals of 40" in done.stdout
    assert "first is better in" in done.stdout
    assert "A difference above 0: the first is better, for errors too" in done.stdout
    assert "p = 1 (McNemar's exact test)" in done.stdout
    assert done.stdout.endswith("Report: model/evaluation_of_new/report.html\n")
    written = sorted(path.name for path in (tmp_path / "model" / "evaluation_of_new").iterdir())
    assert written == ["evaluation.parquet", "metrics.json", "report.html"]


def test_wrong_data_end_with_exit_code_2(tmp_path):
    write_classifier(tmp_path / "model")
    write_pictures(tmp_path / "new" / "owl")
    for arguments, rule in (
        (["model", "nowhere"], "no such file or folder: nowhere"),
        (["model", "new"], "none of the classes in new is one that the model knows: they are owl"),
        (["nothing.json", "new"], "no such file: nothing.json"),
    ):
        done = run(tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert rule in done.stderr
