"""Pictures, and what augmentations make of them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from pyramid.data.augment.augment import make_augment
from pyramid.data.augment.draws import draw

Pixels = npt.NDArray[np.uint8]
Augmented = Callable[..., npt.NDArray[np.float32]]


@pytest.fixture(scope="session")
def augmented() -> Augmented:
    """Apply strengths to pictures [b, h, w, 3], or to one [h, w, 3] so many ``times``; by drawn or given ``draws``."""

    def apply(
        pictures: Pixels,
        strengths: dict[str, float],
        times: int = 1,
        draws: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.float32]:
        if pictures.ndim == 3:
            pictures = np.repeat(pictures[np.newaxis], times, 0)
        _, height, width, _ = pictures.shape
        rows = np.arange(len(pictures))
        numbers = draw(0, np.zeros_like(rows), rows) if draws is None else draws
        return make_augment(strengths, width, height)(pictures, numbers).numpy()

    return apply


@pytest.fixture(scope="session")
def smooth() -> Pixels:
    """A picture without edges, other in each channel and without a symmetry, uint8 [40, 56, 3]."""
    y, x = np.mgrid[0:40, 0:56]
    channels = [np.sin(x / 9) + np.cos(y / 7), np.cos(x / 11 + y / 13), np.sin((x - 2 * y) / 17) + x / 56]
    scaled = [255 * (c - c.min()) / (c.max() - c.min()) for c in channels]
    return np.stack(scaled, -1).round().astype(np.uint8)
