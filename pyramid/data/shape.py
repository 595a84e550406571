"""The input shape of the networks, when the settings leave it to the data."""

import random
import statistics
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pyramid.data.copies import AT_ONCE
from pyramid.data.files import Header, read_header
from pyramid.data.remote import is_uri
from pyramid.settings.networks import DETECTOR_DIVISOR

LARGEST_SIDE = 224  # what the ImageNet networks were made for
LARGEST_DETECTOR_SIDE = 416  # what the published YOLO networks were made for
_SAMPLE = 500


def shape_from_sizes(files: Sequence[str], minimum_side: int, seed: int) -> list[int] | None:
    """[width, height, 3]: the median size of the pictures, 224 pixels on the longer side at most.

    Args:
        files: paths; at most 500 of them, drawn by ``seed``, are looked into.
        minimum_side: a shorter side than this many pixels is enlarged, with the other in proportion.

    Returns:
        The shape, or None when no file can be read.
    """
    sizes = _sizes(files, seed)
    if not sizes:
        return None
    width = statistics.median_low([size.width for size in sizes])
    height = statistics.median_low([size.height for size in sizes])
    scale = min(1.0, LARGEST_SIDE / max(width, height))
    scale = max(scale, minimum_side / min(width, height))
    return [min(max(round(side * scale), minimum_side), LARGEST_SIDE) for side in (width, height)] + [3]


def square_from_sizes(files: Sequence[str], seed: int) -> list[int] | None:
    """[side, side, 3] of a detector: the median longer side as a multiple of 32, 416 pixels at most.

    Returns:
        The shape, or None when no file can be read.
    """
    sizes = _sizes(files, seed)
    if not sizes:
        return None
    longer = statistics.median_low([max(size.width, size.height) for size in sizes])
    return [min(nearest_side(longer), LARGEST_DETECTOR_SIDE)] * 2 + [3]


def nearest_side(pixels: float) -> int:
    """The side of a detector's input that is nearest to ``pixels``; halves go up."""
    return max(1, int(pixels / DETECTOR_DIVISOR + 0.5)) * DETECTOR_DIVISOR


def _sizes(files: Sequence[str], seed: int) -> list[Header]:
    sample = random.Random(seed).sample(list(files), min(_SAMPLE, len(files)))
    at_once = AT_ONCE if any(map(is_uri, sample)) else 1
    with warnings.catch_warnings(), ThreadPoolExecutor(at_once) as threads:  # which each header changes for all
        return [header for header in threads.map(read_header, sample) if header.reason is None]
