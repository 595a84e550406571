"""Real pictures in files, and settings to read them with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from pyramid.settings import load
from pyramid.settings.train import TrainSettings


@pytest.fixture
def settings() -> Callable[..., TrainSettings]:
    """Settings of the given keys, without problems. `training_data` is two rows when it is not given."""
    rows = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": "dog"}]

    def make(**keys: Any) -> TrainSettings:
        made, problems = load.check({"training_data": rows, "output_directory": "results"} | keys)
        assert problems == []
        return made

    return make


@pytest.fixture
def colours() -> npt.NDArray[np.uint8]:
    """uint8 [30, 40, 3]: every pixel another colour, so that a turned or mirrored picture is noticed."""
    return np.random.default_rng(7).integers(0, 256, (30, 40, 3), np.uint8)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    """Write pixels, or an image of Pillow's, to a file in an empty folder; returns its path."""

    def write(name: str, picture: npt.NDArray[Any] | Image.Image, **options: Any) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        image.save(path, **options)
        return str(path)

    return write
