"""Plain arguments -> a Keras model whose layers sensenet can save."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyramid.networks.readout import readout
from pyramid.networks.topologies import TOPOLOGIES, Layer, Topology
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.layers.construct import LAYER_FUNCTIONS  # isort: skip
from sensenet.layers.extract import extract_layers_list  # isort: skip
from sensenet.layers.utils import build_graph  # isort: skip
from sensenet.preprocess.image import ImageLoader  # isort: skip

#: Keras's 0.99 needs hundreds of steps before the moving averages are of use to a check of the holdout, and 0.9 some
#: forty: a short training would keep its first weights as the best.
BATCH_NORMALIZATION_MOMENTUM = 0.8


@dataclass
class Network:
    """A trainable network.

    Attributes:
        model: float32 pixels [b, height, width, 3] in [0, 255] -> (raw outputs [b, k], served outputs [b, k]).
            Raw outputs are logits, or standardised values; served outputs are probabilities, or the same values.
        loading_method: sensenet's name for the scaling of pixels, which is part of ``model``.
        body: the Keras layers up to the features.
        readout: those behind them.
    """

    model: Any
    loading_method: str
    body: list[Any]
    readout: list[Any]

    @property
    def layers(self) -> list[Any]:
        """All Keras layers, in the order of the document."""
        return [*self.body, *self.readout]

    @property
    def features(self) -> list[Any]:
        """What the readout sees: symbolic tensors."""
        return [self.body[-1].output]

    def image_layers(self) -> list[Layer]:
        """The layers up to the features with their weights, as a sensenet document."""
        return extract_layers(self.model, self.body)

    def readout_layers(self) -> list[Layer]:
        """The layers behind the features with their weights, as a sensenet document."""
        return extract_layers(self.model, self.readout)

    @property
    def outputs(self) -> int:
        """The number of features between the two."""
        return int(self.body[-1].output.shape[-1])


def build(network: str, width: int, height: int, outputs: int, categorical: bool, seed: int) -> Network:
    """Build ``network`` (a key of TOPOLOGIES) with new weights drawn from ``seed``."""
    topology = TOPOLOGIES[network](width, height)
    return assemble(topology, readout(outputs, categorical), width, height, categorical, seed)


def assemble(
    topology: Topology, readout: list[Layer], width: int, height: int, categorical: bool, seed: int
) -> Network:
    """Build ``topology`` with ``readout`` behind it, which ends with a softmax when it is ``categorical``."""
    pixels = tf.keras.Input((height, width, 3), dtype=tf.float32)
    documents = seeded(with_idle_biases(topology.layers), seed)
    body = build_graph(documents, LAYER_FUNCTIONS, scaled(pixels, topology.loading_method))
    top = build_graph(seeded(readout, seed + 1), LAYER_FUNCTIONS, body[-1].output)
    raw = top[-2 if categorical else -1].output
    model = adapted(tf.keras.Model(pixels, [raw, top[-1].output]))
    return Network(model, topology.loading_method, body, top)


def scaled(pixels: Any, loading_method: str) -> Any:
    """``pixels`` in [0, 255] as the first layer wants them."""
    return ImageLoader({"metadata": {"loading_method": loading_method}})(pixels)


def with_idle_biases(layers: list[Layer]) -> list[Layer]:
    """``layers`` with a bias in every convolution whose normalization is followed by a mish.

    The normalization makes the bias idle: without one TensorFlow 2.21 fuses the three at prediction time and then
    finds no kernel ("Fusion is not implemented: [FusedBatchNorm,Mish]").
    """
    made = [dict(layer) for layer in layers]
    for place, layer in enumerate(layers):
        before = _before(layers, place)
        if layer.get("activation_function") == "mish" and layers[before]["type"] == "batch_normalization":
            convolution = made[_before(layers, before)]
            if convolution["type"] == "convolution_2d" and convolution.get("bias") is None:
                convolution["bias"] = "zeros"
    return made


def _before(layers: list[Layer], place: int) -> int:
    """The place of the layer that ``place`` follows."""
    return int(layers[place].get("inputs", [place - 1])[0])


def adapted(model: Any) -> Any:
    """The Keras ``model``, with our momentum of batch normalization."""
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = BATCH_NORMALIZATION_MOMENTUM
    return model


def seeded(layers: list[Layer], seed: int) -> list[Layer]:
    """Every layer its own seed: with sensenet's default two layers of one shape start as twins."""
    return [layer | {"seed": (seed * 1009 + i) % 2**31} for i, layer in enumerate(layers)]


def extract_layers(model: Any, layers: Sequence[Any]) -> list[Layer]:
    """``layers`` of the Keras ``model`` as a sensenet document, with their weights as float32 arrays."""
    return list(extract_layers_list(model, [_WithArrays(layer) for layer in layers]))


class _WithArrays:
    """A layer whose weights stay arrays where sensenet makes lists of them.

    The 64 million weights of yolov4 would be 2 GB of Python floats, and 1.4 GB of text instead of 0.7.
    """

    def __init__(self, layer: Any):
        self._layer = layer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def get_weights(self) -> list[Any]:
        return [weights.view(_Array) for weights in self._layer.get_weights()]


class _Array(np.ndarray):
    def tolist(self) -> Any:
        return np.asarray(self)
