"""YOLO's data.yaml, which says where pictures are (https://docs.ultralytics.com/datasets/detect)."""

import os
from pathlib import Path
from typing import Any

import yaml

from pyramid.data.formats.source import Source, existing, pictures_in, reason, shown, text_of

ENDINGS = (".yaml", ".yml")

_NAMES = [name + ending for name in ("data", "dataset") for ending in ENDINGS]


def find(folder: Path) -> Path | None:
    """The data.yaml or dataset.yaml in ``folder``."""
    return next((folder / name for name in _NAMES if (folder / name).is_file() and _describes(folder / name)), None)


def _describes(path: Path) -> bool:
    """Other data sets may have a data.yaml too; one that cannot be read is taken for YOLO's, so that it is told."""
    try:
        document = _parse(path)
    except Exception:
        return True
    return isinstance(document, dict) and bool({"names", "train", "val"} & set(document))


def load(path: Path) -> dict[Any, Any]:
    """What the file holds.

    Raises:
        ValueError: it is not YAML, or no mapping.
    """
    document = _parse(path)
    if not isinstance(document, dict):
        raise ValueError(f"{path.name} must have the keys train and names, but got {shown(document)}")
    return document


def _parse(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_bytes())
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"{path.name} is not YAML: {error.problem}{line}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path.name} is not YAML: {reason(error)}") from error


def root(source: Source, path: Path, document: dict[Any, Any]) -> Path:
    """The folder that `train` and `val` are relative to."""
    given = document.get("path") or "."
    folder = Path(os.path.normpath(path.parent / given)) if isinstance(given, str) else path.parent
    if not isinstance(given, str) or not folder.is_dir():
        source.problem(f"{path}: path: must be a folder, but got {shown(given)}; leave it out when this file is in it")
    return folder


def pictures(source: Source, path: Path, document: dict[Any, Any], key: str) -> list[str] | None:
    """The pictures that ``key`` of the file ``path`` names; None when it is not right.

    `source.root` becomes a folder above all that ``key`` names: a description may lie beside its pictures.
    """
    given = document.get(key)
    entries = given if isinstance(given, list) and given else [given]
    places = [_place(source.root, entry) for entry in entries if isinstance(entry, str) and entry]
    problems = [
        f"must be a folder of pictures, a .txt file that lists them, or a list of these, but got {shown(entry)}"
        for entry in entries
        if not isinstance(entry, str) or not entry
    ]
    problems += [
        f"no such folder or .txt file: {place}" for place in places if not place.is_dir() and not _lists(place)
    ]
    for problem in problems:
        source.problem(f"{path}: {key}: {problem}")
    if problems:
        return None
    found = [picture for place in places for picture in _pictures(place, source.root)]
    source.root = _above(source.root, [place if place.is_dir() else place.parent for place in places])
    return found


def _place(folder: Path, entry: str) -> Path:
    """Ultralytics, too, reads ../train/images as train/images when that alone is there: exporters write it so."""
    inside = folder / entry.removeprefix("../")
    return inside if inside.exists() and not (folder / entry).exists() else Path(os.path.normpath(folder / entry))


def _lists(place: Path) -> bool:
    return place.suffix.lower() == ".txt" and place.is_file()


def _pictures(place: Path, folder: Path) -> list[str]:
    """The pictures in a folder, or those that a text file lists: relative to itself, or else to ``folder``."""
    if place.is_dir():
        return pictures_in(place)
    lines = filter(None, map(str.strip, text_of(place).split("\n")))
    return [
        next(existing(os.path.join(base, line) for base in (place.parent, folder)), os.path.join(place.parent, line))
        for line in lines
    ]


def _above(folder: Path, places: list[Path]) -> Path:
    """``folder``, or where places are not in it the lowest one that holds all."""
    if all(os.path.relpath(place, folder).split(os.sep)[0] != ".." for place in places):
        return folder
    return Path(os.path.commonpath([os.path.abspath(place) for place in (folder, *places)]))
