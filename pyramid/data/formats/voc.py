"""Pascal VOC: an XML file for each picture (Everingham et al., VOC devkit, `VOCdevkit/VOC2012/Annotations`).

VOC counts pixels from 1, and a box ends with its last pixel: xmin = 1, xmax = 1 is the first column. Here that is
x1 = 0, x2 = 1.
"""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from pyramid.data.formats.source import PICTURE_ENDINGS, Source, existing, numbers, reason, shown

_EDGES = ("xmin", "ymin", "xmax", "ymax")


def find_voc(folder: Path) -> list[Path]:
    """The XML files in ``folder``, or those in its subfolder `Annotations`; [] when it is no such data set."""
    for place in (folder, folder / "Annotations"):
        if place.is_dir():
            found = sorted(
                place / name for name in os.listdir(place) if name.lower().endswith(".xml") and name[0] != "."
            )
            if found:
                return found
    return []


def read_voc(source: Source, files: list[Path], image_root: str | None) -> None:
    """Fill ``source`` with a row for each of ``files``, which lie in one folder."""
    folder = files[0].parent
    pictures = folder.parent / "JPEGImages"
    folders = [Path(image_root)] if image_root else [folder, pictures] if pictures.is_dir() else [folder]
    source.root = folders[0] if len(folders) == 1 else folder.parent  # files are relative to what holds both
    for file in files:
        annotation = _annotation(source, file)
        if annotation is not None:
            picture = os.path.relpath(_picture(annotation, file, folders), source.root)
            source.rows.append({"file": picture, "boxes": _boxes(source, annotation, file)})


def _annotation(source: Source, file: Path) -> Element | None:
    try:
        root = ElementTree.parse(file).getroot()
    except Exception as error:  # a wrong encoding raises other kinds than ParseError
        source.problem(f"{file}: is not XML that can be read: {reason(error)}")
        return None
    if root.tag == "annotation":
        return root
    source.problem(f"{file}: must hold <annotation>, but got <{root.tag}>; take it out of the folder")
    return None


def _picture(annotation: Element, file: Path, folders: list[Path]) -> str:
    """The picture that <filename> names; when it is in no folder, one that is named like the XML file."""
    name = _text(annotation, "filename")
    named = [os.path.join(folder, name) for folder in folders if name]
    endings = [form for ending in PICTURE_ENDINGS for form in (ending, ending.upper())]
    alike = (os.path.join(folder, file.stem + ending) for folder in folders for ending in endings)
    return next(existing(chain(named, alike)), os.path.join(folders[-1], name or f"{file.stem}.jpg"))


def _boxes(source: Source, annotation: Element, file: Path) -> list[list[Any]]:
    boxes = []
    for number, element in enumerate(annotation.findall("object"), 1):
        name, edges = _text(element, "name"), numbers(_edges(element))
        for problem in _wrong(element, name, edges):
            source.problem(f"{file}: object {number} {problem}")
        if edges:
            x1, y1, x2, y2 = edges
            boxes.append([x1 - 1, y1 - 1, x2, y2, name])
    return boxes


def _wrong(element: Element, name: str, edges: list[float] | None) -> Iterator[str]:
    """Every problem of an <object>."""
    if not name:
        yield "lacks a <name>"
    if element.find("bndbox") is None:
        yield "lacks a <bndbox>"
    elif edges is None:
        yield f"must have 4 numbers {', '.join(_EDGES)} in <bndbox>, but got {shown(_edges(element))}"


def _edges(element: Element) -> list[str]:
    return [_text(element, f"bndbox/{edge}") for edge in _EDGES]


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
