"""The arguments of commands that read a configuration."""

import argparse
import json
from typing import TYPE_CHECKING

from pyramid import __version__
from pyramid.api import MOST_BATCHES

if TYPE_CHECKING:
    from pyramid.settings.train import TrainSettings


def config_parser(name: str, description: str, epilog: str, visualized: str) -> argparse.ArgumentParser:
    """Takes a configuration, and what all commands do with one.

    Args:
        visualized: what --visualize shows N of.
    """
    parser = argparse.ArgumentParser(
        name, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", nargs="?", help="a JSON file")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of a configuration and end")
    parser.add_argument("--validate", action="store_true", help="check the configuration and end")
    parser.add_argument(
        "--visualize", nargs="?", type=_count_of_batches, metavar="N", help=f"show N {visualized}, and end"
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def with_count(given: list[str]) -> list[str]:
    """argparse would take the configuration for the number of batches in `--visualize config.json`."""
    pairs = zip(given, [*given[1:], ""], strict=False)
    return ["--visualize=1" if a == "--visualize" and not b.isdecimal() else a for a, b in pairs]


def print_schema(settings: "type[TrainSettings]") -> None:
    """The JSON Schema of a configuration."""
    print(json.dumps(settings.model_json_schema(), indent=2))


def _count_of_batches(text: str) -> int:
    if text not in map(str, range(1, MOST_BATCHES + 1)):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST_BATCHES}, but got {text[:20]!r}")
    return int(text)
