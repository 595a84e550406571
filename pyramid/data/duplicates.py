"""Pictures that are there twice: they are learned twice, and in the holdout they make the metrics too good."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.metrics import pairwise_distances_argmin_min

#: Pictures are compared at this many pixels a side.
SIDE = 16

#: Root mean square difference of two pictures of that size, in levels of 255, up to which they count as the same one
#: with other compression or size. Measured: tests/data/test_duplicates.py saves photographs anew (up to 1.3) and
#: moves them by a twentieth of their width (from 9 on).
NEAR = 3.0

#: Pairs of pictures that are compared at most, about half a minute on two cores; of more a part of the holdout is.
MOST_PAIRS = 10**9

#: Groups and pairs that are told.
_TOLD = 50

Rows = npt.NDArray[np.int64]


@dataclass
class Duplicates:
    """What was found; plain data.

    Attributes:
        counts: `exact`: pictures that another one equals; `conflicting`: groups of these with more than one label;
            `across`: held out pictures that nearly equal one to train on; `compared`: held out pictures looked at.
        exact: files of the same pixels, of each group.
        conflicting: of the groups with more than one label, [file, label] of each picture; boxes are told by classes.
        across: [file to train on, held out file, their difference in levels of 255], the smallest first.
    """

    counts: dict[str, int]
    exact: list[list[str]]
    conflicting: list[list[list[str]]]
    across: list[list[Any]]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def notes(self) -> list[str]:
        """What a person should know of it."""
        across, conflicting = self.counts["across"], self.counts["conflicting"]
        of = f"held out pictures that are, or nearly are, among those to train on: {across:,} of"
        found = [f"WARNING: {of} {self.counts['compared']:,}; the metrics are too good"] * (across > 0)
        if conflicting:
            found.append(f"WARNING: pictures that are there more than once, with different labels: {conflicting:,}")
        return found


def find_duplicates(
    pixels: npt.NDArray[np.uint8], files: Sequence[str], labels: Sequence[Any], training: Rows, holdout: Rows
) -> Duplicates:
    """Find equal pictures, and nearly equal ones across the split.

    Args:
        pixels: of all rows, [rows, height, width, 3].
        files, labels: of all rows.
        training, holdout: the rows that are looked at.
    """
    rows = np.union1d(training, holdout)
    small = np.stack([thumbnail(pixels[row]) for row in rows]).reshape(len(rows), -1)
    # A file that is listed twice is no copy.
    groups = [group for group in _equal(small, rows, pixels) if len({files[row] for row in group}) > 1]
    apart = len(holdout) and not len(np.intersect1d(training, holdout))
    conflicting = [group for group in groups if len({str(labels[row]) for row in group}) > 1]
    across = _across(small, rows, training, holdout) if apart else []
    counts = {
        "exact": sum(map(len, groups)),
        "conflicting": len(conflicting),
        "across": len(across),
        "compared": _compared(training, holdout),
    }
    told = [[files[a], files[b], round(difference, 2)] for a, b, difference in across[:_TOLD]]
    exact = [[files[row] for row in group] for group in groups[:_TOLD]]
    labelled = [[[files[row], _told(labels[row])] for row in group[:_TOLD]] for group in conflicting[:_TOLD]]
    return Duplicates(counts, exact, labelled, told)


def _told(label: Any) -> str:
    """A class or value as it is; of boxes how many there are of each class."""
    if not isinstance(label, list):
        return str(label)
    counts = Counter(str(box[4]) for box in label)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "no object"


def thumbnail(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The means of the areas of ``picture``, uint8 [16, 16, 3]."""
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _equal(small: npt.NDArray[np.uint8], rows: Rows, pixels: npt.NDArray[np.uint8]) -> list[list[int]]:
    """Groups of rows with the same pixels: of those whose thumbnails are the same."""
    _, inverse, counts = np.unique(small, axis=0, return_inverse=True, return_counts=True)
    groups: dict[tuple[int, bytes], list[int]] = {}
    for place in np.flatnonzero(counts[inverse.ravel()] > 1):
        row = int(rows[place])
        groups.setdefault((int(inverse.ravel()[place]), pixels[row].tobytes()), []).append(row)
    return [group for group in groups.values() if len(group) > 1]


def _compared(training: Rows, holdout: Rows) -> int:
    return min(len(holdout), max(1, MOST_PAIRS // max(1, len(training))))


def _across(small: npt.NDArray[np.uint8], rows: Rows, training: Rows, holdout: Rows) -> list[tuple[int, int, float]]:
    """For each held out picture the nearest one to train on, if it is near enough."""
    step = -(-len(holdout) // _compared(training, holdout))
    looked_at = holdout[::step]
    known = small[np.searchsorted(rows, training)].astype(np.float32)
    asked = small[np.searchsorted(rows, looked_at)].astype(np.float32)
    nearest, distance = pairwise_distances_argmin_min(asked, known)
    difference = distance / np.sqrt(small.shape[1])
    order = [int(k) for k in np.argsort(difference, kind="stable") if difference[k] <= NEAR]
    return [(int(training[nearest[k]]), int(looked_at[k]), float(difference[k])) for k in order]
