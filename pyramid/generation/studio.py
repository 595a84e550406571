"""Numbers of pictures -> files' content and rows of training data; what runs on every core."""

from dataclasses import dataclass
from typing import Any

import cv2

from pyramid.generation.decode import Pixels
from pyramid.generation.library import Library
from pyramid.generation.render import Renderer, Seen
from pyramid.generation.scene import Planner
from pyramid.settings.generate import ENDINGS, TRAIN, GenerateSettings
from pyramid.settings.objectives import BOUNDING_BOX

Row = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """One generated picture.

    Attributes:
        pixels: uint8 [height, width, 3].
        row: of the training data: file, below the folder that all is written to, and boxes or label.
    """

    pixels: Pixels
    row: Row


@dataclass(frozen=True)
class Made:
    """A picture as it is written.

    Attributes:
        content: of the file that ``row`` names.
    """

    number: int
    content: bytes
    row: Row


class Studio:
    """All that is needed to make any picture."""

    def __init__(self, settings: GenerateSettings, library: Library):
        self.settings = settings
        self.library = library
        self._planner, self._renderer = Planner(settings, library), Renderer(settings, library)

    def picture(self, number: int) -> Picture:
        """The picture ``number``; the same in every process."""
        pixels, seen = self._renderer.render(self._planner.scene(number))
        shown = [one for one in seen if one.visible >= self.settings.minimum_visibility]
        name = f"{TRAIN}/{number:06d}{ENDINGS[self.settings.image_format]}"  # sorted as numbers are, up to a million
        if self.settings.objective_type == BOUNDING_BOX:
            return Picture(pixels, {"file": name, "boxes": [self._box(one) for one in shown]})
        label = self.library.labels[shown[-1].which] if shown else self.settings.background_label
        return Picture(pixels, {"file": name, "label": label})

    def _box(self, seen: Seen) -> list[Any]:
        """[x1, y1, x2, y2, class], widened by the margin and clipped to the picture."""
        width, height, _ = self.settings.shape
        margin, label = self.settings.bounding_box_margin, self.settings.constant_box_label
        x1, y1, x2, y2 = seen.box
        box = [max(0, x1 - margin), max(0, y1 - margin), min(width, x2 + margin), min(height, y2 + margin)]
        return [*box, self.library.labels[seen.which] if label is None else label]


def make(studio: Studio, numbers: list[int]) -> list[Made]:
    """Runs on a worker: the pictures with these ``numbers``."""
    cv2.setNumThreads(1)  # each core has a process already
    return [_made(studio, number) for number in numbers]


def _made(studio: Studio, number: int) -> Made:
    picture = studio.picture(number)
    return Made(number, _encoded(picture.pixels, studio.settings), picture.row)


def _encoded(pixels: Pixels, settings: GenerateSettings) -> bytes:
    """PNG with run lengths alone: four times as fast as zlib's level 6, and of photographs hardly larger."""
    parameters = {
        "png": [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE],
        "jpeg": [cv2.IMWRITE_JPEG_QUALITY, settings.image_quality],
        "webp": [cv2.IMWRITE_WEBP_QUALITY, settings.image_quality],
    }
    _, content = cv2.imencode(ENDINGS[settings.image_format], pixels[..., ::-1], parameters[settings.image_format])
    return bytes(content)
