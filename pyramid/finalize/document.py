"""A candidate's weights -> the document from which sensenet makes the model that users call."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyramid.networks.build import build
from pyramid.networks.yolo import build_detector
from pyramid.settings.objectives import BOUNDING_BOX, NUMERIC
from pyramid.training.candidate import Candidate, Result


def model_document(candidate: Candidate, result: Result, weights: Path) -> dict[str, Any]:
    """The sensenet document of a trained candidate; its weights are float32 arrays.

    Args:
        weights: the h5 file that its trial wrote.
    """
    parts = _detector(candidate, weights) if candidate.objective == BOUNDING_BOX else _network(candidate, weights)
    metadata = {
        "base_image_network": candidate.network,
        "input_image_shape": [candidate.width, candidate.height, 3],
        "loading_method": parts.loading_method,
        "outputs": parts.outputs,
        "rescale_type": candidate.rescale_type,
        "image_training_type": candidate.method,
    }
    return {
        "preprocess": [{"type": "image", "index": 0}],
        "image_network": {"layers": parts.image_layers, "metadata": metadata},
        "layers": parts.readout_layers,
        "output_exposition": _output_exposition(candidate),
        "trees": None,
        "optypes": ["image", candidate.objective],
        "class_index": 1,
        "weight_index": None,
        "importances": None,
        "validation_metrics": result.metrics,
        "training_options": _training_options(candidate),
        "iterations": result.iterations,
        "elapsed_time": result.seconds.get("elapsed", 0.0),
    }


@dataclass
class _Parts:
    """What a document needs of a network; ``outputs`` is the number of features, or a detector's branches."""

    image_layers: list[Any]
    readout_layers: list[Any]
    outputs: Any
    loading_method: str


def _network(candidate: Candidate, weights: Path) -> _Parts:
    outputs = len(candidate.classes) if candidate.categorical else 1
    network = build(
        candidate.network, candidate.width, candidate.height, outputs, candidate.categorical, candidate.seed
    )
    network.model.load_weights(weights)
    return _Parts(network.image_layers(), network.readout_layers(), network.features, network.loading_method)


def _detector(candidate: Candidate, weights: Path) -> _Parts:
    classes = len(candidate.classes)
    detector = build_detector(candidate.network, candidate.width, classes, candidate.anchors, candidate.seed)
    detector.model.load_weights(weights)
    return _Parts(detector.image_layers(), [], detector.outputs(), detector.loading_method)


def _output_exposition(candidate: Candidate) -> dict[str, Any]:
    if candidate.objective != NUMERIC:
        return {"type": candidate.objective, "values": candidate.classes}
    return {"type": candidate.objective, "mean": candidate.mean, "stdev": candidate.stdev}


def _training_options(candidate: Candidate) -> dict[str, Any]:
    elsewhere = ("name", "classes", "mean", "stdev", "width", "height", "rescale_type", "objective")
    return {key: value for key, value in candidate.to_dict().items() if key not in elsewhere}
