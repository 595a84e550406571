"""pyramid_weights: the published weights of networks, on this machine."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyramid.cli.parsing import command_parser
from pyramid.cli.process import console, private_stdout, run
from pyramid.errors import ConfigError
from pyramid.settings.networks import PUBLISHED

if TYPE_CHECKING:
    from rich.console import Console

_EPILOG = """\
Files lie in the folder that BIGML_SENSENET_CACHE_PATH names, by default ~/.bigml_sensenet. They are fetched from
sensenet's server, or from the address in PYRAMID_WEIGHTS_URL. Imported are h5 files of Keras, torchvision's .pth
files of mobilenetv2 and resnet18, and darknet's .weights files of yolov4 and tinyyolov4.
"""


def main() -> None:
    """The console script."""
    run("pyramid_weights", _main)


def _main() -> None:
    arguments = _parser().parse_args()
    out = console(private_stdout())
    if arguments.command == "list":
        _list(out)
    elif arguments.command == "fetch":
        _fetch_all(out, arguments.network)
    else:
        _import(out, arguments.network, Path(arguments.file))


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "pyramid_weights", "List, fetch and import the weights that fine_tune and use_pretrained start from.", _EPILOG
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="tell which weights are there")
    fetch = commands.add_parser("fetch", help="download weights that are not there")
    fetch.add_argument("network", nargs="+", choices=PUBLISHED)
    importer = commands.add_parser("import", help="convert a file, and put it into place")
    importer.add_argument("network", choices=PUBLISHED)
    importer.add_argument("file")
    return parser


def _list(out: "Console") -> None:
    from rich import box
    from rich.table import Table

    from pyramid.networks.weights import files
    from pyramid.networks.weights.published import version

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("network", "version", "present", "size"):
        table.add_column(heading, justify="right" if heading == "size" else "left")
    told = []
    for name in PUBLISHED:
        path = files.path(name)
        there = os.path.exists(path)
        problems = files.problems(name) if there else []
        told += problems
        size = f"{path.stat().st_size / 1e6:,.1f} MB" if there else "–"
        table.add_row(name, version(name), "damaged" if problems else "yes" if there else "no", size)
    out.print(table)
    for problem in told:
        out.print(problem, soft_wrap=True, markup=False)
    folder = files.folder()
    missing = "" if os.path.isdir(folder) else " (is no folder)" if os.path.exists(folder) else " (is not there yet)"
    out.print(f"Folder: {folder}{missing}", soft_wrap=True, markup=False)


def _fetch_all(out: "Console", networks: list[str]) -> None:
    problems = []
    for network in networks:
        try:
            _fetch(out, network)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


def _fetch(out: "Console", network: str) -> None:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from pyramid.networks.weights.fetch import fetch

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal) as bars:
        task = bars.add_task(network, total=None, visible=False)
        path = fetch(network, lambda done, total: bars.update(task, completed=done, total=total, visible=True))
    out.print(f"{network}: {path}", soft_wrap=True, markup=False)


def _import(out: "Console", network: str, source: Path) -> None:
    from pyramid.networks.weights.importing import import_weights

    def check(part: Path, head: bool) -> None:
        from pyramid.networks.weights.selfcheck import check_weights

        for seen in check_weights(network, part, head):
            pairs = zip(seen.classes, seen.probabilities, strict=True)
            listed = ", ".join(f"{name} ({probability:.2f})" for name, probability in pairs)
            out.print(f"It sees in {seen.photograph}: {listed}", soft_wrap=True, markup=False)

    path = import_weights(network, source, check)
    out.print(f"The weights of {network} are whole and fit: {path}", soft_wrap=True, markup=False)


if __name__ == "__main__":
    main()
