"""New files take the place of old ones together, once all of them are whole."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pyramid.data.scratch import scratch, sweep

#: Hidden, so that nobody takes a file in it for a whole one.
_STAGE = ".caching"


@contextmanager
def staged(folder: Path, patterns: Sequence[str], last: str) -> Iterator[Path]:
    """A folder for new files, which move to ``folder`` at the end; after an error ``folder`` is as it was.

    Args:
        folder: made when absent; what processes that were killed have left in it goes.
        patterns: of the names of files that an earlier run may have left there; they go when they are not written anew.
        last: the file that is moved when all others are there.
    """
    sweep(folder, _STAGE)
    with scratch(folder, _STAGE) as stage:
        yield stage
        new = sorted((path.name for path in stage.iterdir()), key=lambda name: (name == last, name))
        for old in (path for pattern in patterns for path in folder.glob(pattern)):
            if old.name not in new:
                old.unlink(missing_ok=True)
        for name in new:
            os.replace(stage / name, folder / name)
