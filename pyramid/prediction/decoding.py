"""Picture files -> the pixels that sensenet would see, batch after batch, decoded while the network computes."""

import os
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.image import BadImageError, decode
from pyramid.data.remote import is_uri
from pyramid.prediction.batches import decoding_threads
from pyramid.prediction.fitting import fitted
from pyramid.tf import tf
from pyramid.training.candidate import Look

#: Batches that are decoded before they are asked for, at least, and pictures for each thread.
_BATCHES_AHEAD, _PICTURES_AHEAD = 2, 2

#: How much threads that decode give way to others.
_NICE = 10

#: Files that are fetched at once when they are remote.
_REMOTE = 16


@dataclass
class Decoded:
    """A batch.

    Attributes:
        pixels: [n, height, width, 3], uint8 or, where pictures are padded with their mean, float32; without a look a
            list of pictures in their own sizes, uint8. Zero for a bad one.
        sizes: int32 [n, 2]: width and height of the original pictures in pixels, 0 for a bad one.
        reasons: why one is bad, or "".
    """

    files: Sequence[str]
    pixels: Any
    sizes: npt.NDArray[np.int32]
    reasons: list[str]


def decoded(files: Sequence[str], look: Look | None, batch_size: int) -> Iterator[Decoded]:
    """The pictures ``files`` in order; without a ``look`` they are not fitted."""
    threads = _REMOTE if any(map(is_uri, files)) else decoding_threads()
    ahead = max(_BATCHES_AHEAD, -(-_PICTURES_AHEAD * threads // batch_size))
    tf.constant(0)  # TensorFlow's own threads begin now: begun by one that gives way, they would give way, too
    with ThreadPoolExecutor(threads, initializer=_give_way) as pool:
        waiting: deque[tuple[Decoded, list[Future[None]]]] = deque()
        starts = iter(range(0, len(files), batch_size))
        try:
            for start in starts:
                waiting.append(_begun(pool, files[start : start + batch_size], look))
                if len(waiting) > ahead:
                    yield _done(*waiting.popleft())
            while waiting:
                yield _done(*waiting.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _give_way() -> None:
    """Let this thread decode where the network leaves cores idle, for what computes in parallel waits for the last."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _begun(pool: ThreadPoolExecutor, files: Sequence[str], look: Look | None) -> tuple[Decoded, list["Future[None]"]]:
    n = len(files)
    pixels: Any = [np.zeros((1, 1, 3), np.uint8)] * n
    if look is not None:
        kind = np.float32 if look.rescale_type == "pad" else np.uint8
        pixels = np.zeros((n, look.height, look.width, 3), kind)
    batch = Decoded(files, pixels, np.zeros((n, 2), np.int32), [""] * n)
    return batch, [pool.submit(_decode, batch, i, look) for i in range(n)]


def _done(batch: Decoded, futures: list["Future[None]"]) -> Decoded:
    for future in futures:
        future.result()
    return batch


def _decode(batch: Decoded, i: int, look: Look | None) -> None:
    try:
        batch.pixels[i], batch.sizes[i] = read_served(batch.files[i], look)
    except BadImageError as error:
        batch.reasons[i] = str(error)


def read_served(path: str, look: Look | None) -> tuple[Any, tuple[int, int]]:
    """What sensenet would see in the picture ``path`` when serving, and its width and height in pixels.

    That is what training sees, but for the grey that pads: training rounds it, to keep bytes.

    Raises:
        BadImageError: the file is missing, broken, or would be decoded otherwise when it is served.
    """
    pixels = decode(path)
    height, width = pixels.shape[:2]
    try:
        return (pixels if look is None else fitted(pixels, look)), (width, height)
    except ValueError as error:
        raise BadImageError(str(error)) from error
