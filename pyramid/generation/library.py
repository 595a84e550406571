"""The decoded sources: one flat file that all processes of a machine map, or one array for Ray's object store."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyramid.generation.decode import Cutout, Pixels


@dataclass(frozen=True)
class Place:
    """Where pixels lie.

    Attributes:
        start: the first byte.
        shape: height, width, channels.
    """

    start: int
    shape: tuple[int, int, int]


@dataclass
class Library:
    """Every source that can be used, in the order of the folders.

    Attributes:
        path: the file with all pixels.
        size: its bytes.
        backgrounds: their places.
        foregrounds, distractors: their places, hulls and scales; see `Cutout`.
        labels: the class of each foreground.
    """

    path: Path
    size: int = 0
    backgrounds: list[Place] = field(default_factory=list)
    foregrounds: list["Kept"] = field(default_factory=list)
    distractors: list["Kept"] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def keep(self, pixels: Pixels) -> Place:
        """Append ``pixels`` to the file."""
        with self.path.open("ab") as file:
            file.write(pixels.tobytes())
        place = Place(self.size, (pixels.shape[0], pixels.shape[1], pixels.shape[2]))
        self.size += pixels.size
        return place

    def keep_cutout(self, cutout: Cutout) -> "Kept":
        """Append the pixels of ``cutout``."""
        return Kept(self.keep(cutout.pixels), cutout.hull, cutout.scale)

    def pixels(self, place: Place) -> Pixels:
        """uint8 of the shape of ``place``; not a copy."""
        return self._flat[place.start : place.start + int(np.prod(place.shape))].reshape(place.shape)

    def portable(self) -> "Library":
        """One with its pixels in memory, for machines that do not have the file."""
        moved = replace(self)
        moved._flat = np.array(self._flat)
        return moved

    @cached_property
    def _flat(self) -> Pixels:
        return np.memmap(self.path, np.uint8, "r") if self.size else np.zeros(0, np.uint8)

    def __getstate__(self) -> dict[str, object]:
        """A mapped file is mapped again where it is unpickled, not copied."""
        return {key: value for key, value in vars(self).items() if not isinstance(value, np.memmap)}


@dataclass(frozen=True)
class Kept:
    """A cutout in the library: where its pixels lie, its hull, and the scale at which it was kept."""

    place: Place
    hull: npt.NDArray[np.float32]
    scale: float
