"""TensorFlow.js: a graph model written, and run by Node or, without it, by TensorFlow."""

import json
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

from pyramid.finalize.exports import node, savedmodel
from pyramid.finalize.exports.javascript import MODEL_FILE, converter, load_graph_model
from pyramid.finalize.exports.runtimes import Arrays
from pyramid.finalize.exports.served import Served
from pyramid.tf import tf

#: Pixels as tf.browser.fromPixels gives them.
PIXELS = "int32"


def write(served: Served, path: Path, scratch: Path) -> None:
    """Write the folder ``path``; ``scratch`` is a folder for what it is made from."""
    made = scratch / "for_tfjs"
    savedmodel.write(served, made, {"serving_default": PIXELS})
    with redirect_stdout(sys.stderr):
        converter().converters.convert_tf_saved_model(str(made), str(path), skip_op_check=True)


def run(path: Path, library: str | None, samples: list[Arrays]) -> list[Arrays]:
    """The outputs for each of ``samples``, by Node with TensorFlow.js at ``library`` or, without, by TensorFlow.

    Raises:
        PyramidError: Node cannot run it.
    """
    kinds = {name: PIXELS if values.ndim > 2 else "float32" for name, values in samples[0].items()}
    typed = [{name: np.asarray(values, kinds[name]) for name, values in sample.items()} for sample in samples]
    if library is not None:
        with tempfile.TemporaryDirectory(prefix="pyramid-tfjs-") as work:
            return node.run(path, library, typed, Path(work))
    model = json.loads((path / MODEL_FILE).read_text(encoding="utf-8"))
    predict = load_graph_model(path, detector=False)
    outputs = sorted(model["signature"]["outputs"])
    found = [predict(**{name: tf.constant(values) for name, values in sample.items()}) for sample in typed]
    return [dict(zip(outputs, (values.numpy() for values in one), strict=True)) for one in found]
