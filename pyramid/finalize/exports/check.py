"""Each exported file, loaded again and held against the model in memory."""

from pathlib import Path
from typing import Any

import orjson

from pyramid.errors import PyramidError
from pyramid.finalize.exports.files import (
    BUNDLE_FILE,
    FINAL_MODEL_FILE,
    JAVASCRIPT_FOLDER,
    SHORT_MODEL_FILE,
    WEIGHTS_FILE,
)
from pyramid.finalize.exports.javascript import MODEL_FILE, load_graph_model
from pyramid.finalize.exports.predictions import Predictions
from pyramid.tf import tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after pyramid.tf

from sensenet.models.wrappers import create_model  # isort: skip

#: Differences of predictions, as parts of the scale of the output.
TOLERANCE = 1e-5
#: The conversion for TensorFlow.js folds normalizations into the weights before them, which rounds these anew.
FOLDED_TOLERANCE = 1e-4


def check_files(document: dict[str, Any], model: Any, predictions: Predictions, folder: Path) -> None:
    """Hold every export in ``folder`` against sensenet's ``model``, which was made from ``document``.

    Raises:
        PyramidError: names the file and the difference.
    """
    predictions.check_model(FINAL_MODEL_FILE, create_model(str(folder / FINAL_MODEL_FILE)), TOLERANCE)
    loaded = _from_structure_and_weights(document, model._model.count_params(), folder)
    predictions.check_model(WEIGHTS_FILE, loaded, TOLERANCE)
    predictions.check_model(BUNDLE_FILE, create_model(str(folder / BUNDLE_FILE)), TOLERANCE)
    graph_model = load_graph_model(folder / JAVASCRIPT_FOLDER, predictions.detector)
    predictions.check(f"{JAVASCRIPT_FOLDER}/{MODEL_FILE}", graph_model, FOLDED_TOLERANCE)


def _from_structure_and_weights(document: dict[str, Any], parameters: int, folder: Path) -> Any:
    """The model that the short document, which starts with new weights, and the file of weights make."""
    short = orjson.loads((folder / SHORT_MODEL_FILE).read_bytes())
    model = create_model({**short, "trees": document.get("trees")})
    if (found := model._model.count_params()) != parameters:
        raise PyramidError(f"{SHORT_MODEL_FILE}: {found:,} parameters, but the model has {parameters:,}")
    model._model.load_weights(str(folder / WEIGHTS_FILE))
    return model
