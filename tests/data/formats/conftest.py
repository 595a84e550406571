"""A data set in real files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text, or a picture of (width, height), to a file below an empty folder; returns its path."""

    def write_file(name: str, content: str | bytes | tuple[int, int] = "") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, tuple):
            Image.new("RGB", content).save(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
