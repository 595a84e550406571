"""A file system of fsspec for tests: files in a folder of this machine, which can be out of reach for a while."""

from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem


class Shelf(LocalFileSystem):  # type: ignore[misc]
    """``shelf:///folder`` is /folder; neither pyarrow nor pyramid take it for a path of this machine."""

    protocol = "shelf"
    local_file = False
    down = False

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        return "/" + str(path).removeprefix("shelf://").strip("/")

    def _open(self, path: str, mode: str = "rb", block_size: int | None = None, **options: Any) -> Any:
        if Shelf.down and "w" in mode:
            raise OSError("the shelf is out of reach")
        return super()._open(path, mode, block_size, **options)


def register() -> None:
    """Make the scheme known in this process."""
    fsspec.register_implementation("shelf", Shelf, clobber=True)


def shelf_uri(folder: Path) -> str:
    """Of ``folder``."""
    return f"shelf://{folder}"
