"""A folder behind a URI, to write to: no file there is ever half written."""

import io
import posixpath
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from pyramid.data.remote import RemoteError, filesystem

#: File systems, as pyarrow and fsspec call them, that show an object only when all of it is there. They have no
#: folders, and a new name would cost them a copy.
OBJECT_STORES = frozenset(["s3", "s3a", "gcs", "gs", "abfs", "abfss", "az", "adl", "oci", "oss"])

#: Of a temporary name; `posixpath.basename` of one begins with a dot as well.
PART = ".part"

_BLOCK = 2**20


class Store:
    """The files below a URI; names are relative to it, with slashes."""

    def __init__(self, uri: str):
        """
        Raises:
            RemoteError: the URI leads nowhere.
        """
        self.uri = uri
        self._system, path = filesystem(uri)
        self._path = path.rstrip("/")
        kind = self._system.type_name.rpartition("+")[2]  # py::fsspec+memory
        self._objects = kind in OBJECT_STORES

    def names(self) -> list[str]:
        """Of all files, at any depth; none when the folder is not there."""
        import pyarrow.fs

        with self._told("listed"):
            found = self._system.get_file_info(
                pyarrow.fs.FileSelector(self._path, allow_not_found=True, recursive=True)
            )
        files = (entry.path for entry in found if entry.type == pyarrow.fs.FileType.File)
        return sorted(posixpath.relpath(file, self._path or "/") for file in files)

    def put(self, name: str, source: BinaryIO) -> None:
        """Write all of ``source`` to the file ``name``."""
        target = self._place(name)
        with self._told("written to"):
            if self._objects:
                self._write(target, source)
                return
            folder, base = posixpath.split(target)
            self._system.create_dir(folder, recursive=True)
            part = f"{folder}/.{base}{PART}"
            self._write(part, source)
            self._system.move(part, target)

    def get(self, name: str, target: Path) -> None:
        """Copy the file ``name`` to ``target``."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._told("read"), self._system.open_input_stream(self._place(name)) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, _BLOCK)

    def read(self, name: str) -> bytes:
        """What the file ``name`` holds; nothing when it is not there."""
        with self._told("read"), suppress(FileNotFoundError), self._system.open_input_stream(self._place(name)) as file:
            content: bytes = file.read()
            return content
        return b""

    def remove(self, names: list[str]) -> None:
        """Remove files, and folders in which nothing is left."""
        with self._told("written to"):
            for name in names:
                with suppress(FileNotFoundError):
                    self._system.delete_file(self._place(name))
        empty = _folders(names) - (_folders(self.names()) if names else set())
        for folder in sorted(empty):  # a folder before what is in it
            with suppress(OSError):
                self._system.delete_dir(self._place(folder))

    def check(self) -> None:
        """Write a small file and remove it.

        Raises:
            RemoteError: that cannot be done, or the URI is a file's.
        """
        import pyarrow.fs

        with self._told("written to"):
            if self._type(self._path) == pyarrow.fs.FileType.File:
                raise RemoteError(f"{self.uri} is a file; name a folder")
            folder = self._path
            while not self._objects and folder.strip("/") and self._type(folder) == pyarrow.fs.FileType.NotFound:
                folder = posixpath.dirname(folder)
            probe = f"{folder.rstrip('/')}/.pyramid_{uuid4().hex}{PART}"
            self._write(probe, io.BytesIO(b"whether this can be written"))
            self._system.delete_file(probe)

    def _type(self, path: str) -> Any:
        return self._system.get_file_info(path).type

    def _write(self, path: str, source: BinaryIO) -> None:
        with self._system.open_output_stream(path) as target:
            shutil.copyfileobj(source, target, _BLOCK)

    def _place(self, name: str) -> str:
        return f"{self._path}/{name}"

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Each file system has errors of its own."""
        try:
            yield
        except RemoteError:
            raise
        except Exception as error:
            said = next(iter(str(error).splitlines()), "") or type(error).__name__
            way = "check its name, the network and the rights"
            raise RemoteError(f"{self.uri} cannot be {what}: {said}; {way}") from error


def _folders(names: list[str]) -> set[str]:
    """All folders above the files ``names``."""
    return {name[:i] for name in names for i, letter in enumerate(name) if letter == "/"}
