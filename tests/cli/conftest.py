"""`pyramid_train` in a process of its own, in an empty folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pyramid

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def pyramid_train(tmp_path: Path) -> Run:
    """Run the command with the given arguments; ``options`` are Python's own."""
    environment = os.environ | {"PYTHONPATH": str(Path(pyramid.__file__).parents[1]), "PYTHONUTF8": "1"}

    def run(*arguments: str, options: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, *options, "-m", "pyramid.cli.train", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )

    return run
