"""Deep networks on the columns of a table, as sensenet's layer documents and as Keras models."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyramid.networks.build import adapted
from pyramid.networks.hidden_layers import BLOCK, PATHS
from pyramid.networks.topologies import Layer, activation
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.layers.construct import LAYER_FUNCTIONS  # isort: skip
from sensenet.layers.utils import WEIGHT_KEYS, activation_function  # isort: skip


@dataclass
class Deepnet:
    """A trainable network on rows.

    Attributes:
        model: float32 [b, inputs] -> (raw outputs [b, k], served outputs [b, k]): logits and probabilities, or
            standardised values twice.
        served: the same, with the served outputs alone.
    """

    model: Any
    served: Any
    _documents: list[Layer]
    _layers: list[Any]

    def layers(self) -> list[Layer]:
        """sensenet's layers with their weights, which are float32 arrays."""
        layers = iter(self._layers)
        return _filled(self._documents, lambda: next(layers))

    @property
    def kernels(self) -> list[tuple[Any, Any]]:
        """Every dense layer, and its weights."""
        return [(layer, layer.kernel) for layer in self._layers if isinstance(layer, tf.keras.layers.Dense)]


def build_deepnet(layers: list[Layer], inputs: int, categorical: bool, seed: int) -> Deepnet:
    """Build ``layers``, of which the last is the output (a softmax if it is ``categorical``), with new weights.

    Raises:
        ValueError: they do not fit together.
    """
    rows = tf.keras.Input((inputs,), dtype=tf.float32)
    made: list[Any] = []
    outputs = _built(layers, rows, made, seed)
    raw, served = outputs[-2 if categorical else -1], outputs[-1]
    model = adapted(tf.keras.Model(rows, [raw, served]))
    return Deepnet(model, tf.keras.Model(rows, served), layers, made)


def _built(documents: list[Layer], rows: Any, made: list[Any], seed: int) -> list[Any]:
    """The outputs of ``documents``, applied to ``rows``; Keras's layers are added to ``made`` in order.

    sensenet's own builder does not give the layers within a block.
    """
    outputs: list[Any] = []
    for document in documents:
        taken = [outputs[i] for i in document.get("inputs", [-1])] if outputs else [rows]
        if document["type"] == BLOCK:
            ends = [[taken[0], *_built(document[path], taken[0], made, seed)][-1] for path in PATHS]
            outputs.append(tf.keras.layers.Activation(activation_function(document))(tf.keras.layers.Add()(ends)))
            continue
        layer = _layer(document, (seed * 1009 + len(made)) % 2**31)
        made.append(layer)
        outputs.append(layer(taken if len(taken) > 1 else taken[0]))
    return outputs


def _layer(document: Layer, seed: int) -> Any:
    """The Keras layer of ``document``.

    With sensenet's default seed two layers of one shape would start as twins; the seed of its dropouts is always 42,
    and two of one width would leave out the same nodes.
    """
    if document["type"] == "dropout":
        kind = tf.keras.layers.AlphaDropout if document["dropout_type"] == "alpha" else tf.keras.layers.Dropout
        return kind(document["rate"], seed=seed)
    return LAYER_FUNCTIONS[document["type"]](document | {"seed": seed})


def _filled(documents: list[Layer], layer: Callable[[], Any]) -> list[Layer]:
    """``documents`` with the weights of Keras's layers, which ``layer`` gives in order; without dropout.

    A first dropout becomes a layer that does nothing: there is no other place that stands for the input.
    """
    made: list[Layer] = []
    places: list[int] = []  # of each document or, of dropout, of what enters it
    for i, document in enumerate(documents):
        before = [places[j] for j in document.get("inputs", [i - 1])] if i else []
        if document["type"] == BLOCK:
            made.append(document | {path: _filled(document[path], layer) for path in PATHS})
        else:
            keras = layer()
            if document["type"] == "dropout" and before:
                places.append(before[0])
                continue
            document = activation("linear") if document["type"] == "dropout" else document
            names = WEIGHT_KEYS.get(type(keras).__name__, [])
            made.append(document | dict(zip(names, map(np.asarray, keras.get_weights()), strict=True)))
        if before and ("inputs" in document or before != [len(made) - 2]):
            made[-1] = made[-1] | {"inputs": before}
        places.append(len(made) - 1)
    return made
