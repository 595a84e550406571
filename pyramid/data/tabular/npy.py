"""`.npy` files of float32, written row by row."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyramid.data.tabular.layout import Array

#: Bytes of an array that are in memory at a time.
CHUNK_BYTES = 64 * 2**20


def write_rows(path: Path, shape: tuple[int, int], blocks: Iterable[Array]) -> None:
    """Write ``blocks``, which together have ``shape``, one below the other.

    Written, not memory-mapped: on a full disk a write is an OSError, but a mapped page is the death of the process.
    """
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block, np.dtype("<f4")).data)  # tofile does not say why it failed


def copy_rows(array: Array, rows: npt.NDArray[np.int64], path: Path) -> None:
    """Write these ``rows`` of a memory-mapped ``array``, a chunk at a time."""
    step = max(1, CHUNK_BYTES // max(1, array.shape[1] * 4))
    blocks = (array[rows[first : first + step]] for first in range(0, len(rows), step))
    write_rows(path, (len(rows), array.shape[1]), blocks)
