"""How the arguments of every command are read; nothing heavy, for the child process must be ready at once."""

import argparse

from pyramid import __version__


def command_parser(
    name: str, description: str, epilog: str, version: str = f"%(prog)s {__version__}"
) -> argparse.ArgumentParser:
    """A parser that knows --help and --version, and leaves the lines of ``epilog`` as they are."""
    parser = argparse.ArgumentParser(
        name, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=version)
    return parser


def seconds(text: str) -> float:
    """A positive number of seconds, for ever included."""
    value = _number(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"must be a positive number of seconds, but got {text[:20]!r}")
    return value


def finite_seconds(text: str) -> float:
    """A positive number of seconds that come to an end."""
    value = _number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0 and finite, but got {text[:20]!r}")
    return value


def _number(text: str) -> float:
    """NaN, which is above nothing, for what is no number."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
