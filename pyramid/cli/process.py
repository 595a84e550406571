"""What every command does with its process: standard output, signals, errors."""

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TextIO

from pyramid.api import MOST_BATCHES
from pyramid.errors import PyramidError

if TYPE_CHECKING:
    from rich.console import Console


def private_stdout() -> TextIO:
    """A copy of standard output; the original goes to standard error from now on.

    Ray and TensorFlow write to file descriptor 1 whatever they are told. Call this before they are imported.
    """
    sys.stdout.flush()
    copy = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8", errors="replace")
    os.dup2(2, 1)
    return copy


def console(out: TextIO) -> "Console":
    """A console that writes to ``out``: as wide as the terminal, or 120 columns elsewhere."""
    from rich.console import Console

    return Console(file=out, highlight=False, emoji=False, width=None if out.isatty() else 120)


class Stop:
    """Ctrl-C or SIGTERM: once sets a flag, twice ends the process at once."""

    def __init__(self, say: Callable[[str], None], message: str):
        self._asked = threading.Event()
        self._say, self._message = say, message
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def __call__(self) -> bool:
        return self._asked.is_set()

    def _on_signal(self, number: int, frame: object) -> None:
        if self._asked.is_set():
            self._end()
        self._asked.set()
        # The signal may have come while a line was being written, and a second one inside the first is an error.
        threading.Thread(target=self._say, args=(self._message,)).start()

    def _end(self) -> NoReturn:
        """Leave nothing behind: Ray's helpers would otherwise live on for half a minute."""
        import psutil

        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        os._exit(130)


def count_of_batches(text: str) -> int:
    """The type of the argument of --visualize."""
    if text not in map(str, range(1, MOST_BATCHES + 1)):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST_BATCHES}, but got {text[:20]!r}")
    return int(text)


def with_count(given: list[str]) -> list[str]:
    """argparse would take the configuration for the number of batches in `--visualize config.json`."""
    pairs = zip(given, [*given[1:], ""], strict=False)
    return ["--visualize=1" if a == "--visualize" and not b.isdecimal() else a for a, b in pairs]


def run(name: str, main: Callable[[], None]) -> NoReturn:
    """Run ``main``; an error that pyramid foresees becomes its message and its exit code."""
    try:
        main()
    except PyramidError as error:
        problems = str(error).splitlines() or [""]
        first = f"{name}: {problems[0]}" if len(problems) == 1 else f"{name}:\n  " + "\n  ".join(problems)
        print(first, file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
