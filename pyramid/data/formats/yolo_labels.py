"""YOLO's labels: a text file for each picture, with a line `class cx cy w h` for each object.

The class is its index; the box's centre and size are parts of the picture's width and height.
"""

import os
from typing import Any

from pyramid.data.files import read_header
from pyramid.data.formats.source import existing, numbers, shown

FORM = "class cx cy w h"


def label_file(picture: str) -> str | None:
    """The file with the labels of ``picture``: in `labels` instead of the last `images` of the path, or beside it."""
    folder, name = os.path.split(os.path.abspath(picture))
    file = os.path.splitext(name)[0] + ".txt"
    parts = folder.split(os.sep)
    candidates = [os.path.join(folder, file)]
    if "images" in parts:
        last = len(parts) - 1 - parts[::-1].index("images")
        candidates.insert(0, os.sep.join([*parts[:last], "labels", *parts[last + 1 :], file]))
    return next(existing(candidates), None)


def read_labels(path: str, picture: str, names: dict[int, str], problems: list[str]) -> list[list[Any]]:
    """The boxes that the file ``path`` tells of ``picture``; [] when the picture's size cannot be read."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:  # what is no text is no number either
        lines = [(number, line.split()) for number, line in enumerate(file, 1) if line.strip()]
    wrong = [(number, values, _wrong(values, names)) for number, values in lines]
    problems += [
        f"{path}:{number}: {rule}, but got {shown(' '.join(values))}" for number, values, rule in wrong if rule
    ]
    header = read_header(picture) if lines else None
    if header is None or header.reason or any(rule for _, _, rule in wrong):
        return []
    return [_box(values, names, header.width, header.height) for _, values in lines]


def _wrong(values: list[str], names: dict[int, str]) -> str:
    """The rule that a line breaks; "" when it is right."""
    if len(values) > 5:
        return f"must be 5 values `{FORM}` (polygons, the labels of segmentation, are not supported)"
    parsed = numbers(values)
    if len(values) != 5 or parsed is None:
        return f"must be 5 numbers `{FORM}`"
    if parsed[0] not in names:  # 1.0 is in {1: …}; NaN and 1.5 are not
        return f"must begin with the index of one of the {len(names):,} classes"
    return ""


def _box(values: list[str], names: dict[int, str], width: int, height: int) -> list[Any]:
    index, cx, cy, w, h = map(float, values)
    return [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height, names[int(index)]]
