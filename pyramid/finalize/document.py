"""A candidate's weights -> the document from which sensenet makes the model that users call."""

from pathlib import Path
from typing import Any

from pyramid.networks.build import Network
from pyramid.networks.yolo import Detector
from pyramid.settings.objectives import NUMERIC
from pyramid.training.candidate import Candidate, Look, Result
from pyramid.training.network import build_network


def model_document(candidate: Candidate, result: Result, weights: Path) -> dict[str, Any]:
    """The sensenet document of a trained candidate; its weights are float32 arrays.

    Args:
        weights: the h5 file that its trial wrote.
    """
    network = build_network(candidate)
    network.model.load_weights(weights)
    return {
        "preprocess": [{"type": "image", "index": 0}],
        "image_network": image_network_document(network, candidate.network, candidate.method, candidate.look),
        "layers": network.readout_layers(),
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


def image_network_document(network: Network | Detector, name: str, method: str, look: Look) -> dict[str, Any]:
    """The part of a document that turns pictures into features."""
    return {
        "layers": network.image_layers(),
        "metadata": {
            "base_image_network": name,
            "input_image_shape": [look.width, look.height, 3],
            "loading_method": network.loading_method,
            "outputs": network.outputs,
            "rescale_type": look.rescale_type,
            "image_training_type": method,
        },
    }


def _output_exposition(candidate: Candidate) -> dict[str, Any]:
    if candidate.objective != NUMERIC:
        return {"type": candidate.objective, "values": candidate.classes}
    return {"type": candidate.objective, "mean": candidate.mean, "stdev": candidate.stdev}


def _training_options(candidate: Candidate) -> dict[str, Any]:
    elsewhere = ("name", "classes", "mean", "stdev", "width", "height", "rescale_type", "objective", "structure")
    return {key: value for key, value in candidate.to_dict().items() if key not in elsewhere}
