"""pyramid_search: find the best networks for a table, and their ensemble."""

import argparse
import json
import sys
from typing import Any

from pyramid.cli.options import add_continuing, continues
from pyramid.cli.parsing import command_parser
from pyramid.cli.process import console, run
from pyramid.cli.showing import Job, Shown, add_json_progress, check_json_progress

_EPILOG = """\
A configuration needs three keys:

  {"training_data": "diamonds.csv", "objective": "price", "output_directory": "results"}

README.md lists all keys. Ctrl-C ends the search with the best ensemble so far, a second one ends it at once.
"""


def main() -> None:
    """The console script."""
    run("pyramid_search", _main)


def _main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.schema:
        from pyramid.settings.search import SearchSettings

        print(json.dumps(SearchSettings.model_json_schema(), indent=2))
        return
    goes_on = continues(parser)
    check_json_progress(parser, arguments, "validate", "status")
    if goes_on or (arguments.config and not arguments.status):
        _run(arguments, goes_on)
    elif arguments.status:
        _status(arguments.status)
    else:
        parser.error("give a configuration, or one of --status, --resume and --finalize with an output directory")


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "pyramid_search",
        "Try networks on a table within a time budget, and keep the ensemble that predicts best.",
        _EPILOG,
    )
    parser.add_argument("config", nargs="?", help="a JSON file")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of a configuration and end")
    parser.add_argument("--validate", action="store_true", help="check the configuration and the table, and end")
    parser.add_argument("--overwrite", action="store_true", help="replace what an earlier search has left")
    parser.add_argument("--status", metavar="DIR", help="show how far the search with this output directory is")
    add_continuing(parser)
    add_json_progress(parser)
    return parser


def _run(arguments: argparse.Namespace, goes_on: bool) -> None:
    """Begin a search, or go on with what another process has begun."""
    if arguments.validate:
        _validate(arguments)
        return
    shown = Shown(arguments.json_progress)
    with shown.errors():
        if arguments.finalize:
            _finalize(shown, arguments.finalize)
        elif arguments.resume:
            _resume(shown, arguments.resume, arguments.max_total_time)
        else:
            _begin(shown, arguments)


def _read(arguments: argparse.Namespace) -> dict[str, Any]:
    from pyramid.settings.load import read_document

    document = read_document(arguments.config)
    if arguments.max_total_time is not None:
        document |= {"max_total_time": arguments.max_total_time}
    return document


def _validate(arguments: argparse.Namespace) -> None:
    from pyramid import api

    for line in api.look_at_table(_read(arguments)):
        print(line)
    print(f"{arguments.config} is valid")


def _begin(shown: Shown, arguments: argparse.Namespace) -> None:
    from pyramid import api

    document = _read(arguments)
    _show(shown, lambda tell, stop: api.search(document, arguments.overwrite, tell, stop))


def _resume(shown: Shown, folder: str, max_total_time: float | None) -> None:
    from pyramid import api

    _show(shown, lambda tell, stop: api.resume_search(folder, max_total_time, tell, stop))


def _show(shown: Shown, search: Job) -> None:
    from pyramid.report.leaderboard import print_search
    from pyramid.report.searching import SearchReport

    message = "stopping: the best ensemble so far is being written; once more to leave at once"
    shown.job(search, message, SearchReport, print_search)


def _finalize(shown: Shown, folder: str) -> None:
    from pyramid import api
    from pyramid.report.leaderboard import print_search

    shown.result(api.finalize_search(folder), print_search)


def _status(folder: str) -> None:
    from pyramid import api
    from pyramid.report.leaderboard import print_ensemble, print_leaderboard
    from pyramid.report.texts import seconds

    status = api.search_status(folder)
    out = console(sys.stdout)  # type: ignore[arg-type]
    left = max(0.0, status["max_total_time"] - status["spent"])
    out.print("The search has ended." if status["ended"] else f"{seconds(left)} of the search are left.")
    print_leaderboard(out, status["candidates"], status["objective"], status["selection_metric"])
    print_ensemble(out, status["ensemble"])


if __name__ == "__main__":
    main()
