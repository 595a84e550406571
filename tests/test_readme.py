"""Every configuration in the README is valid, and every command in it has the options that are given to it."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from pyramid import api
from tests.networks.initial.models import CLASSES, write_model
from tests.readme import README, ROOT, Block, blocks, commands

SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
CONFIGS = [block for block in blocks() if block.language == "json"]


def lines() -> list[tuple[int, list[str]]]:
    """The commands of pyramid: the line of their block, and their words."""
    found = []
    for block in blocks():
        for line in commands(block) if block.language == "sh" else []:
            words = shlex.split(line.rpartition("| ")[2]) if line.count("'") % 2 == 0 else []
            if words and words[0] in SCRIPTS:
                found.append((block.line, words))
    return found


@cache
def told(script: str) -> str:
    """The help of a command."""
    path = Path(sys.executable).with_name(script)
    return subprocess.run([path, "--help"], capture_output=True, text=True, check=True).stdout


def test_every_block_says_what_it_is() -> None:
    assert {block.language for block in blocks()} == {"json", "python", "sh", "text"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current folder with what the configurations name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYRAMID_WEIGHTS_URL", "http://127.0.0.1:9")  # no answer is as good as the server's here
    for folder in (
        "pictures/ant",
        "pictures/bee",
        *(f"more_pictures/{name}" for name in CLASSES.classes),
        "objects/screw",
    ):
        Path(folder).mkdir(parents=True)
        Image.new("RGBA", (64, 64)).save(f"{folder}/1.png")
    Path("photographs").mkdir()
    for file in ("photographs/1.jpg", "pictures/1.jpg", "pictures/2.jpg"):
        Image.new("RGB", (400, 400)).save(file)
    Path("results").mkdir()
    write_model(Path("results/final_model.json"), CLASSES)


@pytest.mark.parametrize("block", CONFIGS, ids=lambda block: str(block.line))
@pytest.mark.usefixtures("here")
def test_every_configuration_is_valid(block: Block) -> None:
    document = json.loads(block.text)
    if "foreground_image_root" in document:
        api.check_generation(document)
    else:
        for label in Path("pictures").glob("*.jpg") if isinstance(document["training_data"], str) else []:
            label.unlink()
        api.check(document)


@pytest.mark.parametrize(("line", "words"), lines(), ids=lambda value: str(value))
def test_every_command_has_its_options(line: int, words: list[str]) -> None:
    known = set(re.findall(r"--[\w-]+", told(words[0]))) if words[0] != "pyramid" else set()
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known


def test_commands_were_found() -> None:
    assert {words[0] for _, words in lines()} == set(SCRIPTS)


def test_links_inside_the_readme_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    places = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= places
    assert all((ROOT / path).exists() for path in re.findall(r"\]\((\w[\w/.]*)\)", text))
