"""TensorFlow's SavedModel: written, and loaded again without sensenet."""

from pathlib import Path

from pyramid.finalize.exports.runtimes import Arrays, Predict
from pyramid.finalize.exports.served import Served
from pyramid.tf import tf

#: The signature -> the type of its pixels; a model without pictures has the first alone.
SIGNATURES = {"serving_default": "uint8", "float32": "float32"}


def write(served: Served, path: Path, pixels: dict[str, str] | None = None) -> None:
    """Write the folder ``path``.

    Args:
        pixels: its signatures, with the type of each's pixels; by default SIGNATURES.
    """
    wanted = dict(list((pixels or SIGNATURES).items())[: None if served.images else 1])
    signatures = {name: served.function(kind) for name, kind in wanted.items()}
    tf.saved_model.save(served, str(path), signatures=signatures)


def load(path: Path) -> Predict:
    """The SavedModel in ``path``, with uint8 pixels."""
    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures["serving_default"]
    kinds = {name: spec.dtype for name, spec in function.structured_input_signature[1].items()}

    def predict(inputs: Arrays) -> Arrays:
        found = function(**{name: tf.cast(inputs[name], kind) for name, kind in kinds.items()})
        return {name: values.numpy() for name, values in found.items()}

    predict.model = loaded  # type: ignore[attr-defined]  # its variables live as long as it does
    return predict
