"""YOLO: pictures with their labels in text files, and a data.yaml or a list of classes that describes the whole."""

import os
from pathlib import Path
from typing import Any

from pyramid.data.formats import yolo_yaml
from pyramid.data.formats.source import Source, check_image_root, class_name, pictures_in, repeated, shown, text_of
from pyramid.data.formats.yolo_labels import label_file, read_labels

_CLASS_LISTS = ("classes.txt", "obj.names")


def find_yolo(folder: Path) -> Path | None:
    """The file in ``folder`` that names the classes; None when it is no such data set."""
    lists = (folder / name for name in _CLASS_LISTS)
    return yolo_yaml.find(folder) or next((path for path in lists if path.is_file()), None)


def read_yolo(source: Source, path: Path, image_root: str | None) -> None:
    """Fill ``source`` with the pictures of the data set whose classes the file ``path`` names."""
    check_image_root(source, path.parent, image_root)
    source.root = path.parent
    if path.suffix.lower() in yolo_yaml.ENDINGS:
        _read_description(source, path)
        return
    images = path.parent / "images"
    folder = images if images.is_dir() else path.parent
    names = _names(source, path, text_of(path).rstrip().split("\n"))
    _fill(source, str(folder), pictures_in(folder), names)


def _read_description(source: Source, path: Path) -> None:
    """`training_data` takes `train`, and `val` to validate on; `validation_data` takes `val` where there is one."""
    document = yolo_yaml.load(path)
    names = _names(source, path, document.get("names"))
    source.root = yolo_yaml.root(source, path, document)
    validates, has_val = source.name == "validation_data", bool(document.get("val"))
    if has_val and not validates:
        source.validation = Source("validation_data", source.root)
    for part, key in ((source, "val" if validates and has_val else "train"), (source.validation, "val")):
        if part and source.root.is_dir():
            _fill(part, f"{path}: {key}", yolo_yaml.pictures(part, path, document, key), names)


def _names(source: Source, path: Path, given: Any) -> dict[int, str]:
    """Index -> name of the classes; {} when they are not right."""
    entries = dict(enumerate(given)) if isinstance(given, list) else given if isinstance(given, dict) else {}
    names = {index: class_name(value).strip() for index, value in entries.items()}
    problems = [
        f"class {shown(index)}: must be a name, but got {shown(entries[index])}; write a text, in quotes"
        for index, name in names.items()
        if not name
    ]
    problems += [f"class {shown(index)}: must have an index" for index in names if not str(index).isdecimal()]
    problems += [f"two classes are named {shown(name)}; give them different names" for name in repeated(names.values())]
    if not names:
        problems.append("names no classes; list them, in a .yaml file as `names: [cat, dog]`, else one on each line")
    for problem in problems:
        source.problem(f"{path}: {problem}")
    return {} if problems else {int(index): name for index, name in names.items()}


def _fill(source: Source, place: str, pictures: list[str] | None, names: dict[int, str]) -> None:
    """Make a row of each of ``pictures``, which were found at ``place``; None when they or the classes are unknown."""
    if pictures is None or not names:
        return
    problems: list[str] = []
    labels = {picture: label_file(picture) for picture in pictures}
    for picture, path in labels.items():
        boxes = read_labels(path, picture, names, problems) if path else []
        source.rows.append({"file": os.path.relpath(picture, source.root), "boxes": boxes})
    without = sum(path is None for path in labels.values())
    if without:
        source.notes.append(
            f"{without:,} of {len(labels):,} pictures have no label file: they count as without objects"
        )
    if not pictures:
        problems.append(f"{place}: no pictures")
    elif not any(labels.values()):
        problems.append(
            f"{place}: none of the {len(labels):,} pictures has a label file; for images/x.jpg it is labels/x.txt,"
            " else x.txt beside it (an empty one means: no object)"
        )
    for problem in problems:
        source.problem(problem)
