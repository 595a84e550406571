"""What a newcomer does, by the README's own commands and in their order."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.readme import Block, blocks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

#: Sections about pictures, which follow each other.
PICTURES = ("Your own pictures", "The report", "Predict", "Evaluate on other data", "Use the model elsewhere")


def follow(folder: Path, block: Block, shorter: Callable[[dict[str, object]], dict[str, object]]) -> None:
    """Write the file that a block is, or run what it says."""
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    if block.language == "json":
        (folder / block.file).write_text(json.dumps(shorter(json.loads(block.text))))
    if block.language == "sh":
        command = ["bash", "-e", "-c", block.text]
        run = subprocess.run(command, cwd=folder, env=os.environ | path, capture_output=True, text=True)
        assert run.returncode == 0, f"{block.text}: {run.stderr}"
    if block.language == "python":
        subprocess.run([sys.executable, "-c", block.text], cwd=folder, check=True)


def test_from_own_pictures_to_every_use_of_the_model(class_folders: Callable[[int], Path], tmp_path: Path) -> None:
    shutil.copytree(class_folders(40), tmp_path / "pictures")
    for file in sorted((tmp_path / "pictures").glob("*/00*.png")):
        new = tmp_path / "new_pictures" / file.relative_to(tmp_path / "pictures").with_suffix(".jpg")
        new.parent.mkdir(parents=True, exist_ok=True)
        Image.open(file).resize((60, 40)).save(new)
    quick = {
        "max_total_time": 120,
        "max_iterations": 300,
        "image_network_candidates": [["simple", "randomly_initialize"]],
    }
    for block in blocks():
        if block.heading in PICTURES:
            follow(tmp_path, block, lambda document: document | quick)
        if block.heading == "Your own pictures" and (tmp_path / "results").exists():
            shutil.copytree(tmp_path / "results", tmp_path / "other_results", dirs_exist_ok=True)
    made = {path.name for path in (tmp_path / "results").iterdir()}
    assert {"final_model.json", "report.html", "final_model.onnx", "evaluation_of_new_pictures"} <= made
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == 1 + 20
    assert len(list((tmp_path / "drawn").rglob("*.jpg"))) == 20


def test_a_network_for_a_table(tmp_path: Path) -> None:
    for block in blocks():
        if block.heading == "Networks for a table":
            shorter = '"max_total_time": 300, "number_of_candidates": 4, "max_iterations": 500'
            text = block.text.replace('"max_total_time": 90', shorter)
            follow(
                tmp_path, Block(block.heading, block.language, text, block.line, block.file), lambda document: document
            )
    assert (tmp_path / "wine_results" / "report.html").exists()
