"""A scene -> a picture, and the objects that can be seen on it."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pyramid.generation.augment.geometry import GEOMETRIC, forward_map
from pyramid.generation.augment.paint import paint
from pyramid.generation.augment.warp import warp
from pyramid.generation.backdrop import backdrop
from pyramid.generation.blend import BLENDINGS
from pyramid.generation.decode import VISIBLE, Pixels
from pyramid.generation.library import Library
from pyramid.generation.place import Patch, place
from pyramid.generation.scene import Object, Scene
from pyramid.settings.generate import GenerateSettings

Canvas = npt.NDArray[np.float32]

#: What lies under at least this alpha is hidden.
_HIDES = 0.5

#: Purposes of the streams of random numbers; the object k has the two after these and those of the objects below it.
_SHAPES, _NOISE, _OBJECTS = 1, 2, 3


class Seen(NamedTuple):
    """A foreground of the library on a picture.

    Attributes:
        which: of the foregrounds.
        box: x1, y1, x2, y2 in pixels, tight around the part that is inside the picture, covered or not.
        visible: the share of its area that is inside the picture and not covered.
    """

    which: int
    box: tuple[int, int, int, int]
    visible: float


class _Pasted:
    """An object on the picture, and which of its pixels are not covered yet."""

    def __init__(self, thing: Object, patch: Patch, alpha: Canvas):
        self._thing, self._patch = thing, patch
        self._seen = alpha[..., 0] >= VISIBLE / 255
        self._left = self._seen.copy()
        self._hides = alpha[..., 0] >= _HIDES

    def cover(self, above: "_Pasted") -> None:
        """``above`` was pasted later."""
        own, its = self._patch, above._patch
        x, y = max(own.x, its.x), max(own.y, its.y)
        hidden = above._hides[y - its.y :, x - its.x :]
        left = self._left[y - own.y :, x - own.x :][: hidden.shape[0], : hidden.shape[1]]
        left &= ~hidden[: left.shape[0], : left.shape[1]]

    def seen(self) -> Seen | None:
        """What there is to label; None for nothing."""
        if not self._thing.labelled or not self._left.any():
            return None
        x, y, width, height = cv2.boundingRect(self._seen.astype(np.uint8))
        x, y = self._patch.x + x, self._patch.y + y
        visible = min(1.0, np.count_nonzero(self._left) / max(self._patch.area, 1.0))
        return Seen(self._thing.which, (x, y, x + width, y + height), visible)


class Renderer:
    """Makes pictures of what is in a library."""

    def __init__(self, settings: GenerateSettings, library: Library):
        self._width, self._height, _ = settings.shape
        self._library = library
        self._foregrounds, self._backgrounds = settings.foreground_augmentations, settings.background_augmentations

    def render(self, scene: Scene) -> tuple[Pixels, list[Seen]]:
        """The picture, uint8 [height, width, 3], and the foregrounds on it that can be seen, the lowest first."""
        canvas = self._background(scene)
        pasted: list[_Pasted] = []
        for k, thing in enumerate(scene.objects):
            patch = self._place(thing)
            if patch is not None:
                new = self._paste(canvas, scene, thing, patch, k)
                for below in pasted:
                    below.cover(new)
                pasted.append(new)
        seen = [one for one in (below.seen() for below in pasted) if one]
        return np.rint(np.clip(canvas, 0, 255, out=canvas)).astype(np.uint8), seen

    def _background(self, scene: Scene) -> Canvas:
        pixels = self._covering(scene)
        strengths = self._backgrounds
        if any(name in strengths for name in GEOMETRIC):
            forward = forward_map(scene.draws, strengths, self._width, self._height)
            pixels = warp(pixels, forward, (0, 0, self._width, self._height), cv2.BORDER_REPLICATE)
        opaque = np.ones((self._height, self._width, 1), np.float32)
        return paint(pixels.astype(np.float32), opaque, scene.draws, strengths, scene.rng(_NOISE))[0]

    def _covering(self, scene: Scene) -> Pixels:
        if scene.background is None:
            return backdrop(self._width, self._height, scene.rng(_SHAPES))
        pixels = self._library.pixels(self._library.backgrounds[scene.background])
        x = int(scene.x * (pixels.shape[1] - self._width + 1))
        y = int(scene.y * (pixels.shape[0] - self._height + 1))
        return pixels[y : y + self._height, x : x + self._width]

    def _place(self, thing: Object) -> Patch | None:
        kept = (self._library.foregrounds if thing.labelled else self._library.distractors)[thing.which]
        return place(kept, self._library.pixels(kept.place), thing, self._foregrounds, self._width, self._height)

    def _paste(self, canvas: Canvas, scene: Scene, thing: Object, patch: Patch, k: int) -> _Pasted:
        pixels, alpha = patch.rgba[..., :3].astype(np.float32), patch.rgba[..., 3:] * np.float32(1 / 255)
        stream = _OBJECTS + 2 * k
        pixels, alpha = paint(pixels, alpha, thing.draws, self._foregrounds, scene.rng(stream))
        BLENDINGS[scene.blending](canvas, pixels, alpha, patch.x, patch.y, scene.rng(stream + 1))
        return _Pasted(thing, patch, alpha)
