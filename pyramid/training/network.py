"""The network of a candidate."""

from pyramid.networks.build import Network, build
from pyramid.networks.yolo import Detector, build_detector
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.training.candidate import Candidate


def build_network(candidate: Candidate) -> Network | Detector:
    """Build it with new weights, drawn from the candidate's seed."""
    classes, seed = len(candidate.classes), candidate.seed
    if candidate.objective == BOUNDING_BOX:
        return build_detector(candidate.network, candidate.width, classes, candidate.anchors, seed)
    outputs = classes if candidate.categorical else 1
    return build(candidate.network, candidate.width, candidate.height, outputs, candidate.categorical, seed)
