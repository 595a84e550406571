"""The hidden layers of a network on rows, from a few numbers. No TensorFlow."""

from collections.abc import Callable

from pyramid.networks.readout import dense
from pyramid.networks.topologies import Layer, activation, normalization

#: sensenet's name for two layers around which what enters them is led, and the keys of the two ways.
BLOCK = "dense_residual_block"
PATHS = ("dense_path", "identity_path")


def _rectangle(layers: int, largest: int) -> list[int]:
    return [largest] * layers


def _funnel(layers: int, largest: int) -> list[int]:
    return [max(2, largest >> i) for i in range(layers)]


def _diamond(layers: int, largest: int) -> list[int]:
    return [max(2, largest >> abs(i - (layers - 1) // 2)) for i in range(layers)]


#: name -> (number of layers, size of the largest) -> the size of each.
TOPOLOGIES: dict[str, Callable[[int, int], list[int]]] = {
    "rectangle": _rectangle,
    "funnel": _funnel,
    "diamond": _diamond,
}


def hidden_layers(sizes: list[int], function: str, dropout: float, residuals: bool) -> list[Layer]:
    """Documents of hidden layers.

    With ``residuals`` two layers whose last is as wide as what enters them become a block around which that is led
    (He et al., "Deep residual learning for image recognition", 2015), with batch normalization as there.
    """
    made: list[Layer] = []
    place, width = 0, 0
    while place < len(sizes):
        if residuals and sizes[place + 1 : place + 2] == [width]:
            made.append(_block(sizes[place], width, function))
            place += 2
        else:
            made += [dense(sizes[place], "linear"), activation(function)]
            width = sizes[place]
            place += 1
        if dropout:
            made.append({"type": "dropout", "dropout_type": "zero", "rate": dropout})
    return made


def _block(inner: int, outer: int, function: str) -> Layer:
    path = [dense(inner, "linear"), normalization(), activation(function), dense(outer, "linear"), normalization()]
    return {"type": BLOCK, "dense_path": path, "identity_path": [], "activation_function": function}
