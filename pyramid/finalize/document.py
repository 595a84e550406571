"""A candidate's weights -> the document from which sensenet makes the model that users call."""

from pathlib import Path
from typing import Any

from pyramid.networks.build import build
from pyramid.settings.objectives import CATEGORICAL
from pyramid.training.candidate import Candidate, Result


def model_document(candidate: Candidate, result: Result, weights: Path) -> dict[str, Any]:
    """The sensenet document of a trained candidate.

    Args:
        weights: the h5 file that its trial wrote.
    """
    outputs = len(candidate.classes) if candidate.categorical else 1
    network = build(
        candidate.network, candidate.width, candidate.height, outputs, candidate.categorical, candidate.seed
    )
    network.model.load_weights(weights)
    return {
        "preprocess": [{"type": "image", "index": 0}],
        "image_network": {
            "layers": network.image_layers(),
            "metadata": {
                "base_image_network": candidate.network,
                "input_image_shape": [candidate.width, candidate.height, 3],
                "loading_method": network.loading_method,
                "outputs": network.features,
                "rescale_type": candidate.rescale_type,
                "image_training_type": candidate.method,
            },
        },
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


def _output_exposition(candidate: Candidate) -> dict[str, Any]:
    if candidate.objective == CATEGORICAL:
        return {"type": CATEGORICAL, "values": candidate.classes}
    return {"type": candidate.objective, "mean": candidate.mean, "stdev": candidate.stdev}


def _training_options(candidate: Candidate) -> dict[str, Any]:
    elsewhere = ("name", "classes", "mean", "stdev", "width", "height", "rescale_type", "objective")
    return {key: value for key, value in candidate.to_dict().items() if key not in elsewhere}
