"""What is on a picture, and where: all that is drawn at random, from (seed, number of the picture) alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyramid.data.augment.draws import WIDTH
from pyramid.generation.library import Library
from pyramid.settings.generate import GenerateSettings

#: Numbers of augmentation, uniform in [0, 1): see ``pyramid.data.augment.draws``.
Draws = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Object:
    """Something that is pasted.

    Attributes:
        which: of the foregrounds or the distractors of the library.
        labelled: a foreground.
        occupancy: of the larger of its width and height, as a share of the picture's; None for its own size.
        x, y: its place, from 0 (left, top) to 1 (right, bottom).
        draws: of its augmentation.
    """

    which: int
    labelled: bool
    occupancy: float | None
    x: float
    y: float
    draws: Draws


@dataclass(frozen=True)
class Scene:
    """All that one picture shows.

    Attributes:
        number: of the picture, from 0 on.
        background: which of the library; None for a synthetic one.
        x, y: of the part of the background that is seen, from 0 to 1.
        draws: of the background's augmentation.
        objects: the lowest first.
        blending: how the objects are laid over the background; nothing else depends on it.
    """

    seed: int
    number: int
    background: int | None
    x: float
    y: float
    draws: Draws
    objects: tuple[Object, ...]
    blending: str

    def rng(self, purpose: int) -> np.random.Generator:
        """A stream of random numbers of its own for each ``purpose`` above 0: for noise, shapes and edges."""
        return _stream(self.seed, self.number, purpose)


class Planner:
    """Plans scenes of what is in a library."""

    def __init__(self, settings: GenerateSettings, library: Library):
        self._settings = settings
        self._backgrounds = len(library.backgrounds)
        self._distractors = len(library.distractors)
        labels = np.array(library.labels, object)
        self._classes = [np.flatnonzero(labels == label) for label in sorted(set(library.labels))]
        self._foregrounds = len(labels)

    def scene(self, number: int) -> Scene:
        """The scene of the picture ``number``."""
        rng = _stream(self._settings.seed, number, 0)
        # One number whatever there is to choose from: all else stays the same.
        blending = self._settings.blending[int(rng.random() * len(self._settings.blending))]
        background = self._background(rng)
        x, y = rng.random(2)
        draws = rng.random(WIDTH, np.float32)
        objects = self._objects(rng)
        return Scene(self._settings.seed, number, background, float(x), float(y), draws, objects, blending)

    def _background(self, rng: np.random.Generator) -> int | None:
        synthetic = rng.random() < self._settings.random_background_rate
        return None if synthetic or not self._backgrounds else int(rng.integers(self._backgrounds))

    def _objects(self, rng: np.random.Generator) -> tuple[Object, ...]:
        """Foregrounds and distractors, in any order."""
        most = self._settings.max_foreground_images if self._foregrounds else 0
        empty = rng.random() < self._settings.empty_image_rate or not most
        foregrounds = 0 if empty else int(rng.integers(1, most + 1))
        distractors = int(rng.integers(self._settings.max_distractors + 1)) if self._distractors else 0
        labelled = rng.permutation([True] * foregrounds + [False] * distractors)
        return tuple(self._object(rng, bool(kind)) for kind in labelled)

    def _object(self, rng: np.random.Generator, labelled: bool) -> Object:
        which = self._foreground(rng) if labelled else int(rng.integers(self._distractors))
        occupancy = float(rng.uniform(*self._settings.occupancy_range)) if self._settings.occupancy_range else None
        x, y = rng.random(2)
        return Object(which, labelled, occupancy, float(x), float(y), rng.random(WIDTH, np.float32))

    def _foreground(self, rng: np.random.Generator) -> int:
        if not self._settings.balance_objective:
            return int(rng.integers(self._foregrounds))
        return int(rng.choice(self._classes[int(rng.integers(len(self._classes)))]))


def _stream(seed: int, number: int, purpose: int) -> np.random.Generator:
    """Philox counts in the low words; the high ones say which stream it is. See ``pyramid.data.augment.draws``."""
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, purpose, 0, number]))
