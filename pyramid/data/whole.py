"""A file that is there as a whole, or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

#: The end of the name of a file that is being written.
PART = ".part"


def write_whole(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Let ``write`` fill a file that takes the name ``path`` when it is done; after an error nothing is left."""
    part = path.with_name(path.name + PART)
    try:
        with part.open("wb") as file:
            write(file)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
