"""Made pictures with up to three ellipses or rectangles, and their boxes: something to detect."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

NAMES = ("ellipse", "rectangle")

#: A shape that would hide more than this share of another is left out.
_MOST_HIDDEN = 0.3

Box = tuple[int, int, int, int, str]


def make_picture(seed: int, number: int, side: int = 128) -> tuple[npt.NDArray[np.uint8], list[Box]]:
    """Picture ``number``, uint8 [side, side, 3], and the boxes around its shapes; it follows from the arguments."""
    rng = np.random.default_rng([seed, number])
    picture = Image.new("RGB", (side, side), tuple(rng.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(picture)
    boxes: list[Box] = []
    for _ in range(rng.integers(0, 4)):
        width, height = (rng.uniform(0.1, 0.47, 2) * side).astype(int).tolist()
        x, y = int(rng.integers(0, side - width)), int(rng.integers(0, side - height))
        box = (x, y, x + width, y + height, NAMES[rng.integers(2)])
        color = tuple(rng.integers(0, 256, 3).tolist())
        if all(_shared(box, other) <= _MOST_HIDDEN * min(_area(box), _area(other)) for other in boxes):
            shape = draw.ellipse if box[4] == "ellipse" else draw.rectangle
            shape((x, y, x + width - 1, y + height - 1), fill=color)
            boxes.append(box)
    noisy = np.asarray(picture, np.float32) + rng.normal(0, 8, (side, side, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8), boxes


def write_pictures(folder: Path, count: int, seed: int = 0, side: int = 128) -> list[dict[str, Any]]:
    """Write ``count`` PNG files into ``folder``; returns a row {file, boxes} for each."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        pixels, boxes = make_picture(seed, number, side)
        Image.fromarray(pixels).save(folder / f"{number:05}.png")
        rows.append({"file": f"{number:05}.png", "boxes": [list(box) for box in boxes]})
    return rows


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _shared(a: Box, b: Box) -> int:
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
