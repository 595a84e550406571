"""A finished model as the files that it is delivered as: each is checked before any is put in place."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from pyramid.data.scratch import scratch
from pyramid.finalize.exports.check import check_files
from pyramid.finalize.exports.files import (
    BUNDLE_FILE,
    FINAL_MODEL_FILE,
    JAVASCRIPT_FOLDER,
    SHORT_MODEL_FILE,
    WEIGHTS_FILE,
    described,
)
from pyramid.finalize.exports.javascript import converter
from pyramid.finalize.exports.predictions import Predictions
from pyramid.finalize.exports.structure import without_weights
from pyramid.tf import tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after pyramid.tf
from pyramid.training.storage import write_document

from sensenet.layers.utils import leaky_relu  # isort: skip
from sensenet.models import wrappers  # isort: skip

Legacy = Callable[[dict[str, Any]], dict[str, Any]]


def export(document: dict[str, Any], folder: Path, legacy: Legacy | None = None) -> dict[str, Any]:
    """Write the model of ``document`` into ``folder`` in every form, each loaded again and held against the model.

    ``short_model.json`` is the document without weights, and with ``trees`` null.

    Args:
        document: sensenet's; its weights may be arrays.
        legacy: what ``final_model.json`` becomes of it (`sensenet.layers.legacy.legacy_convert`), else itself.

    Returns:
        The paths and the sizes in bytes that a backend is told; see `files.described`.

    Raises:
        PyramidError: a file predicts something else than the document; ``folder`` is as it was.
        ValueError: a number of the document is not finite; ``folder`` is as it was.
    """
    # sensenet, Keras and tensorflowjs print, but stdout is the user's or the protocol's.
    with scratch(folder) as work, redirect_stdout(sys.stderr):
        model = wrappers.create_model(document)
        predictions = Predictions(document, model)  # before the bundle, for which the model is compiled anew
        _write(document, model, work, legacy)
        check_files(document, model, predictions, work)
        _put_in_place(work, folder)
    return described(folder)


def _write(document: dict[str, Any], model: Any, work: Path, legacy: Legacy | None) -> None:
    write_document(work / FINAL_MODEL_FILE, legacy(document) if legacy else document)
    write_document(work / SHORT_MODEL_FILE, without_weights(document))
    model.save_weights(str(work / WEIGHTS_FILE))
    # sensenet tried to import it when it was imported itself, and would go without it in silence.
    wrappers.tfjs = converter()
    with leaky_relu_of_its_own():
        model.save_bundle(str(work / BUNDLE_FILE), str(work / JAVASCRIPT_FOLDER))


@contextmanager
def leaky_relu_of_its_own() -> Iterator[None]:
    """Let sensenet's leaky ReLU (slope 0.1) have a name that Keras does not know.

    Loading a bundle, Keras finds functions by name and has a ``leaky_relu`` of its own, of slope 0.2; what it does not
    know, it takes from the saved graph.
    """
    leaky_relu.__name__ = "sensenet_leaky_relu"
    try:
        yield
    finally:
        leaky_relu.__name__ = "leaky_relu"


def _put_in_place(work: Path, folder: Path) -> None:
    if (folder / JAVASCRIPT_FOLDER).exists():  # a folder that is not empty cannot be replaced
        os.replace(folder / JAVASCRIPT_FOLDER, work / "earlier")
    for made in (JAVASCRIPT_FOLDER, WEIGHTS_FILE, BUNDLE_FILE, SHORT_MODEL_FILE, FINAL_MODEL_FILE):
        os.replace(work / made, folder / made)
