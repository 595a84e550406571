"""pyramid_train: train image classifiers and regressors."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, TextIO

from pyramid import __version__
from pyramid.cli.process import Stop, console, private_stdout, run

if TYPE_CHECKING:
    from rich.console import Console

_EPILOG = """\
A configuration needs two keys, training_data and output_directory:

  {"training_data": "pictures", "output_directory": "results"}

where pictures/ has a folder of pictures for each class. README.md lists all keys.
Ctrl-C ends the training with the best model so far, a second one ends it at once.
"""


def main() -> None:
    """The console script."""
    run("pyramid_train", _main)


def _main() -> None:
    arguments = _parser().parse_args()
    if arguments.schema:
        _print_schema(sys.stdout)
        return
    from pyramid.settings.load import read_document

    document = read_document(arguments.config)
    if arguments.validate:
        _validate(document, arguments.config)
    else:
        train(document)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "pyramid_train",
        description="Train the candidates of a configuration within a time budget, and keep the best.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("config", nargs="?", help="a JSON file")
    what.add_argument("--schema", action="store_true", help="print the JSON Schema of a configuration and end")
    parser.add_argument("--validate", action="store_true", help="check the configuration and end")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _print_schema(out: TextIO) -> None:
    from pyramid.settings.train import TrainSettings

    print(json.dumps(TrainSettings.model_json_schema(), indent=2), file=out)


def _validate(document: dict[str, object], path: str) -> None:
    from pyramid import api
    from pyramid.search.candidates import networks

    settings, examples = api.check(document)
    pairs = ", ".join("/".join(pair) for pair in networks(settings))
    print(f"{path} is valid: {len(examples.files):,} rows, {examples.objective}; candidates {pairs}")


def train(document: dict[str, object]) -> "Console":
    """Train with progress and report on standard output; returns the console that writes there."""
    out = console(private_stdout())
    from pyramid import api
    from pyramid.finalize.workspace import holds_results

    settings, examples = api.check(document)
    stop = Stop(out.print)
    if holds_results(str(settings.output_directory)):
        out.print(f"{settings.output_directory} holds the results of an earlier run: they will be replaced")
    from pyramid.engine.job import run as run_job
    from pyramid.report.progress import ProgressReport
    from pyramid.report.summary import print_summary

    with ProgressReport(out) as report:
        results = run_job(settings, examples, report, stop)
    print_summary(out, results)
    return out


if __name__ == "__main__":
    main()
