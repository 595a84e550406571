"""What every command does with its process: standard output, signals, errors."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TextIO

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


def end_cleanly() -> None:
    """Let SIGTERM end the process as Ctrl-C does, for a command that writes files of its own."""

    def on_signal(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, on_signal)


def open_standard_files() -> None:
    """Put the null device where standard input, output or error is closed, as after ``>&-``.

    Else the next file that is opened would take its number, and whatever is written there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115 - as long as it runs


def run(name: str, main: Callable[[], None]) -> NoReturn:
    """Run ``main``; an error that pyramid foresees becomes its message and its exit code."""
    open_standard_files()
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
