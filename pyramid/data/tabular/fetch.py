"""A table, wherever it is -> a file of this machine that `open_source` reads."""

import os
import posixpath
import shutil
import urllib.parse
from pathlib import Path
from typing import Any

from pyramid.data.remote import RemoteError, filesystem, is_uri, localized
from pyramid.data.tabular.arrow_files import KINDS
from pyramid.data.tabular.json_lines import write_parquet
from pyramid.errors import DataError

#: Endings of files with a JSON object on every line.
JSON_LINES = (".jsonl", ".ndjson", ".json")

#: Ending -> pyarrow's name of the compression that is undone.
COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}

#: Endings of tables, each of which may be followed by one of ``COMPRESSIONS``.
ENDINGS = (*KINDS, *JSON_LINES, ".ser")

_KEY = "training_data"
_BLOCK = 2**20


def fetch(uri: str, folder: Path) -> Path:
    """The table at ``uri``, a path or a URI of pyarrow's or fsspec's file systems, as a file of this machine.

    A local file that needs nothing stays where it is, ``file://`` too. All others get a copy in ``folder``: what is
    remote, what is compressed, and JSON lines, which become Parquet. An earlier copy is replaced.

    Raises:
        DataError: nothing is there, it cannot be reached or read, is empty, or is no table by its ending.
    """
    try:
        path = localized(uri)
        name, compression = _named(path)
        if not is_uri(path):
            _check_local(path)
        copied = bool(is_uri(path) or compression)
        here = _copy(path, folder, name, compression) if copied else Path(path)
        if here.suffix.lower() not in JSON_LINES:
            return here
        made = _converted(here, folder / f"{name}.parquet")
        if copied:
            here.unlink()
        return made
    except RemoteError as error:
        raise DataError([f"{_KEY}: {error}"]) from error


def _converted(path: Path, target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(path, target)
    except OSError as error:
        raise DataError([f"{_KEY}: {path} cannot be written as {target}: {error}"]) from error
    return target


def _named(uri: str) -> tuple[str, str | None]:
    """The name of the table's file, without the compression's ending, and the compression."""
    whole = urllib.parse.urlsplit(uri) if is_uri(uri) else None
    path = urllib.parse.unquote(whole.netloc + whole.path) if whole else Path(uri).as_posix()
    name = posixpath.basename(path)
    stem, ending = posixpath.splitext(name)
    compression = COMPRESSIONS.get(ending.lower())
    name = stem if compression else name
    if Path(name).suffix.lower() not in ENDINGS:
        is_folder = not whole and os.path.isdir(uri)
        rule = f"must be a file that ends in one of {', '.join(ENDINGS)}"
        more = f" (and {', '.join(COMPRESSIONS)} after it)"
        raise DataError([f"{_KEY}: {rule}{more}, but is {'the folder ' if is_folder else ''}{uri}"])
    return name, compression


def _check_local(path: str) -> None:
    try:
        if os.path.isdir(path):
            raise DataError([f"{_KEY}: {path} is a folder; name one file"])
        with open(path, "rb") as file:
            if not file.read(1):
                raise DataError([f"{_KEY}: {path} is empty (0 bytes)"])
    except FileNotFoundError as error:
        raise DataError([f"{_KEY}: no such file: {path}; a path is relative to where the command runs"]) from error
    except (OSError, ValueError) as error:
        raise DataError([f"{_KEY}: {path} cannot be read: {getattr(error, 'strerror', None) or error}"]) from error


def _copy(source: str, folder: Path, name: str, compression: str | None) -> Path:
    """The bytes of ``source``, without the compression, as ``folder/name``."""
    target, part = folder / name, folder / f"{name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _opened(source, compression) as reader, part.open("wb") as writer:
            shutil.copyfileobj(reader, writer, _BLOCK)
        if not part.stat().st_size:
            raise DataError([f"{_KEY}: {source} is empty (0 bytes)"])
        os.replace(part, target)
    except FileNotFoundError as error:
        raise DataError([f"{_KEY}: no such file: {source}; check its name, and that its server answers"]) from error
    except DataError:
        raise
    except Exception as error:  # each file system has errors of its own
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(
            [f"{_KEY}: {source} cannot be copied to {folder}: {said}; check its name, the network and the rights"]
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _opened(source: str, compression: str | None) -> Any:
    import pyarrow.fs

    system, path = filesystem(source) if is_uri(source) else (pyarrow.fs.LocalFileSystem(), source)
    return system.open_input_stream(path, compression=compression, buffer_size=_BLOCK)
