"""What bin/install says before it installs anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

INSTALL = Path(__file__).parents[1] / "bin" / "install"
TOOLS = ("bash", "cat", "cksum", "dirname", "env", "head", "sed")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder that has everything that the script calls, and neither Python nor a compiler."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return folder


def install(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(machine), "HOME": str(machine.parent), "PYRAMID_VENV": str(machine.parent / "venv")}
    return subprocess.run(["bash", str(INSTALL), *arguments], env=environment, capture_output=True, text=True)


def python(machine: Path, version: str) -> None:
    """A Python that answers as one of this version would."""
    fits = 0 if version in ("3.11", "3.12", "3.13") else 1
    script = machine / "python3"
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}.0" && exit 0\nexit {fits}\n')
    script.chmod(0o755)


def assert_said(run: subprocess.CompletedProcess[str], text: str, machine: Path) -> None:
    assert run.returncode == 2
    assert text in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert not (machine.parent / "venv").exists()


def test_an_unfit_python_is_said_in_one_line(machine: Path) -> None:
    python(machine, "3.9")
    assert_said(install(machine), "needs Python 3.11 to 3.13, but found Python 3.9.0", machine)


def test_a_missing_compiler_is_said_in_one_line(machine: Path) -> None:
    python(machine, "3.12")
    assert_said(install(machine), "needs the C++ compiler g++", machine)


def test_an_unknown_extra_is_said_in_one_line(machine: Path) -> None:
    assert_said(
        install(machine, "gpus"), "unknown extra 'gpus'; use test, gpu, cluster, mlflow, onnx or benchmark", machine
    )


def test_an_installation_of_this_clone_is_left_alone() -> None:
    """The tests run in one, unless somebody has made the environment by hand."""
    venv = Path(os.environ.get("PYRAMID_VENV", Path.home() / ".virtualenvs" / "pyramid"))
    if not (venv / "pyramid.stamp").exists():
        pytest.skip("this environment was not made by bin/install")
    run = subprocess.run([str(INSTALL)], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
