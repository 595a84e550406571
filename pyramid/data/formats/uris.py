"""`training_data` behind a URI: a table, COCO's JSON, or a folder that holds a folder of pictures for each class."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from pyramid.data.formats.source import PICTURE_ENDINGS, Source
from pyramid.data.remote import RemoteError, listed, opened


@contextmanager
def local_table(uri: str) -> Iterator[Path]:
    """A copy of the file at ``uri``, of the same name, that lasts as long as the block.

    Raises:
        OSError, RemoteError: it is missing or cannot be reached.
    """
    with tempfile.TemporaryDirectory(prefix="pyramid-table-") as folder:
        path = Path(folder) / PurePosixPath(_path(uri)).name
        with opened(uri) as source, path.open("wb") as copy:
            shutil.copyfileobj(source, copy, 2**20)
        yield path


def ending(uri: str) -> str:
    """The ending of the file that ``uri`` names, in small letters."""
    return PurePosixPath(_path(uri)).suffix.lower()


def parent(uri: str) -> str:
    """The URI of the folder that holds ``uri``."""
    head = uri.partition("?")[0].rstrip("/").rpartition("/")[0]
    return head + uri[len(_path(uri)) :]


def _path(uri: str) -> str:
    """Without the options of the file system."""
    return uri.partition("?")[0]


def read_remote_folders(source: Source, uri: str) -> None:
    """Fill ``source`` by one listing: each folder at ``uri`` is a class; its pictures, at any depth, are the rows."""
    source.remote = uri
    try:
        names = [name for name in listed(uri) if name.lower().endswith(PICTURE_ENDINGS)]
    except RemoteError as error:
        source.problem(str(error))
        return
    labelled = [(name, name.partition("/")[0]) for name in names if "/" in name and name[0] != "."]
    source.rows = [{"file": name, "label": label} for name, label in labelled]
    if not labelled:
        source.problem(f"no class folder with pictures in {uri}; expected {uri}/<class>/<picture>")
