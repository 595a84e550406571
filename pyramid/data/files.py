"""What a picture file is, from its header alone: no TensorFlow, no decoding.

A file is good when training and serving will see the same picture in it. sensenet decodes by the file's
*ending* (`.jpg`, `.jpeg`, `.png` with TensorFlow, all else with Pillow), so an ending that contradicts the
content, or a kind that Pillow's ``convert("RGB")`` would spoil, makes a file bad.
"""

import os
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from pyramid.data.remote import is_uri, opened

#: Modes of more than 8 bits that `convert("RGB")` clips to white instead of scaling.
SPOILED_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")

#: Kinds that are the same to a decoder: MPO is a JPEG with further pictures behind it.
_SAME_KIND = {"MPO": "JPEG"}


@dataclass(frozen=True)
class Header:
    """Either the size in pixels, or the reason why the file is bad."""

    width: int = 0
    height: int = 0
    reason: str | None = None


def read_header(path: str) -> Header:
    """Look into the file ``path``, a remote one too; never raises for a bad file."""
    if not is_uri(path) and not os.path.isfile(path):
        return Header(reason="is a folder" if os.path.isdir(path) else "missing")
    try:
        with opened(path) if is_uri(path) else open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if not file.peek(1):
                return Header(reason="empty (0 bytes)")
            with Image.open(file) as image:
                return _judge(path, image)
    except FileNotFoundError:
        return Header(reason="missing")
    except UnidentifiedImageError:
        return Header(reason="not a picture that can be read")
    except Exception as error:  # Pillow's plugins raise whatever a broken header makes them
        return Header(reason=f"cannot be opened: {error}")


def _judge(path: str, image: Image.Image) -> Header:
    kind = _SAME_KIND.get(image.format or "", image.format)
    ending = os.path.splitext(path)[1].lower()
    expected = Image.registered_extensions().get(ending)
    if expected is not None and kind != _SAME_KIND.get(expected, expected):
        return Header(reason=f"ends in {ending} but is a {kind} file; rename it, so that serving decodes it alike")
    if ending not in (".jpg", ".jpeg", ".png") and image.mode in SPOILED_MODES:
        return Header(
            reason=f"has {image.mode} pixels of more than 8 bits, which serving would turn white; convert it to 8 bits"
        )
    return Header(*image.size)
