"""A file of the driver's machine, of which every other machine that reads it makes one copy."""

import contextlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from pyramid.engine import once
from pyramid.engine.nodes import driver_node, on, on_all
from pyramid.engine.session import ray

#: Bytes of a piece on its way.
PIECE = 2**26

#: Pieces that wait for machines that began a little later.
_KEPT = 4


class _Pieces:
    """Reads pieces of a file on the machine that has it; each lies once in the object store, for all who ask."""

    def __init__(self, path: str, size: int):
        self._path, self._size = path, size
        self._kept: OrderedDict[int, Any] = OrderedDict()

    def piece(self, start: int) -> list[Any]:
        """A list of a reference to so many bytes (fewer at the end), uint8, from ``start`` on."""
        if start not in self._kept:
            self._kept[start] = ray.put(np.fromfile(self._path, np.uint8, self._size, offset=start))
        self._kept.move_to_end(start)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return [self._kept[start]]


@dataclass(frozen=True)
class NodeFile:
    """Where to find the same bytes on each machine.

    Attributes:
        path: on the machine ``home`` (Ray's id of the node).
        size: bytes.
        key: name of the copies, of this search alone.
        piece: bytes on their way at once.
        pieces: the actor that reads the file.
    """

    path: str
    size: int
    home: str
    key: str
    piece: int
    pieces: Any

    def here(self) -> str:
        """The path on this machine; a copy is made when it has none yet.

        Raises:
            OSError: there is no room for a copy.
        """
        if driver_node() == self.home:
            return self.path
        return str(once.written_once(once.folder(), self.key, self._copy))

    def _copy(self, file: IO[bytes]) -> None:
        for start in range(0, self.size, self.piece):
            [reference] = ray.get(self.pieces.piece.remote(start))
            file.write(memoryview(ray.get(reference)))

    def forget(self) -> None:
        """Remove the copies of all machines; those of a lost one go at the next search there."""
        ray.kill(self.pieces)
        on_all(ray.remote(_remove), self.key)


def node_file(path: Path, home: str, piece: int = PIECE) -> NodeFile:
    """``path``, which lies on the machine ``home``, for all machines of the session."""
    pieces = ray.remote(_Pieces).options(**on(home)).remote(str(path), piece)
    key = f"{path.name}-{secrets.token_hex(8)}"
    return NodeFile(str(path), path.stat().st_size, home, key, piece, pieces)


def _remove(key: str) -> None:
    with contextlib.suppress(OSError):
        once.remove(once.folder(), key)
