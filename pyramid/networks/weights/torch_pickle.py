"""The pickles in PyTorch's files, read without PyTorch: nothing is imported, and only what is in a table is called.

A pickle is a program. One with a state dict calls very little: a tensor is made from a storage (a flat array that is
kept outside the pickle and referred to by its key), an offset, a shape and strides.
"""

import pickle
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

#: Name of a storage's class in the module torch -> numpy's type of its elements, little-endian. numpy has no bfloat16:
#: the upper half of a float32 is read as its bits.
ELEMENTS = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "|b1",
}

#: Hashing a tuple of tuples of tuples … recurses in C: 200,000 levels end the process. State dicts have five
#: for each tensor.
_MOST_TUPLES = 30_000

_STATE_DICT = "save its state_dict() alone: torch.save(model.state_dict(), path)"


class Unreadable(Exception):  # noqa: N818 - the reader of files turns it into the error that a person reads
    """Why a file cannot be read; without its name."""


class _Fixed:
    """What a pickle cannot change once it is made: an unpickler sets any attribute that it is told to."""

    def __setstate__(self, state: object) -> None:
        """Nothing that is set in a dict, a storage or a tensor afterwards is needed."""


class _Names(_Fixed, dict[Any, Any]):
    """An ordered dict; what PyTorch sets in it is the versions of its layers."""


@dataclass(frozen=True)
class Storage(_Fixed):
    """A flat array, or a part of one.

    Attributes:
        key: the whole array's name in the file.
        kind: of elements, a key of `ELEMENTS`.
        start: the part's first element.
        count: how many elements the part has, by the pickle.
    """

    key: str
    kind: str
    start: int
    count: int

    @property
    def bytes(self) -> int:
        """How many bytes its elements take."""
        return self.count * np.dtype(ELEMENTS[self.kind]).itemsize


@dataclass(frozen=True)
class Tensor(_Fixed):
    """A tensor whose elements are yet to be read; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def load(stream: IO[bytes], limit: int, storages: dict[str, Storage] | None = None) -> Any:
    """Read one pickle from where ``stream`` is; it is left after it.

    Args:
        stream: seekable.
        limit: bytes of the file, which bounds every index and length that makes sense.
        storages: each whole storage that the pickle refers to is added, by its key.

    Returns:
        What was pickled, with each tensor as a `Tensor`.

    Raises:
        Unreadable: the pickle is damaged, or asks for what no state dict needs.
    """
    start = stream.tell()
    try:
        _check(stream, limit)
        stream.seek(start)
        return _Unpickler(stream, {} if storages is None else storages).load()
    except Unreadable:
        raise
    except Exception as error:  # a damaged pickle may raise anything
        raise Unreadable(f"its pickle is damaged or cut off: {str(error) or type(error).__name__}") from error


def _check(stream: IO[bytes], limit: int) -> None:
    """Refuse a pickle that is cut off, or that would take all memory or overflow the stack."""
    tuples = 0
    for opcode, argument, _ in pickletools.genops(stream):
        # The C unpickler's table of remembered objects is as long as the largest index: 10 bytes make gigabytes.
        if opcode.name.endswith("PUT") and int(argument or 0) > limit:
            raise Unreadable(f"its pickle is damaged: it refers to an object number {argument:,}")
        tuples += opcode.name.startswith("TUPLE")
    if tuples > _MOST_TUPLES:
        raise Unreadable(f"its pickle has {tuples:,} tuples, where a state dict has five for each tensor")


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: IO[bytes], storages: dict[str, Storage]):
        super().__init__(stream, encoding="utf-8")
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in ELEMENTS:
            return name
        if (module, name) in _CALLABLE:
            return _CALLABLE[module, name]
        if module.startswith(("torch.nn.", "torchvision.")):
            raise Unreadable(f"it holds a whole model, with {module}.{name}, not a state dict; {_STATE_DICT}")
        raise Unreadable(f"it asks for {module}.{name}, which no state dict needs, and is refused; {_STATE_DICT}")

    def persistent_load(self, reference: Any) -> Storage:
        match reference:
            case ("storage", str(kind), str(key), _, int(count), *part) if kind in ELEMENTS and count >= 0:
                whole = Storage(key, kind, 0, count)
                if self._storages.setdefault(key, whole) != whole:
                    raise Unreadable(f"its pickle refers to the storage {key!a} in two ways that contradict each other")
                return _part(whole, part)
        raise Unreadable("its pickle refers to something that is no storage")


def _part(whole: Storage, part: list[Any]) -> Storage:
    """What old files call a view: a storage that is a part of another."""
    match part:
        case [] | [None]:
            return whole
        case [(_, int(start), int(count))] if 0 <= start <= start + count <= whole.count:
            return Storage(whole.key, whole.kind, start, count)
    raise Unreadable(f"its pickle refers to a part of the storage {whole.key!a} that is none")


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, Storage) or len(shape) != len(strides):
        raise Unreadable("its pickle makes a tensor of something that is no storage")
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise Unreadable("its pickle makes a tensor with sizes or strides that are no counts")
    return Tensor(storage, offset, tuple(shape), tuple(strides))


def _parameter(data: Any, *_: Any) -> Any:
    return data


_CALLABLE: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _Names,
    ("torch", "Size"): tuple,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch.nn.parameter", "Parameter"): _parameter,
}
