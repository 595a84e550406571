"""The files that PyTorch keeps a network's weights in: two formats, read without PyTorch.

Since version 1.6 `torch.save` writes a zip archive without compression: `<name>/data.pkl`, a pickle that refers to
storages; `<name>/data/<key>`, the elements of each; and perhaps `<name>/byteorder`. Before, it wrote one after the
other: pickles of a magic number, a version, and facts about the machine; the pickle that refers to storages; the
pickled list of their keys; and for each its number of elements (int64) and the elements, all little-endian.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pyramid.networks.weights.torch_pickle import Storage, Unreadable, load

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001


@dataclass(frozen=True)
class Contents:
    """A file's parts.

    Attributes:
        pickled: what was pickled, with each tensor as a `Tensor`.
        storages: what the pickle refers to, by their keys.
        raw: the bytes of each storage that the file has.
        order: of the bytes of an element, as numpy writes it: "<" for little-endian, ">" for big-endian.
    """

    pickled: Any
    storages: dict[str, Storage]
    raw: Mapping[str, bytes | memoryview]
    order: Literal["<", ">"]


def read_contents(path: Path) -> Contents:
    """Read what is in a file, of either format; nothing is made sense of yet.

    Raises:
        Unreadable: the file is no whole file of either format, or not one with a state dict.
        OSError: it cannot be opened or read.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise Unreadable("it is empty")
    if head.startswith(b"PK"):
        return _read_archive(path)
    if _MAGIC.to_bytes(10, "little") in head:
        return _read_sequence(path.read_bytes())
    if head.lstrip().startswith((b"<", b"version https://git-lfs")):
        raise Unreadable(f"it begins with {_text(head)}, so the download brought a text instead; download it again")
    raise Unreadable(f"it begins with {_text(head)}, as neither of PyTorch's formats does, or it is cut off")


def _text(head: bytes) -> str:
    return ascii(head[:16].decode("latin-1"))


#: What zipfile raises, besides its own, where bytes are missing, encrypted, or an offset makes no sense.
_DAMAGE = (zipfile.BadZipFile, EOFError, RuntimeError, ValueError)


def _read_archive(path: Path) -> Contents:
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, size)
            storages: dict[str, Storage] = {}
            pickled = load(io.BytesIO(archive.read(members["data.pkl"])), size, storages)
            raw = {key: archive.read(members[f"data/{key}"]) for key in storages if f"data/{key}" in members}
            big = "byteorder" in members and archive.read(members["byteorder"]) == b"big"
            return Contents(pickled, storages, raw, ">" if big else "<")
    except _DAMAGE as error:
        raise Unreadable(f"it is a zip archive that is damaged, or cut off after {size:,} bytes: {error}") from error


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The archive's members by their names after `<name>/`."""
    members = {member.filename: member for member in archive.infolist()}
    tops = [name.removesuffix("data.pkl") for name in members if name.rpartition("/")[2] == "data.pkl"]
    if not tops:
        some = ascii(min(members, default="nothing"))
        raise Unreadable(f"it is a zip archive of something else, with {some} and no 'data.pkl'")
    if f"{tops[0]}constants.pkl" in members:
        raise Unreadable("it is a TorchScript program; save its state_dict() alone")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
        raise Unreadable("its archive is compressed, as PyTorch's own are not; take the file that torch.save wrote")
    if sum(member.file_size for member in members.values()) > size:
        raise Unreadable(f"its members announce more than the {size:,} bytes of the archive")
    return {name.removeprefix(tops[0]): member for name, member in members.items()}


def _read_sequence(data: bytes) -> Contents:
    stream, size = io.BytesIO(data), len(data)
    if [load(stream, size), load(stream, size)] != [_MAGIC, _VERSION]:
        raise Unreadable(f"it does not begin with PyTorch's magic number and the version {_VERSION:,}")
    load(stream, size)  # facts about the machine; PyTorch makes no use of them either
    storages: dict[str, Storage] = {}
    pickled = load(stream, size, storages)
    keys = load(stream, size)
    if not isinstance(keys, list) or not all(isinstance(key, str) and key in storages for key in keys):
        raise Unreadable("its list of storages has some that its pickle does not refer to")
    return Contents(pickled, storages, _pieces(memoryview(data), stream.tell(), [storages[key] for key in keys]), "<")


def _pieces(data: memoryview, place: int, storages: list[Storage]) -> dict[str, bytes | memoryview]:
    """The bytes of each of ``storages``, which follow each other from ``place`` on."""
    pieces: dict[str, bytes | memoryview] = {}
    for storage in storages:
        count = int.from_bytes(data[place : place + 8], "little", signed=True)
        end = place + 8 + storage.bytes
        if end > len(data):
            raise Unreadable(f"it ends after {len(data):,} bytes, within the storage {storage.key!a}")
        if count != storage.count:
            raise Unreadable(f"its storage {storage.key!a} has {count:,} elements, not {storage.count:,}")
        pieces[storage.key] = data[place + 8 : end]
        place = end
    return pieces
