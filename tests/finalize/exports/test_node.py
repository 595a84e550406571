"""A Node that does not answer."""

from pathlib import Path

import numpy as np
import pytest

from pyramid.errors import PyramidError
from pyramid.finalize.exports import node


@pytest.fixture(autouse=True)
def _hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `node` that is found first sleeps, and nobody waits for long."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "bin" / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setattr(node, "LOOKING", 0.3)
    monkeypatch.setattr(node, "RUNNING", 0.3)


def test_it_is_taken_for_none() -> None:
    assert node.library() is None


def test_a_model_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(PyramidError, match=r"TensorFlow.js did not end within 0.3 s"):
        node.run(tmp_path, "library", [{"numeric_inputs": np.zeros((1, 2), np.float32)}], tmp_path)
