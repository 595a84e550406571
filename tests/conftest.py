"""Pictures that a small network learns in seconds."""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

# Started in the background, by some shells, this process ignores Ctrl-C, and so would all commands that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_exception_interact(node: pytest.Item, report: pytest.TestReport) -> None:
    """Tell why a test fails at once: of a run that is cut short nothing else is seen."""
    last = "\n".join(report.longreprtext.splitlines()[-20:])
    node.config.get_terminal_writer().line(f"\n{node.nodeid}\n{last}")


def draw(kind: str, seed: int, side: int = 24) -> Image.Image:
    """A light disc or square somewhere on a dark, noisy ground."""
    rng = np.random.default_rng([seed, len(kind)])
    image = Image.fromarray(rng.integers(0, 60, (side, side, 3), np.uint8))
    size = int(rng.integers(side // 3, side // 2))
    left, top = (int(value) for value in rng.integers(1, side - size - 1, 2))
    shape = ImageDraw.Draw(image).ellipse if kind == "disc" else ImageDraw.Draw(image).rectangle
    shape((left, top, left + size, top + size), fill=tuple(int(value) for value in rng.integers(150, 255, 3)))
    return image


@pytest.fixture(scope="session")
def class_folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Make a folder with the class folders disc and square, so many pictures in each."""

    def make(per_class: int) -> Path:
        root = tmp_path_factory.mktemp("pictures")
        for kind in ("disc", "square"):
            (root / kind).mkdir()
            for i in range(per_class):
                draw(kind, i).save(root / kind / f"{i:03d}.png")
        return root

    return make
