"""Documents of trained models that are small enough to be written and read in milliseconds."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from pyramid.finalize.document import model_document
from pyramid.networks.build import Network
from pyramid.networks.readout import dense, readout
from pyramid.networks.topologies import activation, convolution, max_pool, normalization
from pyramid.networks.yolo import Detector
from pyramid.training.candidate import WEIGHTS_FILE, Candidate, Result, Status
from pyramid.training.network import build_network
from pyramid.training.storage import write_document
from tests.candidates import CANDIDATE


def _biased(*arguments):
    return convolution(*arguments) | {"bias": "zeros"}


_DEPTHWISE = convolution(1, 3) | {"type": "depthwise_convolution_2d", "depth_multiplier": 2}

#: Up to the features; layers with and without a bias.
LAYERS = [_biased(4, 3, 2), normalization(), activation("relu"), _DEPTHWISE]

#: Of a detector with a fine grid, and with a coarse one behind a pool; 16 channels are 2 anchors of 3 classes.
_FINE, _COARSE = 2, 4
_BRANCHES = [_biased(4, 3, 16), activation("leaky_relu")]
_BRANCHES += [_biased(16, 1), max_pool() | {"inputs": [1]}, _biased(16, 1)]
_OUTPUTS = [
    {"input": _COARSE, "strides": 32, "anchors": [[20.0, 18.0], [30.0, 31.0]], "xyscale": 1.05},
    {"input": _FINE, "strides": 16, "anchors": [[4.0, 6.0], [9.0, 8.0]], "xyscale": 1.1},
]


def _structure(outputs, categorical):
    layers = [*LAYERS, {"type": "global_max_pool_2d"}]
    top = [dense(5, "relu"), *readout(outputs, categorical)[1:]]
    return {"layers": layers, "readout": top, "loading_method": "centering", "outputs": []}


CLASSES = replace(CANDIDATE, width=24, height=16, classes=["ant", "bee", "cat"], structure=_structure(3, True))
VALUES = replace(CLASSES, objective="numeric", classes=[], mean=10.0, stdev=4.0, structure=_structure(1, False))
BOXES = replace(
    CLASSES,
    objective="bounding_box",
    width=32,
    height=32,
    rescale_type="pad",
    structure={"layers": _BRANCHES, "readout": [], "loading_method": "normalizing", "outputs": _OUTPUTS},
)


def trained(candidate: Candidate) -> Network | Detector:
    """The network of ``candidate`` with weights that differ in every array, so that none can pass for another."""
    network = build_network(candidate)
    rng = np.random.default_rng(5)
    network.model.set_weights([rng.uniform(0.1, 0.9, array.shape) for array in network.model.get_weights()])
    return network


def write_model(path: Path, candidate: Candidate, network: Network | Detector | None = None) -> Path:
    """Write the document of ``candidate`` to ``path``, as the end of a training does."""
    result = Result(candidate.name, candidate.network, candidate.method, Status.FINISHED)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / WEIGHTS_FILE
        (network or trained(candidate)).model.save_weights(weights)
        write_document(path, model_document(candidate, result, weights))
    return path
