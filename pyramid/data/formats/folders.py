"""A folder that holds a folder of pictures for each class."""

import os
from pathlib import Path

from pyramid.data.formats.source import Source, check_image_root, pictures_in

#: Folders of data sets that are described by a file.
_NO_CLASSES = {"annotations", "images", "labels", "test", "train", "val", "valid"}


def read_folders(source: Source, path: Path, image_root: str | None) -> None:
    """Fill ``source``: each folder in ``path`` is a class; its pictures, at any depth, are the rows."""
    check_image_root(source, path, image_root)
    source.root = path
    labels = sorted(entry for entry in os.listdir(path) if (path / entry).is_dir() and entry[0] != ".")
    if labels and set(labels) <= _NO_CLASSES:
        source.problem(
            f"{path} holds {', '.join(labels)}, which are no classes; name the COCO file or the data.yaml in it, or a"
            " folder of class folders"
        )
        return
    empty = []
    for label in labels:
        files = [os.path.relpath(picture, path) for picture in pictures_in(path / label)]
        source.rows += [{"file": file, "label": label} for file in files]
        empty += [] if files else [label]
    if not source.rows:
        source.problem(
            f"no class folder with pictures in {path}; expected {path}/<class>/<picture>, or Pascal VOC's .xml files in"
            f" {path} or {path}/Annotations, or YOLO's data.yaml or classes.txt in {path}"
        )
    elif empty:
        source.notes.append(f"folders without pictures are no classes: {', '.join(empty)}")
