"""The object detectors: YOLOv4 and its small sister, as the layer documents that sensenet serves.

Bochkovskiy, Wang and Liao, "YOLOv4: Optimal Speed and Accuracy of Object Detection" (2020).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyramid.networks.build import adapted, extract_layers, scaled, seeded, with_idle_biases
from pyramid.networks.topologies import Layer
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.layers.construct import LAYER_FUNCTIONS  # isort: skip
from sensenet.layers.utils import build_graph  # isort: skip
from sensenet.pretrained import get_pretrained_network  # isort: skip

#: What an untrained detector takes for the probability of an object (Lin et al., "Focal Loss for Dense Object
#: Detection" (2017), section 4.1): without it the background, hundreds of times as frequent, drowns all else at first.
PRIOR = 0.01

#: Predicted sizes are cut to e to the power of -8 to 8 times their anchor: a wild step must neither overflow nor make
#: a box of no size, whose aspect ratio has no gradient.
_LARGEST_POWER = 8.0


@dataclass(frozen=True)
class Branch:
    """One of the grids on which boxes are predicted.

    Attributes:
        layer: the place of its last layer in the list of layers.
        stride: side of a cell in pixels of the input.
        anchors: [width, height] in pixels of the input, each predicted from in every cell.
        xyscale: how far a box's centre may be from its cell: from (1 - xyscale)/2 to (1 + xyscale)/2 cells.
    """

    layer: int
    stride: int
    anchors: list[list[float]]
    xyscale: float


@dataclass
class Detector:
    """A trainable detector.

    Attributes:
        model: float32 pixels [b, side, side, 3] in [0, 255] -> for each branch float32
            [b, side/stride, side/stride, anchors, 5 + classes]: x, y, width, height, object, classes, all raw.
        branches: in the order of the outputs.
        loading_method: sensenet's name for the scaling of pixels, which is part of ``model``.
        layers: all Keras layers, in the order of the document.
    """

    model: Any
    branches: list[Branch]
    loading_method: str
    layers: list[Any]

    @property
    def readout(self) -> list[Any]:
        """The last Keras layer of each branch."""
        return [self.layers[branch.layer] for branch in self.branches]

    @property
    def body(self) -> list[Any]:
        """All other Keras layers."""
        last = {branch.layer for branch in self.branches}
        return [layer for i, layer in enumerate(self.layers) if i not in last]

    @property
    def features(self) -> list[Any]:
        """What the readout sees: a symbolic tensor for each branch."""
        return [layer.input for layer in self.readout]

    def image_layers(self) -> list[Layer]:
        """All layers with their weights, as a sensenet document."""
        return extract_layers(self.model, self.layers)

    def readout_layers(self) -> list[Layer]:
        """None: the branches are layers like all others."""
        return []

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The branches, as a sensenet document."""
        return [
            {"input": b.layer, "strides": b.stride, "anchors": b.anchors, "xyscale": b.xyscale} for b in self.branches
        ]


def build_detector(network: str, side: int, classes: int, anchors: list[list[float]], seed: int) -> Detector:
    """Build ``network`` (tinyyolov4 or yolov4) with new weights drawn from ``seed``.

    Args:
        side: width and height of the input in pixels, a multiple of 32.
        anchors: [width, height] in pixels of the input, sorted by area; the smallest go to the finest grid.
    """
    described = get_pretrained_network(network)["image_network"]
    branches = _branches(described["metadata"]["outputs"], anchors)
    return assemble_detector(
        described["layers"], branches, described["metadata"]["loading_method"], side, classes, seed
    )


def assemble_detector(
    layers: list[Layer], branches: list[Branch], loading_method: str, side: int, classes: int, seed: int
) -> Detector:
    """Build ``layers`` with these ``branches``, and with new weights drawn from ``seed``."""
    pixels = tf.keras.Input((side, side, 3), dtype=tf.float32)
    documents = seeded(_sized(with_idle_biases(layers), branches, classes), seed)
    built = build_graph(documents, LAYER_FUNCTIONS, scaled(pixels, loading_method))
    outputs = [_shaped(built[branch.layer].output, branch, classes) for branch in branches]
    for branch in branches:
        _expect_background(built[branch.layer], len(branch.anchors))
    return Detector(adapted(tf.keras.Model(pixels, outputs)), branches, loading_method, built)


def saved_branches(outputs: list[dict[str, Any]]) -> list[Branch]:
    """The branches of a document's ``outputs``."""
    return [Branch(o["input"], int(o["strides"]), o["anchors"], float(o["xyscale"])) for o in outputs]


def _branches(outputs: list[dict[str, Any]], anchors: list[list[float]]) -> list[Branch]:
    """Deals the anchors: each branch gets as many as the others, or one more."""
    finest_first = sorted(outputs, key=lambda output: output["strides"])
    dealt = {
        output["strides"]: part.tolist()
        for output, part in zip(finest_first, np.array_split(np.array(anchors), len(outputs)), strict=True)
    }
    return [Branch(o["input"], int(o["strides"]), dealt[o["strides"]], float(o["xyscale"])) for o in outputs]


def _sized(layers: list[Layer], branches: list[Branch], classes: int) -> list[Layer]:
    """``layers`` with outputs for these anchors and classes."""
    filters = {branch.layer: len(branch.anchors) * (5 + classes) for branch in branches}
    return [layer | {"number_of_filters": filters[i]} if i in filters else layer for i, layer in enumerate(layers)]


def _shaped(raw: tf.Tensor, branch: Branch, classes: int) -> tf.Tensor:
    """float32 [b, cells, cells, anchors, 5 + classes] of the convolution's [b, cells, cells, anchors (5 + classes)]."""
    _, rows, columns, _ = raw.shape
    return tf.keras.layers.Reshape((rows, columns, len(branch.anchors), 5 + classes))(raw)


def _expect_background(layer: Any, anchors: int) -> None:
    kernel, bias = layer.get_weights()
    bias = bias.reshape(anchors, -1)
    bias[:, 4] = -math.log((1 - PRIOR) / PRIOR)
    layer.set_weights([kernel, bias.ravel()])


def decode(raw: tf.Tensor, branch: Branch) -> tf.Tensor:
    """Where the boxes of a branch are: float32 [b, cells, cells, anchors, 4]: centre x, y, width, height in pixels."""
    rows, columns = raw.shape[1:3]
    across, down = tf.meshgrid(tf.range(columns, dtype=tf.float32), tf.range(rows, dtype=tf.float32))
    cell = tf.stack([across, down], -1)[tf.newaxis, :, :, tf.newaxis]
    within = tf.sigmoid(raw[..., :2]) * branch.xyscale - (branch.xyscale - 1) / 2
    size = tf.exp(tf.clip_by_value(raw[..., 2:4], -_LARGEST_POWER, _LARGEST_POWER)) * tf.constant(
        branch.anchors, tf.float32
    )
    return tf.concat([(within + cell) * branch.stride, size], -1)
