"""A model's document, as a candidate to train on from: its structure in plain data, and its weights in arrays.

No TensorFlow: the documents are checked before anything heavy is imported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from pyramid.errors import ConfigError
from pyramid.networks.weights.published import ARRAYS, Weights
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC

Layer = dict[str, Any]

#: What gives a layer without weights its size, so that it can be built: key -> size from the shape of its first array.
_SIZES: dict[str, dict[str, Callable[[tuple[int, ...]], int | list[int]]]] = {
    "convolution_2d": {"number_of_filters": lambda s: s[3], "kernel_dimensions": lambda s: list(s[:2])},
    "depthwise_convolution_2d": {"number_of_filters": lambda s: 1, "kernel_dimensions": lambda s: list(s[:2])},
    "separable_convolution_2d": {"kernel_dimensions": lambda s: list(s[:2])},
    "dense": {"number_of_nodes": lambda s: s[1]},
    "batch_normalization": {},
}


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
        raise ConfigError([f"{place}: {path}: {misfit}"]) from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        shown = f"{type(error).__name__}: {error}"
        raise ConfigError([f"{place}: {path}: is not the document of a model, or is damaged ({shown})"]) from None


def _read(path: str) -> InitialModel:
    document = _document(path)
    _check_kind(document)
    network, exposition = document["image_network"], document["output_exposition"]
    metadata, objective = network["metadata"], exposition["type"]
    detects = objective == BOUNDING_BOX
    readout = [] if detects else _trainable_readout(document["layers"], objective)
    layers = [*network["layers"], *readout]
    weights = [_arrays(layer) for layer in layers if layer["type"] in ARRAYS]
    split = len(network["layers"])
    bare = [_without_weights(layer) for layer in layers]
    return InitialModel(
        path=path,
        network=str(metadata.get("base_image_network") or "unnamed"),
        shape=[int(side) for side in metadata["input_image_shape"]],
        rescale_type="pad" if detects else metadata.get("rescale_type") or "warp",
        objective=objective,
        classes=[] if objective == NUMERIC else [str(value) for value in exposition["values"]],
        mean=float(exposition["mean"]) if objective == NUMERIC else 0.0,
        stdev=float(exposition["stdev"]) if objective == NUMERIC else 1.0,
        structure={
            "layers": bare[:split],
            "readout": bare[split:],
            "loading_method": metadata["loading_method"],
            "outputs": metadata["outputs"] if detects else [],
        },
        weights=weights,
    )


def _document(path: str) -> dict[str, Any]:
    try:
        document = orjson.loads(Path(path).read_bytes())
    except OSError as error:
        raise _MisfitError(f"cannot be read: {error.strerror}; give the path of a final_model.json") from None
    except orjson.JSONDecodeError as error:
        raise _MisfitError(f"is not JSON ({error}); give the path of a final_model.json") from None
    if not isinstance(document, dict) or "output_exposition" not in document:
        raise _MisfitError("is JSON, but not the document of a model; give the path of a final_model.json")
    return document


def _check_kind(document: dict[str, Any]) -> None:
    objective = document["output_exposition"]["type"]
    if objective not in (CATEGORICAL, NUMERIC, BOUNDING_BOX):
        raise _MisfitError(f"has outputs of an unknown type: {objective}")
    if "networks" in document:
        raise _MisfitError("is an ensemble of several networks; give the document of one")
    if not document.get("image_network") or [part["type"] for part in document["preprocess"]] != ["image"]:
        raise _MisfitError("is not a model of pictures alone")
    metadata = document["image_network"]["metadata"]
    if metadata.get("mean_image") is not None:
        raise _MisfitError("subtracts a mean image, which pyramid cannot")
    width, height, channels = metadata["input_image_shape"]
    if channels != 3 or (objective == BOUNDING_BOX and width != height):
        raise _MisfitError(f"has an input of {metadata['input_image_shape']}, which pyramid cannot train")
    known = {*ARRAYS, *_WITHOUT_WEIGHTS}
    unknown = [layer["type"] for layer in document["image_network"]["layers"] if layer["type"] not in known]
    unknown += [layer["type"] for layer in document["layers"] or [] if layer["type"] not in known]
    if unknown:
        raise _MisfitError(f"has a layer that pyramid cannot train: {unknown[0]}")


_WITHOUT_WEIGHTS = (
    *("activation", "add", "average_pool_2d", "concatenate", "dropout", "flatten", "global_average_pool_2d"),
    *("global_max_pool_2d", "max_pool_2d", "padding_2d", "split_channels", "upsampling_2d"),
)


def _trainable_readout(layers: list[Layer], objective: str) -> list[Layer]:
    """``layers`` as training wants them: the last dense layer is linear, and classes have a softmax behind it."""
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


def _arrays(layer: Layer) -> list[npt.NDArray[np.float32]]:
    arrays = [np.asarray(layer[key], np.float32) for key in ARRAYS[layer["type"]] if layer.get(key) is not None]
    if layer["type"] == "dense" and len(arrays) == 1:  # sensenet takes 0 for an offset that is missing
        arrays.append(np.zeros(arrays[0].shape[1:], np.float32))
    if not all(np.isfinite(array).all() for array in arrays):
        raise _MisfitError(f"has weights that are not finite, in a layer of type {layer['type']}")
    if any(array.ndim == 0 for array in arrays):
        raise _MisfitError(f"has no weights in a layer of type {layer['type']}")
    return arrays


def _without_weights(layer: Layer) -> Layer:
    """``layer`` with names of initializers for its weights, in the size that they have."""
    names = ARRAYS.get(layer["type"], ())
    if not names:
        return layer
    shape = np.shape(layer[names[0]])
    sizes = {key: size(shape) for key, size in _SIZES[layer["type"]].items()}
    return layer | {key: "zeros" for key in names if layer.get(key) is not None} | sizes
