"""Weights as h5 files of Keras 2, in its topological layout: layers count by their order, not by their names.

No TensorFlow. The layout is that of ``Model.save_weights``: the root's attribute ``layer_names`` lists groups, a
group's attribute ``weight_names`` its arrays; a long attribute is split into ``layer_names0``, ``layer_names1``, …
In a whole saved model the same is inside the group ``model_weights``.
"""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from pyramid.errors import ConfigError
from pyramid.networks.weights.published import ARRAYS, Published, Weights, published_layers
from pyramid.settings.networks import PUBLISHED

#: What Keras takes the file for: it turns the kernels of version 1, and of other backends, around.
KERAS_VERSION = "2.0.0"
BACKEND = "tensorflow"

#: What h5py raises when the bytes make no sense.
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError)

_PAGES = {b"<!doctype html": "an HTML page", b"<html": "an HTML page", b"<?xml": "an XML page"}

_Shapes = tuple[tuple[int, ...], ...]


class _Fault(Exception):  # noqa: N818 - it never leaves this module
    """What is wrong with a file, without its name."""


@dataclass(frozen=True)
class _Layer:
    """A layer with weights as it is in an open file."""

    label: str
    arrays: dict[str, Any]

    @property
    def shapes(self) -> _Shapes:
        return tuple(array.shape or () for array in self.arrays.values())


def read(network: str, path: Path) -> Weights:
    """The weights of ``network`` in the file ``path``: those of the head only when it is like the published one.

    Raises:
        ConfigError: see `fault`.
    """
    try:
        with _opened(path) as file:
            return [_values(layer) for layer in _fitting(network, file)]
    except _Fault as error:
        raise ConfigError([f"{path}: {error}; {way_out(network)}"]) from error


def fault(network: str, path: Path) -> str | None:
    """What is wrong with the file ``path``, without its name and a way out; None when `read` will do.

    It cannot be read, is no HDF5 file, is cut short or damaged, is of another network, or has arrays that are not
    floats, values that are NaN or infinite, or variances below 0. One layer is in memory at a time.
    """
    try:
        with _opened(path) as file:
            for layer in _fitting(network, file):
                _values(layer)
    except _Fault as error:
        return str(error)
    return None


def way_out(network: str) -> str:
    """What a person can do about a file of ``network`` that cannot be used."""
    return (
        f"run `pyramid_weights fetch {network}`, or `pyramid_weights import {network} FILE` with a file that you have"
    )


def write(network: str, weights: Weights, path: Path) -> None:
    """Write a file that the ``load_weights`` of sensenet's model of ``network`` takes.

    That model has the published head, and Keras wants all layers: a head that ``weights`` lack is written as zeros.

    Raises:
        ConfigError: weights of other shapes, NaN or infinite ones, or a file that cannot be written. Nothing is left
            then, and a file that was there stays as it was.
    """
    published = published_layers(network)
    complete = _complete(network, published, weights, path)
    memory = io.BytesIO()  # HDF5 crashes when the disk is full
    with h5py.File(memory, "w") as file:
        _fill(file, published, complete)
    part = path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(memory.getbuffer())
        os.replace(part, path)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error.strerror}"]) from error
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file, open for reading; what h5py cannot make sense of, then or later, is a `_Fault`."""
    size = _check_start(path)
    try:
        # No locks: some network drives have none, and a file is never changed, only replaced.
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except _DAMAGE as error:
        whole = re.search(r"stored_eof = (\d+)", str(error))
        if whole and int(whole[1]) > size:
            raise _Fault(f"is cut short: it ends after {size:,} of {int(whole[1]):,} bytes") from error
        raise _Fault(f"is damaged, or cut short after {size:,} bytes ({' '.join(str(error).split())})") from error


def _check_start(path: Path) -> int:
    """The size in bytes of the file ``path``, which begins as HDF5 does."""
    try:
        with open(path, "rb") as file:
            start, size = file.read(512), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise _Fault(f"cannot be read: {error.strerror}") from error
    if not size:
        raise _Fault("is empty")
    if not h5py.is_hdf5(path):
        text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        page = next((kind for mark, kind in _PAGES.items() if text.startswith(mark)), None)
        raise _Fault("is no HDF5 file" + (f", it looks like {page}" if page else ""))
    return size


def _layers(file: Any) -> list[_Layer]:
    """The layers with weights, in the file's order."""
    root = file if _names(file, "layer_names") else file.get("model_weights", file)
    groups = {name: root[name] for name in _names(root, "layer_names")}
    if not groups:
        raise _Fault("is HDF5, but has no `layer_names`: no file of weights as Keras 2 writes them")
    every = {name: {key: group[key] for key in _names(group, "weight_names")} for name, group in groups.items()}
    stored = {name: arrays for name, arrays in every.items() if arrays}
    if not all(isinstance(array, h5py.Dataset) for arrays in stored.values() for array in arrays.values()):
        raise _Fault("has groups where `weight_names` names arrays")
    return [_Layer(f"layer {i} of {len(stored)} ({name})", stored[name]) for i, name in enumerate(stored, 1)]


def _names(group: Any, attribute: str) -> list[str]:
    """A list of names among the attributes of ``group``, [] when it has none; see the module's docstring."""
    if attribute in group.attrs:
        found = list(group.attrs[attribute])
    else:
        count = next(i for i in range(len(group.attrs) + 1) if f"{attribute}{i}" not in group.attrs)
        found = [name for i in range(count) for name in group.attrs[f"{attribute}{i}"]]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in found]


def _fitting(network: str, file: Any) -> list[_Layer]:
    """The layers of the file as `Weights` has them, with the head only if it is the published one."""
    layers = _layers(file)
    misfit = _misfit(network, layers)
    if misfit:
        other = next((name for name in PUBLISHED if name != network and not _misfit(name, layers)), None)
        raise _Fault(f"holds weights of {other}, not of {network}" if other else misfit)
    published = [layer.shapes for layer in published_layers(network)]
    if [layer.shapes for layer in layers] != published:
        layers = layers[: len(_body(network))]
    for layer in layers:
        _check_types(layer)
    return layers


def _body(network: str) -> list[Published]:
    return [layer for layer in published_layers(network) if layer.place is not None]


def _misfit(network: str, layers: list[_Layer]) -> str | None:
    """In what ``layers`` differ from the image layers of ``network``; the head may be any, if there is one at all."""
    body = _body(network)
    for layer, wanted in zip(layers, body, strict=False):
        if layer.shapes != wanted.shapes:
            want = f"must be a {wanted.type} with {_shown(wanted.shapes)}"
            return f"{layer.label}: {want} to be of {network}, but has {_shown(layer.shapes)}"
    if len(layers) < len(body) or (len(layers) > len(body) and not published_layers(network)[len(body) :]):
        last = f", the last is {layers[-1].label}" if layers else ""
        return f"{network} has {len(body)} layers with weights, but here are {len(layers)}{last}"
    return None


def _shown(shapes: _Shapes) -> str:
    texts = ["×".join(str(side) for side in shape) or "a single number" for shape in shapes]
    return ("an array " if len(texts) == 1 else "arrays ") + ", ".join(texts)


def _check_types(layer: _Layer) -> None:
    for name, array in layer.arrays.items():
        if array.dtype.kind != "f":
            raise _Fault(f"{layer.label}: {name} must hold floats, but is of type {array.dtype}")


def _values(layer: _Layer) -> list[npt.NDArray[np.float32]]:
    values = [_finite(f"{layer.label}: {name}", array[()]) for name, array in layer.arrays.items()]
    if len(values) == len(ARRAYS["batch_normalization"]) and values[-1].min() < 0:
        raise _Fault(f"{layer.label}: has variances below 0")
    return values


def _finite(label: str, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is told
        array = np.asarray(values, np.float32)
    wrong = array.size - int(np.isfinite(array).sum())
    if wrong:
        raise _Fault(f"{label}: {wrong:,} of {array.size:,} values are NaN or infinite")
    return array


def _complete(network: str, published: list[Published], weights: Weights, path: Path) -> Weights:
    """The ``weights`` that are to be in the file ``path``, each array checked, with a head."""
    body = _body(network)
    names = [dict(zip(map(str, range(1, len(arrays) + 1)), arrays, strict=True)) for arrays in weights]
    layers = [_Layer(f"layer {i} of {len(weights)}", arrays) for i, arrays in enumerate(names, 1)]
    try:
        misfit = _misfit(network, layers)
        if not misfit and len(layers) > len(body) and [x.shapes for x in layers] != [x.shapes for x in published]:
            misfit = f"the head must have {', '.join(_shown(layer.shapes) for layer in published[len(body) :])}"
        if misfit:
            raise _Fault(misfit)
        given = [_values(layer) for layer in layers]
    except _Fault as error:
        raise ConfigError([f"{path}: is not written: {error}"]) from error
    return given + [[np.zeros(shape, np.float32) for shape in layer.shapes] for layer in published[len(given) :]]


def _fill(file: Any, published: list[Published], weights: Weights) -> None:
    """Write all layers into an empty file, as Keras does."""
    names = [f"{i:03d}_{layer.type}" for i, layer in enumerate(published)]
    file.attrs["layer_names"] = np.array(names, "S")
    file.attrs["backend"] = BACKEND
    file.attrs["keras_version"] = KERAS_VERSION
    for name, layer, arrays in zip(names, published, weights, strict=True):
        keys = [f"{name}/{key}:0" for key in ARRAYS[layer.type][: len(arrays)]]
        group = file.create_group(name)
        group.attrs["weight_names"] = np.array(keys, "S")
        for key, array in zip(keys, arrays, strict=True):
            group.create_dataset(key, data=array)
