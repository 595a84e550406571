"""New files take the place of old ones together, once all of them are whole."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_STAGE = ".caching"


@contextmanager
def staged(folder: Path, patterns: Sequence[str], last: str) -> Iterator[Path]:
    """A folder for new files, which move to ``folder`` at the end; after an error ``folder`` is as it was.

    Args:
        folder: made when absent.
        patterns: of the names of files that an earlier run may have left there; they go when they are not written anew.
        last: the file that is moved when all others are there.
    """
    stage = folder / _STAGE
    shutil.rmtree(stage, ignore_errors=True)  # of a process that was killed
    stage.mkdir(parents=True)
    try:
        yield stage
        new = sorted((path.name for path in stage.iterdir()), key=lambda name: (name == last, name))
        for old in (path for pattern in patterns for path in folder.glob(pattern)):
            if old.name not in new:
                old.unlink()
        for name in new:
            os.replace(stage / name, folder / name)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
