"""The layers between an image network's features and the output."""

from pyramid.networks.topologies import Layer


def dense(nodes: int, function: str) -> Layer:
    return {
        "type": "dense",
        "weights": "glorot_uniform",
        "offset": "zeros",
        "activation_function": function,
        "number_of_nodes": nodes,
    }


def readout(outputs: int, categorical: bool) -> list[Layer]:
    """A dense layer of 256 and the output: probabilities of classes, or one standardised value."""
    layers = [dense(256, "relu"), dense(outputs, "linear")]
    return [*layers, {"type": "activation", "activation_function": "softmax"}] if categorical else layers
