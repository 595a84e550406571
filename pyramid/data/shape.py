"""The input shape of the networks, when the settings leave it to the data."""

import random
import statistics
from collections.abc import Sequence

from pyramid.data.files import read_header

LARGEST_SIDE = 224  # what the ImageNet networks were made for
_SAMPLE = 500


def shape_from_sizes(files: Sequence[str], minimum_side: int, seed: int) -> list[int] | None:
    """[width, height, 3]: the median size of the pictures, 224 pixels on the longer side at most.

    Args:
        files: paths; at most 500 of them, drawn by ``seed``, are looked into.
        minimum_side: a shorter side than this many pixels is enlarged, with the other in proportion.

    Returns:
        The shape, or None when no file can be read.
    """
    sample = random.Random(seed).sample(list(files), min(_SAMPLE, len(files)))
    sizes = [header for header in map(read_header, sample) if header.reason is None]
    if not sizes:
        return None
    width = statistics.median_low([size.width for size in sizes])
    height = statistics.median_low([size.height for size in sizes])
    scale = min(1.0, LARGEST_SIDE / max(width, height))
    scale = max(scale, minimum_side / min(width, height))
    return [min(max(round(side * scale), minimum_side), LARGEST_SIDE) for side in (width, height)] + [3]
