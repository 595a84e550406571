"""A model's document, as a candidate to train on from: its structure in plain data, and its weights in arrays.

No TensorFlow: the documents are checked before anything heavy is imported.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from pydantic import ValidationError

from pyramid.errors import ConfigError
from pyramid.networks.initial.documents import Branches, ModelDocument, broken_rule
from pyramid.networks.initial.misfits import misfit
from pyramid.networks.topologies import Layer
from pyramid.networks.weights.published import ARRAYS, Weights
from pyramid.settings.load import problems_of
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC


@dataclass(frozen=True)
class InitialModel:
    """A trained model of pictures.

    Attributes:
        path: of its document.
        network: what it was made as: a key of NETWORKS, or another name.
        shape: [width, height, 3] of its input in pixels.
        rescale_type: how pictures are fitted to it.
        classes: of its outputs, in their order; empty for a numeric objective.
        mean, stdev: of the values that it was trained on; 0 and 1 for any other objective.
        structure: `layers` and `readout` (layers without weights), `loading_method` (of pixels), and of a detector
            `outputs`.
        weights: of the layers and then of the readout.
    """

    path: str
    network: str
    shape: list[int]
    rescale_type: str
    objective: str
    classes: list[str]
    mean: float
    stdev: float
    structure: dict[str, Any]
    weights: Weights

    @property
    def anchors(self) -> list[list[float]]:
        """Of a detector, those of all branches, the smallest area first; else empty."""
        anchors = [list(anchor) for output in self.structure["outputs"] for anchor in output["anchors"]]
        return sorted(anchors, key=lambda anchor: anchor[0] * anchor[1])


class _MisfitError(Exception):
    """What is wrong with a document."""


def read_initial(place: str, path: str) -> InitialModel:
    """Read the document ``path``, which the settings name at ``place``.

    Raises:
        ConfigError: it is missing, not the document of a model, or not of a model that can be trained on from.
    """
    try:
        return _read(path)
    except _MisfitError as misfit:
        shown = path if path.isprintable() else ascii(path)
        raise ConfigError([f"{place}: {shown}: {misfit}"]) from None


def _read(path: str) -> InitialModel:
    document = _document(path)
    _check(document)
    network, exposition = document["image_network"], document["output_exposition"]
    metadata, objective = network["metadata"], exposition["type"]
    detects = objective == BOUNDING_BOX
    readout = [] if detects else _trainable_readout(document["layers"], objective)
    layers, weights = _split([*network["layers"], *readout])
    body, top = layers[: len(network["layers"])], layers[len(network["layers"]) :]
    structure = {
        "layers": body,
        "readout": top,
        "loading_method": metadata["loading_method"],
        "outputs": metadata["outputs"] if detects else [],
    }
    classes = [] if objective == NUMERIC else [str(value) for value in exposition["values"]]
    fault = misfit(structure, weights, metadata["input_image_shape"][0], classes)
    if fault:
        raise _MisfitError(fault)
    return InitialModel(
        path=path,
        network=metadata.get("base_image_network") or "unnamed",
        shape=metadata["input_image_shape"],
        rescale_type="pad" if detects else metadata.get("rescale_type") or "warp",
        objective=objective,
        classes=classes,
        mean=float(exposition["mean"]) if objective == NUMERIC else 0.0,
        stdev=float(exposition["stdev"]) if objective == NUMERIC else 1.0,
        structure=structure,
        weights=weights,
    )


def _document(path: str) -> dict[str, Any]:
    try:
        document = orjson.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        if isinstance(error, orjson.JSONDecodeError):
            raise _MisfitError(f"is not JSON ({error}); give the path of a final_model.json") from None
        reason = error.strerror if isinstance(error, OSError) else error
        raise _MisfitError(f"cannot be read: {reason}; give the path of a final_model.json") from None
    if not isinstance(document, dict) or not isinstance(document.get("output_exposition"), dict):
        raise _MisfitError("is JSON, but not the document of a model; give the path of a final_model.json")
    return document


def _check(document: dict[str, Any]) -> None:
    if "networks" in document:
        raise _MisfitError("is an ensemble of several networks; give the document of one")
    columns = document.get("preprocess")
    if not isinstance(columns, list) or not document.get("image_network"):
        raise _MisfitError("is not a model of pictures alone")
    if [column.get("type") if isinstance(column, dict) else "" for column in columns] != ["image"]:
        raise _MisfitError("is not a model of pictures alone")
    try:
        model = ModelDocument.model_validate(document)
        if model.output_exposition.type == BOUNDING_BOX:
            Branches.model_validate(document["image_network"]["metadata"])
    except ValidationError as error:
        raise _MisfitError(_first_problem(error)) from None
    broken = broken_rule(document)
    if broken:
        raise _MisfitError(broken)


def _first_problem(error: ValidationError) -> str:
    details = error.errors(include_url=False)
    if details[0]["type"] == "union_tag_invalid" and details[0]["loc"][0] != "output_exposition":
        return f"has a layer that pyramid cannot train: {details[0]['ctx']['tag']}"
    return f"is not a model that pyramid can train: {problems_of(details)[0]}"


def _trainable_readout(layers: list[Layer] | None, objective: str) -> list[Layer]:
    """``layers`` as training wants them: the last dense layer is linear, and classes have a softmax behind it."""
    if not layers:
        raise _MisfitError("has no layers behind its features")
    softmax = {"type": "activation", "activation_function": "softmax"}
    function = layers[-1].get("activation_function")
    if objective == CATEGORICAL and layers[-1]["type"] == "dense" and function == "softmax":
        layers = [*layers[:-1], layers[-1] | {"activation_function": "linear"}, softmax]
    body = layers[:-1] if objective == CATEGORICAL and layers[-1].get("activation_function") == "softmax" else layers
    last = body[-1] if body else {}
    if last.get("type") != "dense" or last.get("activation_function") not in (None, "linear", "identity"):
        raise _MisfitError("has outputs that are not those of a linear dense layer, which pyramid cannot train")
    if objective == CATEGORICAL and body is layers:
        raise _MisfitError("tells no probabilities (its last layer is not a softmax)")
    return layers


def _split(layers: list[Layer]) -> tuple[list[Layer], Weights]:
    """``layers`` without weights, in the size that these have, and the weights."""
    bare, weights = [], []
    for layer in layers:
        if layer["type"] in ARRAYS:
            arrays = _arrays(layer)
            weights.append(list(arrays.values()))
            layer = layer | dict.fromkeys(arrays, "zeros") | _sizes(layer["type"], arrays)
        bare.append(layer)
    return bare, weights


def _arrays(layer: Layer) -> dict[str, npt.NDArray[np.float32]]:
    kind = layer["type"]
    if isinstance(layer.get(ARRAYS[kind][0]), str):
        raise _MisfitError("has no weights: it describes a network only")
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is told
            arrays = {key: np.asarray(layer[key], np.float32) for key in ARRAYS[kind] if layer.get(key) is not None}
    except (TypeError, ValueError):
        raise _MisfitError(f"has weights that are no arrays of numbers, in a layer of type {kind}") from None
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise _MisfitError(f"has weights that are not finite, in a layer of type {kind}")
    wanted = 2 if kind == "dense" else 1 if kind == "batch_normalization" else 4
    if ARRAYS[kind][0] not in arrays or arrays[ARRAYS[kind][0]].ndim != wanted:
        raise _MisfitError(f"has no weights in a layer of type {kind}")
    if kind == "dense":  # sensenet takes 0 for an offset that is missing
        arrays.setdefault("offset", np.zeros(arrays["weights"].shape[1], np.float32))
    return arrays


def _sizes(kind: str, arrays: dict[str, npt.NDArray[np.float32]]) -> dict[str, Any]:
    """What sensenet builds a layer of this ``kind`` by when it has no weights."""
    if kind == "batch_normalization":
        return {}
    if kind == "dense":
        return {"number_of_nodes": arrays["weights"].shape[1]}
    kernel = arrays[ARRAYS[kind][0]]
    filters = arrays.get("point_kernel", kernel).shape[-1]
    return {"kernel_dimensions": list(kernel.shape[:2]), "number_of_filters": filters}
