"""pyramid: the child process of a backend; jobs come on standard input, answers go to standard output."""

import argparse
import os
from collections.abc import Sequence
from typing import NoReturn

from pyramid.cli.process import private_stdout
from pyramid.worker.front import CHILD, serve
from pyramid.worker.protocol import version_line

_EPILOG = """\
Each line on standard input is the path of a JSON file that describes a job. The line "terminate", the end of the
input, or TIMEOUT seconds without a line while no job runs end the process; jobs that came before are answered first.
"""


def main(command: Sequence[str] = CHILD) -> NoReturn:
    """The console script; ``command`` starts the process that runs the jobs."""
    arguments = _parser().parse_args()
    out = private_stdout()
    # Not sys.exit: the thread that reads standard input cannot be ended.
    os._exit(serve(arguments.timeout, out.fileno(), command))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "pyramid",
        description="Run the jobs of a backend, one after another.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=version_line())
    parser.add_argument("timeout", metavar="TIMEOUT", type=_seconds, help="seconds to wait for a line while idle")
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:  # NaN is no number of seconds either
        raise argparse.ArgumentTypeError(f"must be a positive number of seconds, but got {text!r}")
    return seconds


if __name__ == "__main__":
    main()
