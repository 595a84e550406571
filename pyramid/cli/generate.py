"""pyramid_generate: make training pictures of foregrounds and backgrounds."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyramid.cli.options import config_parser, read_arguments
from pyramid.cli.process import Stop, console, private_stdout, run

if TYPE_CHECKING:
    from rich.console import Console

    from pyramid.settings.generate import GenerateSettings

_EPILOG = """\
A configuration needs three keys, foreground_image_root, objective_type and output_directory:

  {"foreground_image_root": "objects", "objective_type": "bounding_box", "output_directory": "generated"}

where objects/ has a folder of pictures with transparent surroundings for each class. README.md lists all keys.
Then train on what was made: pyramid_train generated/config.json
"""


def main() -> None:
    """The console script."""
    run("pyramid_generate", _main)


def _main() -> None:
    read = read_arguments(_parser(), _settings)
    if read is None:
        return
    arguments, document = read
    if arguments.visualize:
        _visualize(document, arguments)
    elif arguments.validate:
        _validate(document, arguments)
    else:
        _generate(document, arguments)


def _settings() -> "type[GenerateSettings]":
    from pyramid.settings.generate import GenerateSettings

    return GenerateSettings


def _parser() -> argparse.ArgumentParser:
    description = "Paste foregrounds onto backgrounds, and write the pictures with a configuration to train on them."
    parser = config_parser("pyramid_generate", description, _EPILOG, "sheets (1) of the first pictures")
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--resume", action="store_true", help="keep the pictures that are there; make the others")
    existing.add_argument("--overwrite", action="store_true", help="replace the pictures that are there")
    parser.add_argument("--workers", type=int, metavar="N", help="processes; by default one for each core")
    return parser


def _validate(document: dict[str, Any], arguments: argparse.Namespace) -> None:
    from pyramid import api

    settings, sources, notes = api.check_generation(document, arguments.resume, arguments.overwrite)
    for note in notes:
        print(note)
    counts = {"foregrounds": sources.foregrounds, "classes": set(sources.labels), "backgrounds": sources.backgrounds}
    told = ", ".join(f"{name}: {len(found):,}" for name, found in counts.items())
    print(f"{arguments.config} is valid. {told}, pictures to make: {settings.generated_dataset_size:,}")


def _visualize(document: dict[str, Any], arguments: argparse.Namespace) -> None:
    out = console(private_stdout())
    from pyramid import api
    from pyramid.report.generation import GenerationProgress

    with GenerationProgress(out) as report:
        page = api.visualize_generation(document, arguments.visualize, arguments.workers, report, _line_printer(out))
    if page:
        out.print(f"Open {page}", soft_wrap=True, markup=False)


def _generate(document: dict[str, Any], arguments: argparse.Namespace) -> None:
    out = console(private_stdout())
    from pyramid import api
    from pyramid.report.generation import GenerationProgress, print_generated

    stop = Stop(out.print, "stopping when the pictures in work are written; once more to leave at once")
    with GenerationProgress(out) as report:
        summary = api.generate(
            document,
            resume=arguments.resume,
            overwrite=arguments.overwrite,
            workers=arguments.workers,
            tell=report,
            say=_line_printer(out),
            stopped=stop,
        )
    print_generated(out, summary)


def _line_printer(out: "Console") -> Callable[[str], None]:
    from pyramid.report.texts import plain

    return lambda line: out.print(plain(line), soft_wrap=True, markup=False)


if __name__ == "__main__":
    main()
