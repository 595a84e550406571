"""Ray Data reads and decodes all pictures once, in parallel, before the trials start."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.errors import Interrupted

_BATCH = 64

Pixels = npt.NDArray[np.uint8]


@dataclass
class Pictures:
    """The decoded pictures, uint8 [rows, height, width, 3]; the row of a bad picture is zero.

    Attributes:
        pixels: an array in memory, or one that is mapped from ``path``.
        path: the file, when the pictures are more than may be kept in memory.
        bad: row -> why it could not be read.
        sizes: int32 [rows, 2]: width and height of the original pictures in pixels, 0 for a bad one.
    """

    pixels: Pixels
    path: Path | None
    bad: dict[int, str]
    sizes: npt.NDArray[np.int32]


def decode(
    files: list[str],
    shape: list[int],
    rescale_type: str,
    max_data_size: int,
    folder: Path,
    tell: Callable[[int], None] = lambda done: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Pictures:
    """Decode ``files`` to ``shape`` ([width, height, 3]) on the cluster's cores.

    Args:
        max_data_size: bytes; pictures of more than that in all go to a memory-mapped file in ``folder``.
        tell: called with the number of pictures done so far.
        stopped: when it turns true, `Interrupted` is raised.
    """
    array_shape = (len(files), shape[1], shape[0], 3)
    file = folder / f"pictures_{shape[0]}x{shape[1]}_{rescale_type}.uint8"
    path = file if int(np.prod(array_shape)) > max_data_size else None
    pixels = np.memmap(path, np.uint8, "w+", shape=array_shape) if path else np.zeros(array_shape, np.uint8)
    sizes = np.zeros((len(files), 2), np.int32)
    bad: dict[int, str] = {}
    done = 0
    for block in _decoded_blocks(files, shape, rescale_type, str(path) if path else None):
        rows = block["row"]
        if path is None and len(rows):
            pixels[rows] = block["pixels"]
        if len(rows):
            sizes[rows] = block["size"]
        bad.update({int(row): str(reason) for row, reason in zip(rows, block["reason"], strict=True) if reason})
        done += len(rows)
        tell(done)
        if stopped():
            raise Interrupted("stopped while reading the pictures: nothing was trained, nothing was written")
    return Pictures(pixels, path, bad, sizes)


def _decoded_blocks(files: list[str], shape: list[int], rescale_type: str, path: str | None) -> Any:
    import ray.data

    for name in ("ray.data", "ray._private.ray_logging"):
        logging.getLogger(name).setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    cores = int(ray.cluster_resources().get("CPU", 1))
    rows = [{"row": i, "file": os.path.abspath(file)} for i, file in enumerate(files)]
    blocks = max(cores, len(files) // 500)
    work = partial(_decode_batch, shape=shape, rescale_type=rescale_type, path=path, rows=len(files))
    dataset = ray.data.from_items(rows, override_num_blocks=min(blocks, len(files)))
    return dataset.map_batches(work, batch_size=_BATCH).iter_batches(batch_size=None)


def _decode_batch(
    batch: dict[str, Any], shape: list[int], rescale_type: str, path: str | None, rows: int
) -> dict[str, Any]:
    """Runs on a worker: the pixels of a batch of files, or with ``path`` writes them into that file."""
    from pyramid.data.files import read_header
    from pyramid.data.image import BadImageError, read_image
    from pyramid.tf import limit_devices

    limit_devices(1)
    width, height, _ = shape
    pixels = np.zeros((len(batch["row"]), height, width, 3), np.uint8)
    sizes = np.zeros((len(batch["row"]), 2), np.int32)
    reasons = []
    for i, file in enumerate(batch["file"]):
        try:
            pixels[i] = read_image(str(file), width, height, rescale_type)
            header = read_header(str(file))
            sizes[i] = header.width, header.height
            reasons.append("")
        except BadImageError as error:
            reasons.append(str(error))
    result = {"row": batch["row"], "size": sizes, "reason": np.array(reasons, object)}
    if path is None:
        return result | {"pixels": pixels}
    mapped = np.memmap(path, np.uint8, "r+", shape=(rows, height, width, 3))
    mapped[batch["row"]] = pixels
    mapped.flush()
    return result
