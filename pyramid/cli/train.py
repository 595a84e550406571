"""pyramid_train: train image classifiers and regressors."""

import argparse
from typing import TYPE_CHECKING

from pyramid.cli.options import config_parser, read_arguments
from pyramid.cli.process import Stop, console, private_stdout, run

if TYPE_CHECKING:
    from rich.console import Console

    from pyramid.settings.train import TrainSettings

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
    read = read_arguments(_parser(), _settings)
    if read is None:
        return
    arguments, document = read
    if arguments.visualize or arguments.visualize_each:
        _visualize(document, arguments.visualize or 0, arguments.visualize_each)
    elif arguments.validate:
        _validate(document, arguments.config)
    else:
        train(document)


def _settings() -> "type[TrainSettings]":
    from pyramid.settings.train import TrainSettings

    return TrainSettings


def _parser() -> argparse.ArgumentParser:
    description = "Train the candidates of a configuration within a time budget, and keep the best."
    parser = config_parser("pyramid_train", description, _EPILOG, "batches (1) as they are augmented for training")
    parser.add_argument(
        "--visualize-each", action="store_true", help="show each augmentation at three strengths, and end"
    )
    return parser


def _validate(document: dict[str, object], path: str) -> None:
    from pyramid import api
    from pyramid.search.candidates import networks

    settings, examples, starts = api.check(document)
    pairs = ", ".join("/".join(pair) for pair in networks(settings, examples.objective))
    pairs += f", initial_model/{settings.initial_model}" if settings.initial_model else ""
    cannot = (f"WARNING: {network} cannot start from its weights: {why}" for network, why in starts.missing.items())
    for line in (*examples.notes, *settings.warnings(examples.objective), *cannot):
        print(line)
    print(f"{path} is valid: {len(examples.files):,} rows, {examples.objective}; candidates {pairs}")


def _visualize(document: dict[str, object], batches: int, each: bool) -> None:
    out = console(private_stdout())
    from pyramid import api

    page = api.visualize(document, batches, each, lambda text: out.print(text, soft_wrap=True, markup=False))
    if page:
        out.print(f"Open {page}", soft_wrap=True, markup=False)


def train(document: dict[str, object]) -> "Console":
    """Train with progress and report on standard output; returns the console that writes there."""
    out = console(private_stdout())
    from pyramid import api
    from pyramid.finalize.workspace import holds_results

    settings, examples, starts = api.check(document)
    stop = Stop(out.print, "stopping: the best model so far is being written; once more to leave at once")
    if holds_results(str(settings.output_directory)):
        out.print(f"{settings.output_directory} holds the results of an earlier run: they will be replaced")
    from pyramid.engine.job import run as run_job
    from pyramid.report.progress import ProgressReport
    from pyramid.report.summary import print_summary

    with ProgressReport(out) as report:
        results = run_job(settings, examples, starts, report, stop)
    print_summary(out, results)
    return out


if __name__ == "__main__":
    main()
