"""`pyramid_generate` in a process of its own, on small sources."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyramid
from tests.generation.making import document_of

Done = subprocess.CompletedProcess[str]


def write_config(folder: Path, **keys: Any) -> Path:
    """Write `config.json` on the sources in ``folder``, with ``keys`` in it."""
    path = folder / "config.json"
    path.write_text(json.dumps(document_of(folder, **keys)), encoding="utf-8")
    return path


def start(folder: Path, *arguments: str, python: tuple[str, ...] = (), **environment: str) -> "subprocess.Popen[str]":
    """Start the command in ``folder`` as a terminal would: with a process group of its own, but without a display.

    Args:
        python: options of Python itself.
        environment: variables that are set in addition.
    """
    variables = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    variables |= {"PYTHONPATH": str(Path(pyramid.__file__).parents[1]), "PYTHONUTF8": "1", "RAY_ADDRESS": ""}
    return subprocess.Popen(
        [sys.executable, *python, "-m", "pyramid.cli.generate", *arguments],
        cwd=folder,
        env=variables | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def run(folder: Path, *arguments: str, python: tuple[str, ...] = (), **environment: str) -> Done:
    """The same, to its end."""
    process = start(folder, *arguments, python=python, **environment)
    stdout, stderr = process.communicate(timeout=60)
    return Done(process.args, process.returncode, stdout, stderr)
