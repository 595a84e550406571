"""Ray Data reads and decodes all pictures once, in parallel, before the trials start."""

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.data.pictures import Pictures, blank, decode_here, read_pictures
from pyramid.data.remote import is_uri
from pyramid.engine.nodes import Sight, cores
from pyramid.errors import ConfigError, Interrupted

_BATCH = 64


def decode(
    files: list[str],
    shape: list[int],
    rescale_type: str,
    max_data_size: int,
    folder: Path,
    tell: Callable[[int], None] = lambda done: None,
    stopped: Callable[[], bool] = lambda: False,
    sight: Sight | None = None,
) -> Pictures:
    """Decode ``files`` to ``shape`` ([width, height, 3]) on the cores of all machines that read them.

    When none of these has cores for it, as the head of a cluster may have none, this process decodes.

    Args:
        max_data_size: bytes; pictures of more than that in all go to a memory-mapped file in ``folder``.
        tell: called with the number of pictures done so far.
        stopped: when it turns true, `Interrupted` is raised.
        sight: of the session's machines; by default there is one.

    Raises:
        ConfigError: only machines that lend no cores read the pictures.
    """

    def report(done: int) -> None:
        tell(done)
        if stopped():
            raise Interrupted("stopped while reading the pictures: nothing was trained, nothing was written")

    if sight and not cores(sight.pictures):
        if not sight.here:
            raise ConfigError([f"image_root: only machines without cores for tasks read {files[0]}; share the folder"])
        return decode_here(files, shape, rescale_type, max_data_size, folder, report)
    pictures = blank(len(files), shape, rescale_type, max_data_size, folder)
    # Two machines must not map one file to write to it: a shared folder keeps pages, not bytes.
    path = pictures.path if sight is None or sight.alone else None
    done = 0
    for block in _decoded_blocks(files, shape, rescale_type, str(path) if path else None, sight):
        rows = block["row"]
        if path is None and len(rows):
            pictures.pixels[rows] = block["pixels"]
        if len(rows):
            pictures.sizes[rows] = block["size"]
        pictures.bad.update(
            {int(row): str(reason) for row, reason in zip(rows, block["reason"], strict=True) if reason}
        )
        done += len(rows)
        report(done)
    return pictures


def _decoded_blocks(
    files: list[str], shape: list[int], rescale_type: str, path: str | None, sight: Sight | None
) -> Any:
    import ray.data

    for name in ("ray.data", "ray._private.ray_logging"):
        logging.getLogger(name).setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    workers = cores(sight.pictures) if sight else int(ray.cluster_resources().get("CPU", 1))
    rows = [{"row": i, "file": file if is_uri(file) else os.path.abspath(file)} for i, file in enumerate(files)]
    blocks = max(workers, len(files) // 500)
    work = partial(_decode_batch, shape=shape, rescale_type=rescale_type, path=path, rows=len(files))
    dataset = ray.data.from_items(rows, override_num_blocks=min(blocks, len(files)))
    return dataset.map_batches(work, batch_size=_BATCH, label_selector=_where(sight)).iter_batches(batch_size=None)


def _where(sight: Sight | None) -> dict[str, str] | None:
    """The label that a machine must have to read pictures; None when all read them."""
    if sight is None or sight.pictures == sight.nodes:
        return None
    return {"ray.io/node-id": f"in({','.join(sorted(sight.pictures))})"}


def _decode_batch(
    batch: dict[str, Any], shape: list[int], rescale_type: str, path: str | None, rows: int
) -> dict[str, Any]:
    """Runs on a worker: the pixels of a batch of files, or with ``path`` writes them into that file."""
    from pyramid.tf import limit_devices

    limit_devices(1)
    width, height, _ = shape
    pixels, sizes, reasons = read_pictures([str(file) for file in batch["file"]], shape, rescale_type)
    result = {"row": batch["row"], "size": sizes, "reason": np.array(reasons, object)}
    if path is None:
        return result | {"pixels": pixels}
    mapped = np.memmap(path, np.uint8, "r+", shape=(rows, height, width, 3))
    mapped[batch["row"]] = pixels
    mapped.flush()
    return result
