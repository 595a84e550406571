"""Files of TensorBoard: appended to and closed again, so that a thousand trials hold no file open.

The format is that of TFRecord: for each record its length (8 bytes), that length's checksum, the record, its checksum.
"""

import socket
import struct
import time
from pathlib import Path
from typing import Any

from tensorboardX.crc32c import crc32c
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary

#: Begins every file: TensorBoard reads it to know the format.
_VERSION = "brain.Event:2"

#: Number to rotate and number to add: checksums of checksums would be weak.
_ROTATED, _ADDED = 15, 0xA282EAD8

_WORD = 0xFFFFFFFF


class EventFile:
    """One file in ``folder``, named so that files of later runs come after it."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"events.out.tfevents.{time.time_ns() // 1000:018d}.{socket.gethostname()}"
        self._append(Event(wall_time=time.time(), file_version=_VERSION))

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Add a point to the curve of each of ``values``."""
        told = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._append(Event(wall_time=time.time(), step=step, summary=Summary(value=told)))

    def summaries(self, *summaries: Any) -> None:
        """Add messages of the type Summary."""
        self._append(*(Event(wall_time=time.time(), summary=summary) for summary in summaries))

    def _append(self, *events: Any) -> None:
        with self._path.open("ab") as file:
            file.write(b"".join(record(event.SerializeToString()) for event in events))


def record(content: bytes) -> bytes:
    """``content`` as a file of records has it."""
    length = struct.pack("<Q", len(content))
    return length + _checksum(length) + content + _checksum(content)


def _checksum(content: bytes) -> bytes:
    crc = crc32c(content) & _WORD
    rotated = (crc >> _ROTATED | crc << (32 - _ROTATED)) & _WORD
    return struct.pack("<I", (rotated + _ADDED) & _WORD)
