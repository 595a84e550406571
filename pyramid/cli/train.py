"""pyramid_train: train image classifiers and regressors."""

import argparse
from typing import TYPE_CHECKING, Any

from pyramid.cli.options import add_continuing, arguments_of, config_parser, continues, read_arguments
from pyramid.cli.process import console, private_stdout, run
from pyramid.cli.showing import Job, Shown, add_json_progress, check_json_progress

if TYPE_CHECKING:
    from rich.console import Console

    from pyramid.settings.train import TrainSettings

_EPILOG = """\
A configuration needs two keys, training_data and output_directory:

  {"training_data": "pictures", "output_directory": "results"}

where pictures/ has a folder of pictures for each class. README.md lists all keys.
Ctrl-C ends the training with the best model so far, a second one ends it at once. Killed, it goes on with --resume.
"""


def main() -> None:
    """The console script."""
    run("pyramid_train", _main)


def _main() -> None:
    parser = _parser()
    goes_on, arguments = continues(parser), arguments_of(parser)
    check_json_progress(parser, arguments, "schema", "validate", "visualize", "visualize_each")
    if goes_on or arguments.json_progress:
        shown = Shown(arguments.json_progress)
        with shown.errors():
            _go_on(shown, arguments) if goes_on else _train(shown, _read(parser))
        return
    read = read_arguments(parser, _settings)
    if read is None:
        return
    arguments, document = _with_time(*read)
    if arguments.visualize or arguments.visualize_each:
        _visualize(document, arguments.visualize or 0, arguments.visualize_each)
    elif arguments.validate:
        _validate(document, arguments.config)
    else:
        train(document)


def _read(parser: argparse.ArgumentParser) -> dict[str, Any]:
    read = read_arguments(parser, _settings)
    return _with_time(*read)[1] if read else {}


def _with_time(arguments: argparse.Namespace, document: dict[str, Any]) -> tuple[argparse.Namespace, dict[str, Any]]:
    """The document with the time that the arguments give, if they do."""
    more = {} if arguments.max_total_time is None else {"max_total_time": arguments.max_total_time}
    return arguments, document | more


def _settings() -> "type[TrainSettings]":
    from pyramid.settings.train import TrainSettings

    return TrainSettings


def _parser() -> argparse.ArgumentParser:
    description = "Train the candidates of a configuration within a time budget, and keep the best."
    parser = config_parser("pyramid_train", description, _EPILOG, "batches (1) as they are augmented for training")
    parser.add_argument(
        "--visualize-each", action="store_true", help="show each augmentation at three strengths, and end"
    )
    add_continuing(parser)
    add_json_progress(parser)
    return parser


def _go_on(shown: Shown, arguments: argparse.Namespace) -> None:
    """With what another process has begun."""
    from pyramid import api

    if arguments.finalize:
        from pyramid.report.summary import print_summary

        shown.result(api.finalize_training(arguments.finalize), print_summary)
    else:
        folder, seconds = arguments.resume, arguments.max_total_time
        _show(shown, lambda tell, stop: api.resume_training(folder, seconds, tell, stop))


def _show(shown: Shown, training: Job) -> None:
    """Run ``training`` with progress and report."""
    from pyramid.report.progress import ProgressReport
    from pyramid.report.summary import print_summary

    message = "stopping: the best model so far is being written; once more to leave at once"
    shown.job(training, message, ProgressReport, print_summary)


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
    shown = Shown(json=False)
    _train(shown, document)
    assert shown.out is not None
    return shown.out


def _train(shown: Shown, document: dict[str, Any]) -> None:
    from pyramid import api
    from pyramid.finalize.workspace import holds_results, holds_unfinished

    checked = api.check(document)
    output = str(checked[0].output_directory)
    if holds_results(output):
        shown.say(f"{output} holds the results of an earlier run: they will be replaced")
    if holds_unfinished(output):
        shown.say(f"{output} holds an unfinished training, which --resume would go on with: it will be replaced")
    _show(shown, lambda tell, stop: api.train(document, tell, stop, checked))


if __name__ == "__main__":
    main()
