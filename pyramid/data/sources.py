"""Where rows come from: a list in the configuration, a table, a folder of class folders, or a data set with boxes.

Every reader fills a `Source`: columns of plain Python values, one entry per row, not yet checked.
"""

from pathlib import Path
from typing import Any

from pyramid.data.formats.coco import is_coco, read_coco
from pyramid.data.formats.folders import read_folders
from pyramid.data.formats.source import Source, reason
from pyramid.data.formats.tables import LOADERS, read_table
from pyramid.data.formats.uris import ending, local_table, parent, read_remote_folders
from pyramid.data.formats.voc import find_voc, read_voc
from pyramid.data.formats.yolo import find_yolo, read_yolo
from pyramid.data.formats.yolo_yaml import ENDINGS as YAML_ENDINGS
from pyramid.data.remote import RemoteError, is_uri, localized
from pyramid.settings.train import Row

__all__ = ["Source", "read_source"]


def read_source(name: str, data: list[Row] | str, image_root: str | None) -> Source:
    """Read the rows of ``data``, the value of the setting ``name``; what fails is in ``problems``.

    Both ``data`` and ``image_root`` may be URIs.
    """
    key = name
    try:
        data = localized(data) if isinstance(data, str) else data
        key = "image_root"
        image_root = localized(image_root) if image_root else None
    except RemoteError as error:
        return Source(name, Path(), problems=[f"{key}: {error}"])
    source = _source(name, data, image_root)
    if is_uri(image_root):
        source.remote = str(image_root)
    return source


def _source(name: str, data: list[Row] | str, image_root: str | None) -> Source:
    if not isinstance(data, str):
        return Source(name, Path(image_root or "."), [_row(row) for row in data])
    if is_uri(data):
        return _remote_source(name, data, image_root)
    path = Path(data)
    source = Source(name, Path(image_root) if image_root else path.parent)
    try:
        is_there = path.exists()
    except (OSError, ValueError) as error:
        source.problem(f"not the name of a file or folder: {data!r} ({error})")
        return source
    try:
        if is_there:
            _read(source, path, image_root)
        else:
            source.problem(f"no such file or folder: {data}")
    except Exception as error:  # the readers' libraries raise many kinds; each means that a file is not what it says
        source.problem(f"cannot read {data}: {reason(error)}")
    return source


def _remote_source(name: str, uri: str, image_root: str | None) -> Source:
    """A table is copied; what is no table must be class folders."""
    source = Source(name, Path(image_root or "."), remote="" if image_root else parent(uri))
    try:
        if ending(uri) in LOADERS:
            with local_table(uri) as path:
                _read(source, path, image_root)
                source.problems = [problem.replace(str(path), uri) for problem in source.problems]
        elif image_root:
            source.problems.append(f"image_root: leave it out, {name} ({uri}) tells by itself where its pictures are")
        else:
            read_remote_folders(source, uri)
    except FileNotFoundError:
        source.problem(f"no such file: {uri}")
    except RemoteError as error:
        source.problem(str(error))
    except Exception as error:  # as for a file of this machine
        source.problem(f"cannot read {uri}: {reason(error)}")
    return source


def _row(row: Row) -> dict[str, Any]:
    cells = {"place": row.place, "file": row.file, "label": row.label, "weight": row.weight, "group": row.group}
    return cells if row.boxes is None else cells | {"boxes": row.boxes}


def _read(source: Source, path: Path, image_root: str | None) -> None:
    if path.is_dir():
        _read_folder(source, path, image_root)
    elif path.suffix.lower() in YAML_ENDINGS:
        read_yolo(source, path, image_root)
    elif path.suffix.lower() in LOADERS:
        content = LOADERS[path.suffix.lower()](path)
        if is_coco(content):
            read_coco(source, content, path, image_root)
        else:
            read_table(source, content, path)
    else:
        known = ", ".join((*LOADERS, *YAML_ENDINGS))
        source.problem(f"must be a folder or a file ending in {known}, but got {path}")


def _read_folder(source: Source, path: Path, image_root: str | None) -> None:
    annotations, classes = find_voc(path), find_yolo(path)
    if annotations:
        read_voc(source, annotations, image_root)
    elif classes:
        read_yolo(source, classes, image_root)
    else:
        read_folders(source, path, image_root)
