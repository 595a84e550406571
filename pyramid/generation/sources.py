"""The pictures that generated ones are made of: where they lie, and which class they show."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pyramid.data.formats.source import PICTURE_ENDINGS, pictures_in
from pyramid.settings.generate import TRAIN, GenerateSettings

#: The class of foregrounds that lie in no folder of their own.
NO_FOLDER = ""


@dataclass
class Sources:
    """Paths, in an order that does not depend on the machine.

    Attributes:
        foregrounds: with ``labels``, their classes.
        notes: what a person should know of the folders.
    """

    foregrounds: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    backgrounds: list[str] = field(default_factory=list)
    distractors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_sources(settings: GenerateSettings) -> tuple[Sources, list[str]]:
    """The files that ``settings`` name and use, none of them opened yet; and every problem with their folders."""
    sources, problems = Sources(), list[str]()
    for key, find in _WANTED.items():
        root = getattr(settings, key)
        if root is None or not getattr(settings, find.wanted):
            continue
        try:
            problems += (f"{key}: {problem}" for problem in _folder(root) or find.fill(sources, Path(root)))
        except (OSError, ValueError) as error:  # may not be read, or has a name that no folder can have
            problems.append(f"{key}: cannot read {root!r}: {error}")
    return sources, [*problems, *_inside(settings)]


def _folder(root: str) -> list[str]:
    if os.path.isdir(root):
        return []
    return [f"must be a folder, but {root} is a file" if os.path.exists(root) else f"no such folder: {root}"]


def _fill_foregrounds(sources: Sources, root: Path) -> list[str]:
    found = {NO_FOLDER: _directly_in(root)} | {label: pictures_in(root / label) for label in _folders_in(root)}
    for label, files in found.items():
        sources.foregrounds += files
        sources.labels += [label] * len(files)
        if label != NO_FOLDER and not files:
            sources.notes.append(f"WARNING: {root / label} holds no pictures: there is no such class")
    if found[NO_FOLDER]:
        sources.notes.append(f"WARNING: pictures lie in {root} directly: their class is ''")
    return [] if sources.foregrounds else [_nothing(root)]


def _fill_backgrounds(sources: Sources, root: Path) -> list[str]:
    sources.backgrounds = _directly_in(root)
    below = "; those in folders inside it are not used" if any(_folders_in(root)) else ""
    return [] if sources.backgrounds else [_nothing(root) + below]


def _fill_distractors(sources: Sources, root: Path) -> list[str]:
    sources.distractors = pictures_in(root)
    return [] if sources.distractors else [_nothing(root)]


@dataclass(frozen=True)
class _Wanted:
    """How a folder is read, and the property of the settings that tells whether it is used."""

    wanted: str
    fill: Callable[[Sources, Path], list[str]]


_WANTED = {
    "foreground_image_root": _Wanted("has_objects", _fill_foregrounds),
    "background_image_root": _Wanted("has_backgrounds", _fill_backgrounds),
    "distractors_root": _Wanted("has_distractors", _fill_distractors),
}


def _nothing(root: Path) -> str:
    return f"no pictures ({', '.join(PICTURE_ENDINGS)}) in {root}"


def _directly_in(root: Path) -> list[str]:
    names = sorted(name for name in os.listdir(root) if name.lower().endswith(PICTURE_ENDINGS))
    return [str(root / name) for name in names if (root / name).is_file()]


def _folders_in(root: Path) -> list[str]:
    return sorted(name for name in os.listdir(root) if name[0] != "." and (root / name).is_dir())


def _inside(settings: GenerateSettings) -> Iterator[str]:
    """Generated pictures among their sources would be sources of the next ones."""
    output = _real(settings.output_directory or "") + os.sep
    for key in _WANTED:
        root = getattr(settings, key)
        if not root or not settings.output_directory:
            continue
        if output.startswith(_real(root) + os.sep):
            yield f"output_directory: must not lie in {key} ({root}), but got {settings.output_directory}"
        elif (_real(root) + os.sep).startswith(output + TRAIN + os.sep):
            yield f"{key}: must not lie in {output + TRAIN}, which is written to, but got {root}"


def _real(path: str) -> str:
    """Where links lead; a name that no folder can have is told elsewhere."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path
