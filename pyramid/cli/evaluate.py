"""pyramid_evaluate: how good a finished model is on other data."""

import argparse

from pyramid.cli.parsing import command_parser
from pyramid.cli.predict import progress
from pyramid.cli.process import console, end_cleanly, private_stdout, run

_EPILOG = """\
MODEL is a final_model.json, the folder that it is in, or an .smbundle. DATA is whatever training_data may be: a folder
of class folders, a CSV, JSON or Parquet file, a COCO, Pascal VOC or YOLO data set; or the configuration of a training;
or, for a model of tables, a table.

  pyramid_evaluate results new_pictures
  pyramid_evaluate results results/config.json --holdout --compare better
"""


def main() -> None:
    """The console script."""
    run("pyramid_evaluate", _main)


def _main() -> None:
    end_cleanly()
    arguments = _parser().parse_args()
    out = console(private_stdout())
    from pyramid import api
    from pyramid.prediction.labelled import Asked
    from pyramid.report.predictions import print_evaluation

    given = vars(arguments)
    output = given.pop("output")
    with progress("evaluating", hidden=False) as tell:
        told, folder = api.evaluate(Asked(**given), output, tell)
    print_evaluation(out, told)
    out.print(f"Report: {folder / 'report.html'}", soft_wrap=True, markup=False)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("pyramid_evaluate", "Measure a finished model on data whose labels are known.", _EPILOG)
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("--compare", default="", metavar="MODEL2", help="another model, on the same rows")
    parser.add_argument(
        "--holdout", action="store_true", help="of a configuration, the rows that its training held out"
    )
    parser.add_argument("--objective", default="", metavar="COLUMN", help="of a table, where no configuration says it")
    parser.add_argument("--image-root", metavar="DIR", help="what files are relative to")
    parser.add_argument(
        "--output", metavar="DIR", help="the report (evaluation_of_DATA beside the model, _holdout with it)"
    )
    parser.add_argument("--resamples", type=int, metavar="N", help="of the bootstrap (1,000; of boxes 200)")
    parser.add_argument("--batch-size", type=int, metavar="N", help="pictures or rows of a batch (by their size)")
    return parser


if __name__ == "__main__":
    main()
