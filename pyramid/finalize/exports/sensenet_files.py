"""The formats that sensenet itself loads: its bundle, and a file of weights beside the document without any."""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import orjson

from pyramid.errors import PyramidError
from pyramid.finalize.exports.export import leaky_relu_of_its_own
from pyramid.finalize.exports.structure import without_weights
from pyramid.tf import tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after pyramid.tf
from pyramid.training.storage import write_document

from sensenet.models.wrappers import create_model  # isort: skip


def write_bundle(document: dict[str, Any], path: Path) -> None:
    """Write the file ``path``, which ends in .smbundle."""
    with leaky_relu_of_its_own(), redirect_stdout(sys.stderr):
        create_model(document).save_bundle(str(path))


def load_bundle(path: Path) -> Any:
    """sensenet's model."""
    return create_model(str(path))


def write_weights(document: dict[str, Any], path: Path, short: Path) -> None:
    """Write the weights to ``path``, which ends in .h5, and the document without them, but with trees, to ``short``."""
    create_model(document).save_weights(str(path))
    write_document(short, without_weights(document) | {"trees": document.get("trees")})


def load_weights(path: Path, short: Path, parameters: int) -> Any:
    """sensenet's model, of ``parameters`` numbers."""
    model = create_model(orjson.loads(short.read_bytes()))
    if (found := model._model.count_params()) != parameters:
        raise PyramidError(f"{short.name}: {found:,} parameters, but the model has {parameters:,}")
    model._model.load_weights(str(path))
    return model
