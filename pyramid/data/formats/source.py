"""What every reader fills, and what the readers share."""

import os
import reprlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: The endings of files that count as pictures when a folder is listed.
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp")

_SHORT = reprlib.Repr()
_SHORT.maxstring, _SHORT.maxother, _SHORT.maxlevel = 100, 40, 2


@dataclass
class Source:
    """Rows as they were given.

    Attributes:
        name: what a problem's path begins with, such as ``training_data``.
        root: the folder that files are relative to.
        rows: one dict per row with the keys file, label or boxes and, where given, weight and group; and place when
            that is not the row's place in this list. A box is [x1, y1, x2, y2, class] in pixels of the original
            picture; (0, 0) is its top left corner, (width, height) its bottom right one.
        text: whether labels come from text without types, where "7" may be a class or a number.
        problems: what made rows unreadable.
        notes: what a report should tell.
        validation: the rows that the data set itself names to validate on.
        remote: the URI that files are relative to, instead of ``root``.
    """

    name: str
    root: Path
    rows: list[dict[str, Any]] = field(default_factory=list)
    text: bool = False
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    validation: "Source | None" = None
    remote: str = ""

    def problem(self, text: str) -> None:
        """Tell what is wrong with the data."""
        self.problems.append(f"{self.name}: {text}")


def check_image_root(source: Source, path: Path, image_root: str | None) -> None:
    """A data set in which every picture has its place needs no `image_root`."""
    if image_root and Path(image_root).resolve() != path.resolve():
        source.problems.append(
            f"image_root: leave it out, {source.name} ({path}) tells by itself where its pictures are"
        )


def pictures_in(folder: Path) -> list[str]:
    """The paths of the pictures in ``folder``, at any depth, in order."""
    return [
        os.path.join(below, file)
        for below, _, files in sorted(os.walk(folder))
        for file in sorted(files)
        if file.lower().endswith(PICTURE_ENDINGS)
    ]


def existing(paths: Iterable[str]) -> Iterator[str]:
    """Those of ``paths`` that are files; a name that no file can have is not an error but no file."""
    return (path for path in paths if os.path.isfile(path))


def text_of(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises:
        ValueError: it is no text; with its name, which a folder's reader does not tell.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8 text: {reason(error)}") from error


def numbers(values: Sequence[Any]) -> list[float] | None:
    """``values``, numbers or text that a person would write for one, as floats (NaN too); None if one is neither."""
    if any(isinstance(value, bool) or "_" in str(value) for value in values):
        return None
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        return None


def class_name(value: Any) -> str:
    """The name of a class that ``value``, a text or an integer, stands for; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def repeated(values: Iterable[Any]) -> list[Any]:
    """Each of ``values`` that is there more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def shown(value: Any) -> str:
    """``value`` on a line, cut when it is long."""
    return _SHORT.repr(value)


def reason(error: Exception) -> str:
    """What ``error`` says, on a line."""
    return next(iter(str(error).splitlines()), type(error).__name__)
