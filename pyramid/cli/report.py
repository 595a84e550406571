"""pyramid_report: the page that tells what a training or a search has found."""

import argparse

from pyramid.cli.parsing import command_parser
from pyramid.cli.process import console, end_cleanly, private_stdout, run

_EPILOG = """\
pyramid_train and pyramid_search write the same page at their end. It is one file that needs no other one, no server
and no network: it can be opened from disk, sent and printed.
"""


def main() -> None:
    """The console script."""
    run("pyramid_report", _main)


def _main() -> None:
    end_cleanly()
    arguments = _parser().parse_args()
    out = console(private_stdout())
    from pyramid import api

    out.print(f"Open {api.report(arguments.folder)}", soft_wrap=True, markup=False)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "pyramid_report", "Write report.html into the output directory of a training or search that has ended.", _EPILOG
    )
    parser.add_argument("folder", metavar="DIR", help="the output_directory of pyramid_train or pyramid_search")
    return parser


if __name__ == "__main__":
    main()
