"""pyramid: the child process of a backend; jobs come on standard input, answers go to standard output."""

import argparse
import os
from collections.abc import Sequence
from typing import NoReturn

from pyramid.cli.parsing import command_parser, seconds
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
    parser = command_parser("pyramid", "Run the jobs of a backend, one after another.", _EPILOG, version_line())
    parser.add_argument("timeout", metavar="TIMEOUT", type=seconds, help="seconds to wait for a line while idle")
    return parser


if __name__ == "__main__":
    main()
