"""PyTorch's files, written without PyTorch: opcode by opcode, so that a pickle can hold what is not installed."""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

#: numpy's type -> PyTorch's class of storages
KINDS = {
    "float32": "FloatStorage",
    "float64": "DoubleStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}


@dataclass
class Global:
    """A class or a function, by its name."""

    module: str
    name: str


@dataclass
class Call:
    """What a function returns."""

    function: Any
    arguments: tuple


@dataclass
class Changed:
    """Something in which attributes are set after it is made."""

    made: Any
    state: Any


@dataclass
class Reference:
    """Something outside the pickle."""

    to: Any


def dump(value):
    """A whole pickle of the protocol 2."""
    return b"\x80\x02" + _code(value) + b"."


def _code(value):
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            return pickle.dumps(value, 2)[2:-1]
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(_code, value)) + b"t"
        case list():
            return b"](" + b"".join(map(_code, value)) + b"e"
        case OrderedDict():
            return _code(Call(Global("collections", "OrderedDict"), ())) + _items(value)
        case dict():
            return b"}" + _items(value)
        case Global():
            return f"c{value.module}\n{value.name}\n".encode()
        case Call():
            return _code(value.function) + _code(value.arguments) + b"R"
        case Changed():
            return _code(value.made) + _code(value.state) + b"b"
        case Reference():
            return _code(value.to) + b"Q"
    raise TypeError(value)


def _items(value):
    return b"(" + b"".join(_code(key) + _code(item) for key, item in value.items()) + b"u"


def storage(key, kind, count, *view):
    return Reference(("storage", Global("torch", kind), key, "cpu", count, *view))


def tensor(storage, shape, offset=0, strides=None):
    """A tensor of a storage; without ``strides`` its elements are one after the other."""
    if strides is None:
        strides = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    rebuild = Global("torch._utils", "_rebuild_tensor_v2")
    return Call(rebuild, (storage, offset, tuple(shape), tuple(strides), False, OrderedDict()))


def pack(state, old=False):
    """Tensors for the arrays of ``state``, each with a storage of its own, and the storages' bytes."""
    tensors, raw = OrderedDict(), {}
    for number, (name, value) in enumerate(state.items()):
        array = np.asarray(value)
        view = (None,) if old else ()
        raw[str(number)] = array.tobytes()
        tensors[name] = tensor(storage(str(number), KINDS[array.dtype.name], array.size, *view), array.shape)
    return tensors, raw


def archive(pickled, raw, top="weights", byteorder=None, compression=zipfile.ZIP_STORED):
    """The bytes of a file of the present format."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as members:
        members.writestr(f"{top}/data.pkl", dump(pickled))
        if byteorder:
            members.writestr(f"{top}/byteorder", byteorder)
        for key, content in raw.items():
            members.writestr(f"{top}/data/{key}", content)
        members.writestr(f"{top}/version", "3\n")
    return file.getvalue()


def sequence(pickled, raw, size=4):
    """The bytes of a file of the format before 1.6; ``size``: bytes of an element, one for all or by the key."""
    sizes = size if isinstance(size, dict) else dict.fromkeys(raw, size)
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [dump(0x1950A86A20F9469CFC6C), dump(1001), dump(system), dump(pickled), dump(list(raw))]
    parts += [struct.pack("<q", len(content) // sizes[key]) + content for key, content in raw.items()]
    return b"".join(parts)


def write_new(path, state):
    path.write_bytes(archive(*pack(state)))
    return path


def write_old(path, state):
    sizes = {str(number): np.asarray(value).itemsize for number, value in enumerate(state.values())}
    path.write_bytes(sequence(*pack(state, old=True), sizes))
    return path
