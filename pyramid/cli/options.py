"""The arguments of commands that read a configuration."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyramid.api import MOST_BATCHES
from pyramid.cli.parsing import command_parser

if TYPE_CHECKING:
    from pyramid.settings.train import TrainSettings


def config_parser(name: str, description: str, epilog: str, visualized: str) -> argparse.ArgumentParser:
    """Takes a configuration, and what all commands do with one.

    Args:
        visualized: what --visualize shows N of.
    """
    parser = command_parser(name, description, epilog)
    parser.add_argument("config", nargs="?", help="a JSON file")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of a configuration and end")
    parser.add_argument("--validate", action="store_true", help="check the configuration and end")
    parser.add_argument(
        "--visualize", nargs="?", type=_count_of_batches, metavar="N", help=f"show N {visualized}, and end"
    )
    return parser


def read_arguments(
    parser: argparse.ArgumentParser, settings: "Callable[[], type[TrainSettings]]"
) -> tuple[argparse.Namespace, dict[str, Any]] | None:
    """The arguments of the command and the document that they name; None when the schema was asked for and printed.

    Args:
        settings: gives the keys of the document; called when they are wanted.

    Raises:
        ConfigError: the document cannot be read.
    """
    arguments = parser.parse_args(_with_count(sys.argv[1:]))
    if arguments.schema:
        print(json.dumps(settings().model_json_schema(), indent=2))
        return None
    if arguments.config is None:
        parser.error("the following arguments are required: config")
    from pyramid.settings.load import read_document

    return arguments, read_document(arguments.config)


def _with_count(given: list[str]) -> list[str]:
    """argparse would take the configuration for the number of batches in `--visualize config.json`."""
    pairs = zip(given, [*given[1:], ""], strict=False)
    return ["--visualize=1" if a == "--visualize" and not b.isdecimal() else a for a, b in pairs]


def _count_of_batches(text: str) -> int:
    if text not in map(str, range(1, MOST_BATCHES + 1)):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST_BATCHES}, but got {text[:20]!r}")
    return int(text)


#: What commands do without going on with an earlier job.
_OTHERS = ("schema", "validate", "visualize", "visualize_each", "overwrite", "status")


def add_continuing(parser: argparse.ArgumentParser) -> None:
    """The options that go on with what another process has begun."""
    parser.add_argument("--resume", metavar="DIR", help="go on with the job that has this output directory")
    parser.add_argument("--finalize", metavar="DIR", help="write the model from what a job has left there")
    parser.add_argument(
        "--max-total-time", type=float, metavar="S", help="seconds in all, with what is spent; replaces max_total_time"
    )


def arguments_of(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What the command was given; impossible arguments end the process with a message."""
    return parser.parse_args(_with_count(sys.argv[1:]))


def continues(parser: argparse.ArgumentParser) -> bool:
    """Whether the arguments ask to go on with an earlier job, be the configuration named again or not.

    An impossible combination of arguments ends the process with a message.
    """
    arguments = parser.parse_args(_with_count(sys.argv[1:]))
    seconds = arguments.max_total_time
    if arguments.resume and arguments.finalize:
        parser.error("give one of --resume DIR and --finalize DIR, but got both")
    if seconds is not None and not 0 < seconds < float("inf"):
        parser.error(f"--max-total-time: must be above 0 and finite, but got {seconds:g}")
    if seconds is not None and arguments.finalize:
        parser.error("--max-total-time: nothing is trained by --finalize; use --resume DIR")
    goes_on = "resume" if arguments.resume else "finalize" if arguments.finalize else ""
    other = next((name for name in _OTHERS if getattr(arguments, name, None)), "")
    if goes_on and other:
        parser.error(
            f"--{other.replace('_', '-')}: is not for a job that is there, as --{goes_on} is; give one of them"
        )
    return bool(goes_on)
