"""pyramid_predict: what a finished model says of pictures, or of the rows of a table."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from pyramid.cli.parsing import command_parser
from pyramid.cli.process import end_cleanly, private_stdout, run

if TYPE_CHECKING:
    from pyramid.prediction.job import Done, Prediction

_EPILOG = """\
MODEL is a final_model.json, the folder that it is in, or an .smbundle. PATHS are picture files, folders (at any
depth), globs in quotes, or for a model of tables one CSV, TSV, Parquet, Arrow or JSON lines file.

  pyramid_predict results new_pictures > predictions.csv
  pyramid_predict results 'new/**/*.jpg' --output found.parquet --draw drawn

With RAY_ADDRESS the machines of that cluster predict pictures. A picture that cannot be read is a row with an error.
"""


def main() -> None:
    """The console script."""
    run("pyramid_predict", _main)


def _main() -> None:
    end_cleanly()
    arguments = _parser().parse_args()
    out = private_stdout()
    from pyramid.prediction.job import Prediction
    from pyramid.prediction.predictions import Limits

    limits = Limits(arguments.score, arguments.iou, arguments.max_objects)
    job = Prediction(arguments.model, arguments.paths, arguments.batch_size, limits, arguments.image_root)
    try:
        _report(_predict(job, arguments, out), arguments)
    except BrokenPipeError:  # what reads standard output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        sys.exit(1)


def _predict(job: "Prediction", arguments: argparse.Namespace, out: TextIO) -> "Done":
    from pyramid import api
    from pyramid.prediction.output import CsvWriter

    writer: list[CsvWriter] = []

    def take(predictions: "object") -> None:
        if not writer:
            writer.append(CsvWriter(job.model, out))
        writer[0].write(predictions)  # type: ignore[arg-type]

    with progress("predicting", arguments.output is None and out.isatty()) as tell:
        done = api.run_prediction(job, arguments.output, arguments.draw, None if arguments.output else take, tell)
    if not arguments.output and not writer:
        CsvWriter(job.model, out)  # the header
    return done


@contextmanager
def progress(what: str, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error where that is a terminal, unless it is ``hidden``: what is written may go there, too."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=hidden or not console.is_terminal, transient=True) as bars:
        task = bars.add_task("", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total or None)


def _report(done: "Done", arguments: argparse.Namespace) -> None:
    from pyramid.report.predictions import fault_lines

    for line in fault_lines(done):
        print(line, file=sys.stderr)
    where = [f"predictions: {arguments.output}"] if arguments.output else []
    where += [f"pictures: {arguments.draw}"] if arguments.draw else []
    if where:
        print(f"{done.rows - done.unreadable:,} of {done.rows:,} predicted; {', '.join(where)}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    from pyramid.settings.boxes import SERVED_IOU, SERVED_OBJECTS, SERVED_SCORE

    parser = command_parser("pyramid_predict", "Predict with a finished model; CSV on standard output.", _EPILOG)
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("paths", nargs="+", metavar="PATHS")
    parser.add_argument("--output", metavar="FILE", help=".csv, .jsonl, .parquet, or .json: COCO's results, of boxes")
    parser.add_argument("--draw", metavar="DIR", help="write the pictures there, with boxes or labels")
    parser.add_argument("--batch-size", type=int, metavar="N", help="pictures or rows of a batch (by their size)")
    parser.add_argument("--image-root", metavar="DIR", help="where a table's pictures are (beside the table)")
    parser.add_argument("--score", type=float, default=SERVED_SCORE, help="boxes with a higher score (%(default)g)")
    parser.add_argument(
        "--iou", type=float, default=SERVED_IOU, help="of boxes that overlap by more, the best one (%(default)g)"
    )
    parser.add_argument(
        "--max-objects", type=int, default=SERVED_OBJECTS, metavar="N", help="boxes of a picture (%(default)d)"
    )
    return parser


if __name__ == "__main__":
    main()
