"""Pictures with what a model sees in them: boxes with their labels, or the class or value in a corner."""

import colorsys
import os
import warnings
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from pyramid.data.copies import local_copies
from pyramid.data.remote import is_uri
from pyramid.data.shown import rgb
from pyramid.errors import ConfigError
from pyramid.prediction.document import Described
from pyramid.prediction.predictions import Predictions, records
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL

#: Pixels: a picture whose longer side is shorter is enlarged by a whole number, so that a label can be read.
_LEAST_SIDE = 320

#: Of the longer side: the height of letters (and pixels at least), and the width of lines.
_LETTERS, _LEAST_LETTERS, _LINE = 1 / 36, 12, 1 / 300

_QUALITY = 92

#: Pixels: a JPEG has no longer side.
_MOST_SIDE = 65_500

#: Letters of a label.
_LONGEST = 40

#: The share of a turn by which the hues of neighbouring classes differ.
_GOLDEN = 0.618034

Colour = tuple[int, int, int]


class _UndrawableError(Exception):
    """Why a picture that was predicted cannot be drawn."""


class Drawer:
    """Draws into a folder, in which each picture keeps its name, below the folder that all of them are in.

    Attributes:
        undrawn: file -> why it could not be drawn, although there is a prediction for it.
    """

    def __init__(self, model: Described, folder: str | Path, files: Sequence[str]):
        """
        Raises:
            ConfigError: the folder cannot be made, or a picture would be overwritten.
        """
        self.undrawn: dict[str, str] = {}
        self._model = model
        self._targets = _targets(Path(folder), files)
        sources = {os.path.realpath(file) for file in files}
        for file, target in self._targets.items():
            if os.path.realpath(target) in sources:
                raise ConfigError([f"draw: {target} would be written over a picture to predict ({file}); name another"])
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError([f"draw: the folder {folder} cannot be made: {error.strerror or error}"]) from error

    def draw(self, predictions: Predictions) -> None:
        """Write the pictures of ``predictions``; one that cannot be read is left out, and one that cannot be drawn.

        Raises:
            OSError: nothing can be written there.
        """
        for file, record in zip(predictions.keys, records(self._model, predictions), strict=True):
            if "error" not in record:
                try:
                    picture = _opened(file)
                except _UndrawableError as error:
                    self.undrawn[file] = str(error)
                else:
                    self._draw(file, picture, record)

    def _draw(self, file: str, picture: Image.Image, record: dict[str, Any]) -> None:
        target = self._targets[file]
        drawn = drawn_on(picture, self._model, record)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        try:
            drawn.save(part, "JPEG", quality=_QUALITY)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)


def _opened(file: str) -> Image.Image:
    """The picture in ``file``, in RGB.

    Raises:
        _UndrawableError: Pillow, which draws, cannot open what the model could, or a JPEG cannot hold it.
    """
    try:
        with local_copies([file]) as [copy]:
            if copy.reason is not None:
                raise _UndrawableError(copy.reason)
            with warnings.catch_warnings(), Image.open(copy.path) as opened:
                warnings.simplefilter("ignore")
                if max(opened.size) > _MOST_SIDE:
                    raise _UndrawableError(f"is larger than the {_MOST_SIDE:,} pixels a side of a JPEG")
                return rgb(opened)
    except _UndrawableError:
        raise
    except Exception as error:  # Pillow's plugins raise whatever a file makes them
        raise _UndrawableError(
            f"cannot be opened: {next(iter(str(error).splitlines()), type(error).__name__)}"
        ) from error


def _targets(folder: Path, files: Sequence[str]) -> dict[str, Path]:
    """Where each of ``files`` is drawn: a JPEG, whose name tells the original's ending where it is another."""
    places = [os.path.abspath(file) if not is_uri(file) else "/" + file.split("://")[1] for file in files]
    root = os.path.commonpath([os.path.dirname(place) for place in places])
    below = [os.path.relpath(place, root) for place in places]
    names = [name if name.lower().endswith((".jpg", ".jpeg")) else f"{name}.jpg" for name in below]
    taken: set[str] = set()
    targets = {}
    for file, name in zip(files, names, strict=True):
        stem, ending = os.path.splitext(name)
        free = next(one for n in count(1) if (one := name if n == 1 else f"{stem}_{n}{ending}") not in taken)
        taken.add(free)
        targets[file] = folder / free
    return targets


def drawn_on(picture: Image.Image, model: Described, record: dict[str, Any]) -> Image.Image:
    """A copy of ``picture`` with what ``record`` tells of it, enlarged where it is small."""
    factor = max(1, -(-_LEAST_SIDE // max(picture.size)))
    size = (picture.width * factor, picture.height * factor)
    made = picture.resize(size, Image.Resampling.NEAREST) if factor > 1 else picture.copy()
    pen = ImageDraw.Draw(made)
    if model.objective == BOUNDING_BOX:
        for one in reversed(record["objects"]):  # the surest comes last, over the others
            corners = [factor * value for value in one["box"]]
            colour = colour_of(model.classes.index(one["label"]))
            _box(pen, made.size, corners, colour)
            _tag(pen, made.size, (corners[0], corners[1]), f"{_cut(one['label'])} {one['score']:.2f}", colour)
        return made
    text = f"{record['value']:.5g}" if "value" in record else _cut(record["prediction"])
    if model.objective == CATEGORICAL:
        text += f" {record['probabilities'][record['prediction']]:.2f}"
        colour = colour_of(model.classes.index(record["prediction"]))
    else:
        colour = (255, 255, 255)
    _tag(pen, made.size, (0, 0), text, colour)
    return made


def _cut(label: str) -> str:
    shown = "".join(letter if letter.isprintable() else "·" for letter in label)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def colour_of(place: int) -> Colour:
    """Of the class at ``place``."""
    red, green, blue = colorsys.hls_to_rgb((place * _GOLDEN + 0.13) % 1, 0.62, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def _box(pen: ImageDraw.ImageDraw, size: tuple[int, int], corners: list[int], colour: Colour) -> None:
    """A line in ``colour`` between two thin black ones, which shows on any ground. A box may reach out."""
    line = max(2, round(max(size) * _LINE))
    thin = max(1, line // 2)
    x1, y1, x2, y2 = corners
    limits = (size[0] - 1, size[1] - 1)
    left, top = max(0, min(x1, limits[0])), max(0, min(y1, limits[1]))
    right, bottom = max(left, min(x2, limits[0])), max(top, min(y2, limits[1]))
    for grown, width, ink in ((thin, line + 2 * thin, (0, 0, 0)), (0, line, colour)):
        edges = [
            max(0, left - grown),
            max(0, top - grown),
            min(limits[0], right + grown),
            min(limits[1], bottom + grown),
        ]
        pen.rectangle(edges, outline=ink, width=width)


def _tag(pen: ImageDraw.ImageDraw, size: tuple[int, int], corner: tuple[int, int], text: str, colour: Colour) -> None:
    """``text`` on ``colour``: above the ``corner`` where there is room, else below, and inside the picture."""
    font = _font(max(_LEAST_LETTERS, round(max(size) * _LETTERS)))
    x1, y1, x2, y2 = pen.textbbox((0, 0), text, font=font)
    edge = max(2, font.size // 5)
    width, height = round(x2 - x1) + 2 * edge, round(y2 - y1) + 2 * edge
    left = max(0, min(corner[0], size[0] - width))
    top = corner[1] - height if corner[1] >= height else corner[1]
    top = max(0, min(top, size[1] - height))
    pen.rectangle([left, top, left + width, top + height], fill=colour, outline=(0, 0, 0))
    pen.text((left + edge - x1, top + edge - y1), text, font=font, fill=_ink(colour))


def _ink(ground: Colour) -> Colour:
    """Black or white, whichever can be read on ``ground``: by the luminance of ITU-R BT.601."""
    red, green, blue = ground
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 130 else (255, 255, 255)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Letters of ``size`` pixels: matplotlib's, which know more scripts than Pillow's own."""
    import matplotlib

    return ImageFont.truetype(os.path.join(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), size)
