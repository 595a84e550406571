"""The command line of `pyramid TIMEOUT`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pyramid
from tests.worker.running import environment, worker


def run(*arguments: str, options: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *options, "-m", "pyramid.cli.worker", *arguments]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )


def test_it_tells_its_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"Pyramid {pyramid.__version__}\n")
    assert re.fullmatch(r"Pyramid \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("timeout", ["", "abc", "0", "-5", "-0.5", "nan", "-inf", "60s"])
def test_a_time_out_that_is_no_positive_number_is_refused(timeout: str) -> None:
    done = run(timeout)
    assert (done.returncode, done.stdout) == (2, "")
    assert "TIMEOUT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_time_out_must_be_given() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "TIMEOUT" in done.stderr


@pytest.mark.parametrize("timeout", ["60", "0.5", "1e300", "inf"])
def test_it_is_ready_and_ends_with_its_input(timeout: str) -> None:
    done = run(timeout)
    assert (done.returncode, done.stdout) == (0, f"pyramid process ready - version {pyramid.__version__}\n")


def test_the_process_that_is_ready_has_loaded_nothing_heavy() -> None:
    heavy = {"tensorflow", "ray", "numpy", "psutil", "pydantic", "rich"}
    done = run("60", options=("-X", "importtime"))
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "pyramid.worker.front" in loaded
    assert not heavy & loaded


def test_the_real_job_process_answers_for_a_file_that_is_not_there(tmp_path: Path) -> None:
    with worker() as running:
        running.send(tmp_path / "nothing.json")
        (answer,) = running.answers(1)
        assert answer.complete["job_id"] is None
        assert "nothing.json" in answer.complete["error"]
        assert running.close() == 0
