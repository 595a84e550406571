"""Pictures inside the page, small."""

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from pyramid.data.copies import local_copies
from pyramid.data.shown import rgb
from pyramid.report.page.html import Html, tag

#: Pixels of the longer side.
SIDE = 160

Pixels = npt.NDArray[np.uint8]


def thumbnail(place: str) -> tuple[Image.Image, tuple[int, int]]:
    """The picture with at most 160 pixels a side, and the width and height that it has.

    Args:
        place: its path, or its URI.

    Raises:
        OSError: it cannot be read.
    """
    with local_copies([place]) as [copy]:
        if copy.reason is not None:
            raise OSError(copy.reason)
        return _thumbnail(copy.path)


def _thumbnail(path: str) -> tuple[Image.Image, tuple[int, int]]:
    try:
        with Image.open(path) as opened:
            size = opened.size
            opened.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG needs not be decoded in full
            picture = rgb(opened)
    except (ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise OSError(f"cannot be decoded: {error}") from error
    picture.thumbnail((SIDE, SIDE))
    return picture, size


def data_uri(picture: Image.Image) -> str:
    """``picture`` as a JPEG that needs no file."""
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def shown(picture: Image.Image | Pixels, words: str) -> Html:
    """An <img> for ``picture``; uint8 [h, w, 3] is made small."""
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray(picture)
        picture.thumbnail((SIDE, SIDE))
    # Tiny pictures keep their pixels when the browser enlarges them.
    pixelated = "image-rendering: pixelated" if max(picture.size) < SIDE // 2 else None
    width, height = picture.size
    return tag("img", src=data_uri(picture), alt=words, width=width, height=height, style=pixelated)
