"""TensorFlow Lite: written, and loaded again by its interpreter."""

import warnings
from pathlib import Path

from pyramid.finalize.exports.runtimes import Arrays, Predict
from pyramid.finalize.exports.served import Served
from pyramid.tf import muted_stderr, tf

SIGNATURE = "serving_default"


def takes_fitted(served: Served) -> bool:
    """Whether pictures must have the network's size: only `warp` is done inside."""
    return bool(served.images) and served.rescale_type != "warp"


def write(served: Served, path: Path) -> None:
    """Write the file ``path``: float32 pixels, one row, and of a detector always 32 objects."""
    function = served.function("float32", takes_fitted(served), fixed=True, rows=1)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], served)
    path.write_bytes(converter.convert())


def load(path: Path) -> Predict:
    """The model in the file ``path``; rows are predicted one by one."""
    with warnings.catch_warnings(), muted_stderr():
        warnings.simplefilter("ignore")  # that the interpreter has a package of its own, too
        interpreter = tf.lite.Interpreter(model_path=str(path))
    run = interpreter.get_signature_runner(SIGNATURE)
    kinds = {name: details["dtype"] for name, details in run.get_input_details().items()}

    def predict(inputs: Arrays) -> Arrays:
        rows = [
            run(**{name: inputs[name][i : i + 1].astype(kind) for name, kind in kinds.items()})
            for i in range(_rows(inputs))
        ]
        return {name: tf.concat([row[name] for row in rows], 0).numpy() for name in rows[0]}

    return predict


def _rows(inputs: Arrays) -> int:
    return len(next(iter(inputs.values())))
