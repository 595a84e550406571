"""Where torchvision's tensors belong in sensenet's networks: names, shapes and axes."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyramid.networks.weights.published import Published, description, published_layers


@dataclass(frozen=True)
class Source:
    """torchvision's names of a network's parts.

    Attributes:
        convolutions: in the order in which the data passes through them.
        shortcuts: the convolutions that a block's input passes through beside the block, in the order of the blocks.
        head: the dense layer that tells the classes.
    """

    convolutions: tuple[str, ...]
    shortcuts: tuple[str, ...]
    head: str


def _mobilenet() -> Iterator[str]:
    yield from ("features.0.0", "features.1.conv.0.0", "features.1.conv.1")
    for block in range(2, 18):
        yield from (f"features.{block}.conv.{part}" for part in ("0.0", "1.0", "2"))
    yield "features.18.0"


def _resnet() -> Iterator[str]:
    yield "conv1"
    for stage in range(1, 5):
        yield from (f"layer{stage}.{block}.conv{part}" for block in (0, 1) for part in (1, 2))


#: Name in sensenet -> torchvision's parts: the networks whose weights can be converted.
SOURCES = {
    "mobilenetv2": Source(tuple(_mobilenet()), (), "classifier.1"),
    "resnet18": Source(tuple(_resnet()), tuple(f"layer{stage}.0.downsample.0" for stage in (2, 3, 4)), "fc"),
}

#: Type of a layer -> torchvision's name and, for each axis in Keras, the axis in PyTorch, of each of its arrays.
_PARAMETERS: dict[str, tuple[tuple[str, tuple[int, ...]], ...]] = {
    "batch_normalization": (("weight", (0,)), ("bias", (0,)), ("running_mean", (0,)), ("running_var", (0,))),
    "convolution_2d": (("weight", (2, 3, 1, 0)),),
    "depthwise_convolution_2d": (("weight", (2, 3, 0, 1)),),
    "dense": (("weight", (1, 0)), ("bias", (0,))),
}


def names(network: str) -> Iterator[str]:
    """torchvision's name of each layer with weights, in the order of `published_layers`.

    sensenet lists the layers of parallel branches in turns, so a batch normalisation is found by what goes into it.
    """
    source, documents = SOURCES[network], description(network)["image_network"]["layers"]
    convolutions, shortcuts = iter(source.convolutions), iter(source.shortcuts)
    named: dict[int, str] = {}
    for layer in published_layers(network):
        if layer.place is None:
            yield source.head
            continue
        if layer.type == "batch_normalization":
            named[layer.place] = _normalization(named[documents[layer.place]["inputs"][0]])
        else:  # in the networks with convolutions on shortcuts, these alone have kernels of 1×1
            beside = source.shortcuts and layer.shapes[0][:2] == (1, 1)
            named[layer.place] = next(shortcuts if beside else convolutions)
        yield named[layer.place]


def _normalization(convolution: str) -> str:
    """torchvision's name of the batch normalisation after a convolution."""
    before, _, last = convolution.rpartition(".")
    return f"{before}.{int(last) + 1}" if last.isdigit() else convolution.replace("conv", "bn")


def expected(name: str, layer: Published) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Name and shape in torchvision, and axes, of each of a layer's arrays."""
    return [
        (f"{name}.{parameter}", tuple(shape[axes.index(axis)] for axis in range(len(axes))), axes)
        for (parameter, axes), shape in zip(_PARAMETERS[layer.type], layer.shapes, strict=True)
    ]
