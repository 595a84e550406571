"""The network of a candidate, and what it starts from."""

from collections.abc import Sequence
from typing import Any

from pyramid.networks.build import Network, assemble, build
from pyramid.networks.topologies import Topology
from pyramid.networks.weights.published import Weights
from pyramid.networks.yolo import Detector, assemble_detector, build_detector, saved_branches
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.tf import tf
from pyramid.training.candidate import Candidate


def build_network(candidate: Candidate) -> Network | Detector:
    """Build it with new weights, drawn from the candidate's seed."""
    width, height, seed = candidate.width, candidate.height, candidate.seed
    classes, structure = len(candidate.classes), candidate.structure
    if candidate.objective == BOUNDING_BOX:
        if structure is None:
            return build_detector(candidate.network, width, classes, candidate.anchors, seed)
        branches = saved_branches(structure["outputs"])
        return assemble_detector(structure["layers"], branches, structure["loading_method"], width, classes, seed)
    if structure is None:
        outputs = classes if candidate.categorical else 1
        return build(candidate.network, width, height, outputs, candidate.categorical, seed)
    topology = Topology(structure["layers"], structure["loading_method"])
    return assemble(topology, structure["readout"], width, height, candidate.categorical, seed)


def set_weights(layers: Sequence[Any], weights: Weights) -> None:
    """Give the Keras ``layers`` that have weights these ``weights``, in order.

    Where a convolution has one array more, a bias that sensenet's does not have, that one stays as it is.

    Raises:
        ValueError: they do not fit.
    """
    weighted = [layer for layer in layers if layer.weights]
    for layer, arrays in zip(weighted, weights, strict=True):
        idle = layer.get_weights()[1:] if isinstance(layer, tf.keras.layers.Conv2D) and len(arrays) == 1 else []
        layer.set_weights([*arrays, *idle])
