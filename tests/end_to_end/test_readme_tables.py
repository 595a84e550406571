"""What the README tells people who run a backend, done by its own lines."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyramid.tf import tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after
from tests.worker.running import worker

from sensenet.models.wrappers import create_model  # isort: skip

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.slow
def test_the_jobs_by_hand_leave_a_model(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    section = text[text.index("## Networks on tables") :]
    script = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    command = re.search(r"printf '%s\\n' (.*?) \|", section)
    assert script
    assert command
    subprocess.run([sys.executable, "-c", script.group(1)], cwd=tmp_path, check=True)
    jobs = command.group(1).split()
    with worker(timeout=60, cwd=tmp_path) as running:
        running.send(*jobs)
        answers = running.answers(len(jobs), timeout=200)
    assert [answer.complete["job_id"] for answer in answers] == [name.removesuffix(".json") for name in jobs]
    assert all("error" not in answer.complete for answer in answers)
    assert answers[0].complete["tree_inputs"] == json.loads((tmp_path / "trees.json").read_text())["tree_inputs"]
    first = (tmp_path / "wine.csv").read_text().splitlines()[1].split(",")
    predicted = create_model(str(tmp_path / "wine" / "final_model.json"))([float(value) for value in first[:-1]])
    assert "abc"[predicted[0].argmax()] == first[-1]
