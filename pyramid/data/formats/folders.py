"""A folder that holds a folder of pictures for each class."""

import os
from pathlib import Path

from pyramid.data.formats.source import Source, check_image_root, pictures_in


def read_folders(source: Source, path: Path, image_root: str | None) -> None:
    """Fill ``source``: each folder in ``path`` is a class; its pictures, at any depth, are the rows."""
    check_image_root(source, path, image_root)
    source.root = path
    for label in sorted(entry for entry in os.listdir(path) if (path / entry).is_dir() and entry[0] != "."):
        files = (os.path.relpath(picture, path) for picture in pictures_in(path / label))
        source.rows += [{"file": file, "label": label} for file in files]
    if not source.rows:
        source.problem(
            f"no class folder with pictures in {path}; expected {path}/<class>/<picture>, or Pascal VOC's .xml files in"
            f" {path} or {path}/Annotations, or YOLO's data.yaml or classes.txt in {path}"
        )
