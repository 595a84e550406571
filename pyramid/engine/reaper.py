"""Ends Ray's helper processes when the driver was killed and could not do it itself.

A script of its own, with the standard library only, so that it costs little. Its arguments are process ids. It
waits until its standard input ends, which is when the driver has gone.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

#: Seconds in which processes may end by themselves.
GRACE = 2.0


def main() -> None:
    sys.stdin.read()
    time.sleep(GRACE)
    for pid in map(int, sys.argv[1:]):
        with contextlib.suppress(OSError):
            if b"ray" in Path(f"/proc/{pid}/cmdline").read_bytes():  # else the number is another process's by now
                os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()
