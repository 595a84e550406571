"""pyramid_doctor: what this machine or cluster offers, and what is wrong with it."""

import argparse
import json
import sys

from pyramid.cli.parsing import command_parser, finite_seconds
from pyramid.cli.process import console, end_cleanly, private_stdout, run

_EPILOG = """\
RAY_ADDRESS names the cluster to look at; without it, it is told what a session on this machine would have. The exit
code is 0 when training will work, 1 when something stops it.
"""


def main() -> None:
    """The console script."""
    run("pyramid_doctor", _main)


def _main() -> None:
    end_cleanly()  # and with it what is tried in other processes
    arguments = _parser().parse_args()
    out = private_stdout()
    from pyramid.engine.doctor.examine import examine
    from pyramid.report.doctor import print_facts, to_json

    facts = examine(arguments.patience)
    told = to_json(facts)
    if arguments.json:
        out.write(json.dumps(told, indent=1) + "\n")
        out.flush()
    else:
        print_facts(console(out), facts)
    if not told["ok"]:
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    from pyramid.engine.doctor.examine import PATIENCE

    parser = command_parser(
        "pyramid_doctor",
        "Tell what this machine or cluster offers, with a line of advice for each thing that is wrong.",
        _EPILOG,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object: ok, and all facts")
    parser.add_argument(
        "--patience",
        type=finite_seconds,
        default=PATIENCE,
        metavar="S",
        help=f"seconds that TensorFlow and Ray may take to answer ({PATIENCE:g})",
    )
    return parser


if __name__ == "__main__":
    main()
