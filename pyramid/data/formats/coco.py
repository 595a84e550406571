"""COCO's JSON: `images`, `annotations` and `categories` in one object (https://cocodataset.org/#format-data)."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyramid.data.formats.source import Source, class_name, existing, numbers, repeated, shown

#: So many pictures tell in which folder they are.
_LOOKED_FOR = 100


def is_coco(document: Any) -> bool:
    """Whether what a JSON file holds is this."""
    return isinstance(document, dict) and "images" in document and "annotations" in document


def read_coco(source: Source, document: dict[str, Any], path: Path, image_root: str | None) -> None:
    """Fill ``source`` with a row for each image in ``document``, which was found in ``path``."""
    problems: list[str] = []
    pictures = _named(document, "images", "file_name", problems)
    categories = _named(document, "categories", "name", problems)
    for name in repeated(filter(None, categories.values())):
        problems.append(f"categories: must have different names, but two are {shown(name)}")
    boxes = _boxes(source, document, pictures, categories, problems)
    if not pictures and not problems:
        problems.append("images: must not be empty")
    for problem in problems:
        source.problem(f"{path}: {problem}")
    source.root = Path(image_root) if image_root else _root(path, list(pictures.values())[:_LOOKED_FOR])
    source.rows = [{"file": file, "boxes": boxes[number]} for number, file in pictures.items()]


def _root(path: Path, files: list[str]) -> Path:
    """The folder below which most of ``files`` lie, in one of the usual layouts; the JSON's own when in none."""
    split = path.stem.rpartition("_")[2]  # annotations/instances_train2017.json, train2017/1.jpg
    folders = [path.parent, path.parent / "images", path.parent / path.stem, path.parent.parent / split]
    return max(folders, key=lambda folder: len(list(existing(os.path.join(folder, file) for file in files))))


def _named(document: dict[str, Any], key: str, name_key: str, problems: list[str]) -> dict[Any, str]:
    """Id -> name of the entries at ``key``; one whose name is wrong is there too, so that its id is known."""
    names: dict[Any, str] = {}
    for place, entry in _objects(document, key, problems):
        number, name = entry.get("id"), class_name(entry.get(name_key))
        if not name:
            problems.append(_wrong(f"{place}.{name_key}", "must be a name", entry, name_key))
        if not _is_id(number):
            problems.append(_wrong(f"{place}.id", "must be a number or a text", entry, "id"))
        elif number in names:
            problems.append(_wrong(f"{place}.id", f"must be of one entry of {key} alone", entry, "id"))
        else:
            names[number] = name
    return names


def _objects(document: dict[str, Any], key: str, problems: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    entries = document.get(key)
    if not isinstance(entries, list):
        problems.append(_wrong(key, "must be a list of objects", document, key))
        return
    for i, entry in enumerate(entries):
        if isinstance(entry, dict):
            yield f"{key}[{i}]", entry
        else:
            problems.append(f"{key}[{i}]: must be an object, but got {shown(entry)}")


def _is_id(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _wrong(place: str, rule: str, entry: dict[str, Any], key: str) -> str:
    return f"{place}: {rule}, but " + (f"got {shown(entry[key])}" if key in entry else "is missing")


def _boxes(
    source: Source, document: dict[str, Any], pictures: dict[Any, str], categories: dict[Any, str], problems: list[str]
) -> dict[Any, list[list[Any]]]:
    """Id of an image -> its boxes. Around a crowd there is one box for many objects, which is none to learn."""
    boxes: dict[Any, list[list[Any]]] = {number: [] for number in pictures}
    crowds = 0
    for place, annotation in _objects(document, "annotations", problems):
        if annotation.get("iscrowd") == 1:
            crowds += 1
            continue
        unknown = list(_unknown(place, annotation, {"image_id": pictures, "category_id": categories}))
        problems.extend(unknown)
        corners = _corners(annotation.get("bbox"))
        if corners is None:
            problems.append(_wrong(f"{place}.bbox", "must be 4 numbers [x, y, width, height]", annotation, "bbox"))
        elif not unknown:
            boxes[annotation["image_id"]].append([*corners, categories[annotation["category_id"]]])
    if crowds:
        source.notes.append(f"{crowds:,} crowd annotations were left out")
    return boxes


def _unknown(place: str, annotation: dict[str, Any], ids: dict[str, dict[Any, str]]) -> Iterator[str]:
    """A problem for each of the keys in ``ids`` that does not hold one of the ids there."""
    for key, known in ids.items():
        if not _is_id(annotation.get(key)) or annotation[key] not in known:
            yield _wrong(
                f"{place}.{key}",
                f"must be the id of {'an image' if key == 'image_id' else 'a category'}",
                annotation,
                key,
            )


def _corners(bbox: Any) -> list[float] | None:
    """x1, y1, x2, y2 of COCO's [x, y, width, height]; None when it is not that."""
    if not isinstance(bbox, list) or len(bbox) != 4 or any(isinstance(value, str) for value in bbox):
        return None
    values = numbers(bbox)
    return values and [values[0], values[1], values[0] + values[2], values[1] + values[3]]
