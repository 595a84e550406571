"""What a person names on the command line -> picture files, or a table. No TensorFlow."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyramid.data.formats.source import PICTURE_ENDINGS, pictures_in
from pyramid.data.remote import is_uri
from pyramid.data.tabular.arrow_files import KINDS
from pyramid.data.tabular.fetch import COMPRESSIONS, JSON_LINES
from pyramid.errors import ConfigError
from pyramid.prediction.document import Described

#: Endings of tables that can be predicted: a `.ser` file has no names, and values that are changed already.
_TABLES = (*KINDS, *JSON_LINES)


@dataclass
class Inputs:
    """What is to be predicted: ``files`` (pictures) or a ``table``."""

    files: list[str] = field(default_factory=list)
    table: str = ""


def find_inputs(model: Described, paths: Sequence[str]) -> Inputs:
    """What ``paths`` name: picture files, folders of them (at any depth), globs, or one table.

    Each picture is there once, in the order of the paths. A picture that is missing is told of when it is predicted.

    Raises:
        ConfigError: with every path that leads to nothing, or to what the model does not take.
    """
    if not paths:
        raise ConfigError([f"paths: name {'a picture or a folder' if model.pictures else 'a table'}"])
    tables = [path for path in paths if is_table(path)]
    if model.pictures and tables:
        takes = "takes pictures, but %s is a table; name pictures, folders or globs"
        raise ConfigError([f"paths: {model.path} {takes % path}" for path in tables])
    if not model.pictures:
        if len(paths) > 1 or not tables:
            others = [path for path in paths if path not in tables] or [f"{len(paths)} tables"]
            takes = f"takes rows of a table (a file that ends in one of {', '.join(_TABLES)})"
            raise ConfigError([f"paths: {model.path} {takes}, but got {others[0]}"])
        return Inputs(table=tables[0])
    problems: list[str] = []
    found = [file for path in paths for file in _pictures(path, problems)]
    if problems:
        raise ConfigError(problems)
    return Inputs(list(dict.fromkeys(found)))


def is_table(path: str) -> bool:
    """Whether ``path`` ends as tables do."""
    stem, ending = os.path.splitext(path)
    last = os.path.splitext(stem)[1] if ending.lower() in COMPRESSIONS else ending
    return last.lower() in _TABLES and not os.path.isdir(path)


def _pictures(path: str, problems: list[str]) -> list[str]:
    try:
        if is_uri(path) or os.path.isfile(path):
            return [path]
        if os.path.isdir(path):
            return _in_folder(path, problems)
        if glob.has_magic(path):
            return _in_glob(path, problems)
    except (OSError, ValueError) as error:  # with a zero byte, or too long
        problems.append(f"paths: not the name of a file: {path!r} ({error})")
        return []
    if not path.lower().endswith(PICTURE_ENDINGS):
        problems.append(f"paths: no such file or folder: {path}")
    return [path]


def _in_folder(path: str, problems: list[str]) -> list[str]:
    found = pictures_in(Path(path))
    if not found:
        endings = ", ".join(PICTURE_ENDINGS)
        problems.append(f"paths: the folder {path} holds no picture, at any depth (a file that ends in {endings})")
    return found


def _in_glob(path: str, problems: list[str]) -> list[str]:
    matches = sorted(glob.glob(path, recursive=True))
    found = [match for match in matches if os.path.isfile(match)]
    for folder in (match for match in matches if os.path.isdir(match)):
        found += pictures_in(Path(folder))
    if not found:
        problems.append(f"paths: {path} matches no file; write it in quotes for pyramid to look, ** for any depth")
    return found


def on_cluster() -> bool:
    """Whether RAY_ADDRESS names a cluster to predict on."""
    return os.environ.get("RAY_ADDRESS", "") not in ("", "local")
