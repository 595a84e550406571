"""Boxes as they were given -> those that can be learned, and how many cannot."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.errors import DataError
from pyramid.settings.boxes import MOST_BOXES

#: x1, y1, x2, y2 in pixels of the original picture, and the class.
Box = tuple[float, float, float, float, str]

NOT_FINITE = "a coordinate is not a finite number"
NO_AREA = "no area (x2 ≤ x1 or y2 ≤ y1)"
OUTSIDE = "its centre is outside the picture"
REPEATED = "another box of the picture is the same"
TOO_MANY = f"the picture has more than {MOST_BOXES} boxes, and this is one of the smaller ones"

#: Pixels: a box that is thinner would have no area in 32 bits.
_THINNEST = 0.01

#: Of the boxes that were left out so many are told one by one.
_MOST_TOLD = 1000


@dataclass
class Boxes:
    """The boxes of all rows that can be learned.

    Attributes:
        rows: for each row its boxes, clipped to the picture.
        given: how many there were in pictures that can be read.
        clipped: how many reached out of their picture.
        left_out: reason -> how many boxes.
        told: file, box and reason of the first thousand that were left out.
    """

    rows: list[list[Box]]
    given: int = 0
    clipped: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    told: list[dict[str, Any]] = field(default_factory=list)

    def notes(self) -> list[str]:
        """What the report tells."""
        of_all = f"of {self.given:,} boxes were"
        lines = [f"WARNING: {self.left_out.total():,} {of_all} left out:"] if self.left_out else []
        lines += [f"  {count:,}: {reason}" for reason, count in self.left_out.most_common()]
        return lines + ([f"{self.clipped:,} {of_all} clipped to their picture"] if self.clipped else [])


def learnable(
    given: Sequence[Sequence[Sequence[Any]]], files: list[str], sizes: npt.NDArray[np.int32], strict: bool
) -> Boxes:
    """Leave out what is no box, and clip the others to their picture.

    Args:
        given: for each row its boxes, each (x1, y1, x2, y2, class).
        files: a path for each row.
        sizes: width and height of each picture in pixels, [rows, 2]; 0 for one that cannot be read, whose boxes go.
        strict: a box whose centre is outside is an error.

    Raises:
        DataError: with every such box.
    """
    boxes = Boxes([])
    outside = []
    for file, of_row, (width, height) in zip(files, given, sizes.tolist(), strict=True):
        kept, wrong = _learnable(of_row, width, height) if width else ({}, [])
        boxes.rows.append(list(kept))
        boxes.given += len(kept) + len(wrong)
        boxes.clipped += sum(clipped != box for clipped, box in kept.items())
        for box, reason in wrong:
            boxes.left_out[reason] += 1
            if len(boxes.told) < _MOST_TOLD:
                boxes.told.append({"file": file, "box": [*map(_told, box[:4]), box[4]], "reason": reason})
            if strict and reason == OUTSIDE:
                outside.append(f"{file}: the centre of box {list(box)} is outside the picture ({width}×{height})")
    if outside:
        raise DataError([*outside, "strict_boxes is true: mend these boxes or set it to false"])
    return boxes


def _learnable(boxes: Sequence[Any], width: int, height: int) -> tuple[dict[Box, Box], list[tuple[Box, str]]]:
    """The boxes of a picture that can be learned, clipped -> as given; and those that cannot with the reason."""
    kept: dict[Box, Box] = {}
    wrong: list[tuple[Box, str]] = []
    for box in map(tuple, boxes):
        reason = _reason(box, width, height)
        clipped = box if reason else _clip(box, width, height)
        if reason or clipped in kept:
            wrong.append((box, reason or REPEATED))
        else:
            kept[clipped] = box
    if len(kept) <= MOST_BOXES:
        return kept, wrong
    by_area = sorted(kept, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), reverse=True)
    wrong += [(kept[box], TOO_MANY) for box in by_area[MOST_BOXES:]]
    return {box: kept[box] for box in by_area[:MOST_BOXES]}, wrong


def _reason(box: Box, width: int, height: int) -> str:
    """Why ``box`` cannot be learned; "" when it can."""
    x1, y1, x2, y2, _ = box
    if not all(map(math.isfinite, box[:4])):
        return NOT_FINITE
    if x2 - x1 < _THINNEST or y2 - y1 < _THINNEST:
        return NO_AREA
    inside = 0 <= (x1 + x2) / 2 <= width and 0 <= (y1 + y2) / 2 <= height
    return "" if inside else OUTSIDE


def _told(value: float) -> float | str:
    """JSON has no words for NaN and infinity."""
    return value if math.isfinite(value) else str(value)


def _clip(box: Box, width: int, height: int) -> Box:
    x1, y1, x2, y2, name = box
    return max(x1, 0), max(y1, 0), min(x2, width), min(y2, height), name


def box_targets(
    rows: list[list[Box]], classes: list[str], sizes: npt.NDArray[np.int32], side: int
) -> npt.NDArray[np.float32]:
    """The boxes at the scale of the network's input, float32 [rows, most, 5]: x1, y1, x2, y2 and the class's index.

    Rows with fewer boxes are filled up with boxes of class -1. A picture is scaled by its longer side and padded at
    the right and the bottom, as sensenet does it.
    """
    index = {name: i for i, name in enumerate(classes)}
    targets = np.zeros((len(rows), max(1, *map(len, rows)), 5), np.float32)
    targets[..., 4] = -1
    for row, (boxes, size) in enumerate(zip(rows, sizes.tolist(), strict=True)):
        if boxes:
            scaled = np.array([box[:4] for box in boxes]) * (side / max(size))
            targets[row, : len(boxes), :4] = scaled
            targets[row, : len(boxes), 4] = [index[box[4]] for box in boxes]
    return targets


def rarest_classes(targets: npt.NDArray[np.float32], classes: int) -> npt.NDArray[np.float32]:
    """For each row the class in it that has the fewest boxes in all, -1 without boxes: float32 [rows]."""
    found = targets[..., 4].astype(int)
    counts = np.bincount(found[found >= 0], minlength=classes)
    rarity = np.where(found >= 0, counts[found], np.iinfo(np.int64).max)
    return np.take_along_axis(found, rarity.argmin(axis=1)[:, np.newaxis], axis=1)[:, 0].astype(np.float32)
