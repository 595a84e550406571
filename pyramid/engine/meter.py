"""The seconds of a job's budget that have gone, written down while they go."""

import threading
import time
from contextlib import suppress
from pathlib import Path

from pyramid.finalize.journal import SPENT, Journal

#: Seconds between two entries: a killed job has spent up to so many that nobody knows of.
EVERY = 2.0


class Meter:
    """Writes to the journal of a job how much of its time is spent, whatever the job does, as long as the block lasts.

    There is an entry at its beginning and one at its end in any case.
    """

    def __init__(self, work: Path, began: float, before: float, every: float = EVERY):
        """
        Args:
            work: the folder with the journal.
            began: when the job began in this process, by `time.monotonic`.
            before: seconds that it had spent by then.
        """
        self._journal, self._began, self._before, self._every = Journal(work), began, before, every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)

    @property
    def spent(self) -> float:
        """Seconds of the budget."""
        return self._before + time.monotonic() - self._began

    def __enter__(self) -> "Meter":
        self._write()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """The last entry is written now."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            self._write()
        self._write()

    def _write(self) -> None:
        with suppress(OSError):  # the disk is full: whoever writes what is needed will tell
            self._journal.write(SPENT, self.spent)
