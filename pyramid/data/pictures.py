"""All pictures of a data set, decoded once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

#: Pictures that one thread decodes before it says so.
_BATCH = 64


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


def blank(rows: int, shape: Sequence[int], rescale_type: str, max_data_size: int, folder: Path) -> Pictures:
    """``rows`` pictures of ``shape`` ([width, height, 3]) that are yet to be decoded.

    Args:
        max_data_size: bytes; pictures of more than that in all go to a memory-mapped file in ``folder``.
    """
    array_shape = (rows, shape[1], shape[0], 3)
    file = folder / f"pictures_{shape[0]}x{shape[1]}_{rescale_type}.uint8"
    path = file if int(np.prod(array_shape)) > max_data_size else None
    pixels = np.memmap(path, np.uint8, "w+", shape=array_shape) if path else np.zeros(array_shape, np.uint8)
    return Pictures(pixels, path, {}, np.zeros((rows, 2), np.int32))


def read_pictures(
    files: Sequence[str], shape: Sequence[int], rescale_type: str
) -> tuple[Pixels, npt.NDArray[np.int32], list[str]]:
    """Decode ``files``, which may be remote, to ``shape`` ([width, height, 3]).

    Returns:
        Pixels uint8 [files, height, width, 3], the original sizes int32 [files, 2], and why a file is bad, or "".
    """
    from pyramid.data.copies import local_copies
    from pyramid.data.files import read_header
    from pyramid.data.image import BadImageError, read_image

    width, height = shape[:2]
    pixels = np.zeros((len(files), height, width, 3), np.uint8)
    sizes = np.zeros((len(files), 2), np.int32)
    reasons = [""] * len(files)
    with local_copies(files) as copies:
        for i, (file, reason) in enumerate(copies):
            try:
                if reason:
                    raise BadImageError(reason)
                pixels[i] = read_image(file, width, height, rescale_type)
                header = read_header(file)
                sizes[i] = header.width, header.height
            except BadImageError as error:
                reasons[i] = str(error)
    return pixels, sizes, reasons


def decode_here(
    files: Sequence[str],
    shape: Sequence[int],
    rescale_type: str,
    max_data_size: int,
    folder: Path,
    tell: Callable[[int], None] = lambda done: None,
) -> Pictures:
    """Decode ``files`` on the cores of this process; see `blank`.

    Args:
        tell: called with the number of pictures done so far; what it raises ends the reading.
    """
    made = blank(len(files), shape, rescale_type, max_data_size, folder)
    starts = range(0, len(files), _BATCH)
    with ThreadPoolExecutor() as threads:
        parts = threads.map(lambda i: read_pictures(files[i : i + _BATCH], shape, rescale_type), starts)
        try:
            for start, (pixels, sizes, reasons) in zip(starts, parts, strict=True):
                made.pixels[start : start + len(pixels)] = pixels
                made.sizes[start : start + len(pixels)] = sizes
                made.bad.update({start + i: reason for i, reason in enumerate(reasons) if reason})
                tell(start + len(pixels))
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return made
