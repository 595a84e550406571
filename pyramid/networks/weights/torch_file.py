"""A state dict of PyTorch, read from its file without PyTorch and without running anything from it."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.errors import ConfigError
from pyramid.networks.weights.torch_formats import Contents, read_contents
from pyramid.networks.weights.torch_pickle import ELEMENTS, Storage, Tensor, Unreadable

Array = npt.NDArray[Any]

#: Where training scripts put the state dict among other things.
_INNER = ("state_dict", "model_state_dict", "model")

#: What wraps a model for training on several devices puts this before all names.
_WRAPPED = "module."


def read_state(path: Path) -> dict[str, Array]:
    """Read a state dict, or the one inside a checkpoint.

    No code from the file is run, and about the file's size of memory is taken.

    Args:
        path: a file that `torch.save` wrote, of either format.

    Returns:
        Name, without "module.", -> its tensor, read-only; bfloat16 as float32. Tensors may share memory.

    Raises:
        ConfigError: it cannot be read, or holds something else.
    """
    try:
        contents = read_contents(path)
        state = _state(contents.pickled)
        flat: dict[str, Array] = {}
        return {name: _array(name, tensor, contents, flat) for name, tensor in state.items()}
    except Unreadable as error:
        raise ConfigError([f"{path}: is no PyTorch file that can be read: {error}"]) from error
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror or error}"]) from error


def _state(pickled: Any) -> dict[str, Tensor]:
    """The state dict in what was pickled, with plain names."""
    inner = [key for key in _INNER if isinstance(pickled, dict) and isinstance(pickled.get(key), dict)]
    state = pickled[inner[0]] if inner else pickled
    if not isinstance(state, dict) or not state:
        raise Unreadable(f"it holds no state dict, but {_kind(state)}")
    for name, tensor in state.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise Unreadable(f"it holds no state dict of tensors only: {_shown(name)} is {_kind(tensor)}")
    if all(name.startswith(_WRAPPED) for name in state):
        return {name.removeprefix(_WRAPPED): tensor for name, tensor in state.items()}
    return dict(state)


def _shown(name: object) -> str:
    return ascii(name)[:80] if isinstance(name, str | int) else f"a key of type {type(name).__name__}"


def _kind(found: object) -> str:
    if isinstance(found, dict):
        return "a dict" if found else "an empty dict"
    return f"of the type {type(found).__name__}"


def _array(name: str, tensor: Tensor, contents: Contents, flat: dict[str, Array]) -> Array:
    """The tensor as a view of its storage, which is added to ``flat`` when it is not there yet."""
    storage, elements = tensor.storage, math.prod(tensor.shape)
    if storage.key not in flat:
        flat[storage.key] = _flat(contents.storages[storage.key], contents)
    axes = list(zip(tensor.shape, tensor.strides, strict=True))
    reach = 1 + tensor.offset + sum((n - 1) * step for n, step in axes)
    whole = flat[storage.key][storage.start : storage.start + storage.count]
    if elements and max(reach, elements) > whole.size:
        raise Unreadable(f"the tensor {_shown(name)} reaches outside its storage of {whole.size:,} elements")
    part = whole[tensor.offset :]
    strides = [step * part.itemsize if n > 1 and elements else 0 for n, step in axes]
    try:
        return np.lib.stride_tricks.as_strided(part, tensor.shape, strides, writeable=False)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"the tensor {_shown(name)} has a shape that no array can have") from error


def _flat(storage: Storage, contents: Contents) -> Array:
    """All elements of a whole storage."""
    raw = contents.raw.get(storage.key)
    if raw is None or len(raw) != storage.bytes:
        found = "is not in the file" if raw is None else f"has {len(raw):,} bytes, not {storage.bytes:,}"
        raise Unreadable(f"its storage {storage.key!a} {found}")
    array = np.frombuffer(raw, np.dtype(ELEMENTS[storage.kind]).newbyteorder(contents.order))
    if storage.kind == "BFloat16Storage":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
