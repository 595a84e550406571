"""pyramid_export: a trained model in the formats of other runtimes."""

import argparse
from typing import TYPE_CHECKING

from pyramid.cli.parsing import command_parser
from pyramid.cli.process import console, end_cleanly, private_stdout, run

if TYPE_CHECKING:
    from rich.console import Console

    from pyramid.finalize.exports.exporting import Exported

_EPILOG = """\
formats:
  savedmodel  a folder that TensorFlow loads
  smbundle    sensenet's bundle
  tflite      a file for phones
  onnx        a file for onnxruntime and others (needs: pip install 'bigml-pyramid[onnx]')
  tfjs        a folder for TensorFlow.js, in browsers and Node
  h5          weights, beside the network without them

Every export is loaded again in its own runtime and compared with the model on real pictures. A difference above
0.001 (of probabilities and scores, of values in standard deviations, of boxes' corners in parts of the picture's
longer side) is an error, and the export is not kept.
"""


def main() -> None:
    """The console script."""
    run("pyramid_export", _main)


def _main() -> None:
    end_cleanly()
    arguments = _parser().parse_args()
    out = console(private_stdout())
    from pyramid import api

    api.export(
        arguments.model,
        arguments.format,
        arguments.output,
        arguments.pictures or [],
        tell=lambda exported: _show(out, exported),
    )


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "pyramid_export",
        "Write a trained model in other formats, with what it does to pixels and columns inside.",
        _EPILOG,
    )
    parser.add_argument("model", help="a final_model.json, or the output directory that holds one")
    parser.add_argument(
        "--format", action="append", default=[], metavar="FORMAT", help="see below; several with commas, or repeated"
    )
    parser.add_argument(
        "--output", metavar="PATH", help="what to write, or a folder for several formats; by default beside the model"
    )
    parser.add_argument(
        "--pictures",
        nargs="+",
        metavar="PATH",
        help="files and folders to compare on (at most 16); by default the holdout",
    )
    return parser


def _show(out: "Console", exported: "Exported") -> None:
    def say(line: str) -> None:
        out.print(line, soft_wrap=True, markup=False)

    say(f"{exported.format}: {exported.path} ({exported.size / 1e6:,.1f} MB)")
    say(f"  {_compared(exported)}")
    for verb, listed in (("takes", exported.takes), ("gives", exported.gives)):
        for name, text in listed.items():
            say(f"  {verb} {name}, {text}")
    for note in exported.notes:
        say(f"  {note}")


def _what(exported: "Exported") -> str:
    kind = "picture" if exported.pictures else "random row"
    return kind if exported.samples == 1 else f"{kind}s"


def _compared(exported: "Exported") -> str:
    found, on = exported.difference, f"{exported.samples} {_what(exported)} through {exported.reader}"
    if found.corners is None:
        return f"compared on {on}: largest difference {found.outputs:.2g}{exported.unit}"
    if not found.objects and not found.raw:
        return f"nothing was compared: on {on} no object was found; name pictures with objects with --pictures"
    before = f", {found.raw:,} boxes before the choice of them" if found.raw else ""
    return (
        f"compared on {on}: largest difference {found.outputs:.2g} of scores, {found.corners:.2g} of the longer side"
        f" of corners ({found.objects} objects{before})"
    )


if __name__ == "__main__":
    main()
