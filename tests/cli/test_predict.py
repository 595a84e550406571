"""`pyramid_predict` in a process of its own."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pyramid
from tests.prediction.making import write_classifier, write_pictures


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("model"))


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    return write_pictures(tmp_path / "pictures")


def start(folder: Path, *arguments: object) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(Path(pyramid.__file__).parents[1]), "PYTHONUTF8": "1"}
    environment.pop("RAY_ADDRESS", None)
    command = [sys.executable, "-m", "pyramid.cli.predict", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def run(folder: Path, *arguments: object) -> tuple[int, str, str]:
    process = start(folder, *arguments)
    out, err = process.communicate()
    return process.returncode, out, err


def test_a_folder_becomes_csv_on_standard_output_with_a_row_for_what_cannot_be_read(model, pictures, tmp_path):
    (tmp_path / "pictures" / "broken.png").write_text("no picture")
    code, out, err = run(tmp_path, model.parent, "pictures", "--draw", "drawn")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert list(rows[0]) == ["file", "prediction", *(f"probability_{name}" for name in ("ant", "bee", "cat")), "error"]
    names = sorted([*(Path(path).name for path in pictures), "broken.png"])
    assert [row["file"] for row in rows] == [f"pictures/{name}" for name in names]
    bad = [row for row in rows if row["error"]]
    assert [(row["file"], row["prediction"]) for row in bad] == [("pictures/broken.png", "")]
    assert "1 of 7 could not be predicted:\n  pictures/broken.png: not a picture that can be read" in err
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
        "a.jpg",
        "b.png.jpg",
        "c.bmp.jpg",
        "d.gif.jpg",
        "e.jpg",
        "f.webp.jpg",
    ]


def test_wrong_arguments_end_with_exit_code_2_and_one_clear_line(model, pictures, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.json").write_bytes(model.read_bytes()[:99])
    for arguments, rule in (
        (["cut.json", "pictures"], "is not JSON, or not all of it"),
        ([model, "empty"], "holds no picture, at any depth"),
        ([model, "*.tif"], "matches no file"),
        ([model, "rows.csv"], "rows.csv is a table"),
        ([model, "pictures", "--output", "out.xml"], "must end in one of .csv, .jsonl, .parquet, .json"),
        ([model, "pictures", "--output", "out.json"], "finds none"),
    ):
        code, out, err = run(tmp_path, *arguments)
        assert (code, out) == (2, "")
        (line,) = err.splitlines()
        assert line.startswith("pyramid_predict: ")
        assert rule in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_or_its_like_leaves_no_half_file(model, pictures, tmp_path, number):
    for i in range(3000):
        os.link(pictures[0], tmp_path / "pictures" / f"copy_{i}.jpg")
    (tmp_path / "out.csv").write_text("as it was")
    process = start(tmp_path, model, "pictures", "--output", "out.csv", "--batch-size", 2)
    ends = time.monotonic() + 100
    while time.monotonic() < ends and not [one for one in tmp_path.glob(".out.csv.*") if one.stat().st_size > 999]:
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert (tmp_path / "out.csv").read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "pictures"]
