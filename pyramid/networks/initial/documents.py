"""What the document of a model of pictures must look like, so that it can be trained on from.

Weights are left alone here; `misfits.py` compares them with the shapes that follow from the layers.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from pyramid.settings.common import Document
from pyramid.settings.networks import DETECTOR_DIVISOR
from pyramid.settings.objectives import BOUNDING_BOX

Side = Annotated[int, Field(ge=1, le=8192)]
Count = Annotated[int, Field(ge=1, le=64)]
Pixels = Annotated[float, Field(gt=0, le=1e6)]
Moment = Annotated[float, Field(ge=-1e30, le=1e30)]
Place = Annotated[int, Field(ge=0)]
Pair = Annotated[list[Count], Field(min_length=2, max_length=2)]
Border = Annotated[list[Annotated[int, Field(ge=0, le=64)]], Field(min_length=2, max_length=2)]
Borders = Literal["same", "valid"]
Function = (
    Literal["elu", "exponential", "gelu", "hard_sigmoid", "identity", "leaky_relu", "linear", "mish", "relu"]
    | Literal["relu6", "selu", "sigmoid", "softmax", "softplus", "softsign", "swish", "tanh"]
)


class Part(Document):
    """A part of a document; what pyramid does not need may be there too."""

    model_config = ConfigDict(extra="ignore")


class Layer(Part):
    inputs: list[Place] | None = Field(None, min_length=1)


class Plain(Layer):
    type: Literal["add", "concatenate", "dropout", "global_average_pool_2d", "global_max_pool_2d"]


class Activation(Layer):
    type: Literal["activation"]
    activation_function: Function | None


class BatchNormalization(Layer):
    type: Literal["batch_normalization"]
    epsilon: float = Field(0.001, gt=0, lt=1)


class Convolution(Layer):
    type: Literal["convolution_2d", "depthwise_convolution_2d", "separable_convolution_2d"]
    padding: Borders
    strides: Pair
    activation_function: Function | None = None
    depth_multiplier: Count = 1


class Dense(Layer):
    type: Literal["dense"]
    activation_function: Function | None = None


class MaxPool(Layer):
    type: Literal["max_pool_2d"]
    pool_size: Pair
    strides: Pair
    padding: Borders


class Padding(Layer):
    type: Literal["padding_2d"]
    padding: list[Border] = Field(min_length=2, max_length=2)


class SplitChannels(Layer):
    type: Literal["split_channels"]
    number_of_splits: Count
    group_index: Place


class Upsampling(Layer):
    """sensenet saves every one as this."""

    type: Literal["upsampling_2d"]
    method: Literal["bilinear"]
    size: list[Literal[2]] = Field(min_length=2, max_length=2)


AnyLayer = Annotated[
    Plain | Activation | BatchNormalization | Convolution | Dense | MaxPool | Padding | SplitChannels | Upsampling,
    Field(discriminator="type"),
]


class Branch(Part):
    """A grid of a detector."""

    input: Place
    strides: Count
    anchors: list[Annotated[list[Pixels], Field(min_length=2, max_length=2)]] = Field(min_length=1)
    xyscale: float = Field(gt=0, le=10)


class Metadata(Part):
    base_image_network: str | None = None
    input_image_shape: list[Side] = Field(min_length=3, max_length=3)
    loading_method: Literal[
        "normalizing", "centering", "skewed_centering", "channelwise_centering", "channelwise_standardizing"
    ]
    rescale_type: Literal["warp", "pad", "crop"] | None = None
    outputs: Any = None


class Branches(Part):
    outputs: list[Branch] = Field(min_length=1)


class ImageNetwork(Part):
    layers: list[AnyLayer] = Field(min_length=1)
    metadata: Metadata


class Classes(Part):
    type: Literal["categorical", "bounding_box"]
    values: list[str | int | float | bool] = Field(min_length=1)


class Values(Part):
    type: Literal["numeric"]
    mean: Moment
    stdev: float = Field(gt=0, le=1e30)


class ModelDocument(Part):
    image_network: ImageNetwork
    layers: list[AnyLayer] | None
    output_exposition: Annotated[Classes | Values, Field(discriminator="type")]


def broken_rule(document: dict[str, Any]) -> str:
    """What is wrong between the parts of a ``document`` whose parts are right; "" when nothing is."""
    metadata, exposition = document["image_network"]["metadata"], document["output_exposition"]
    width, height, channels = shape = metadata["input_image_shape"]
    detects = exposition["type"] == BOUNDING_BOX
    if channels != 3 or (detects and (width != height or width % DETECTOR_DIVISOR)):
        return f"has an input of {shape}, which pyramid cannot train"
    if metadata.get("mean_image") is not None:
        return "subtracts a mean image, which pyramid cannot"
    for layers in (document["image_network"]["layers"], document["layers"] or []):
        for place, layer in enumerate(layers):
            if max(layer.get("inputs") or [0]) >= max(place, 1):
                return f"has a layer ({place}, {layer['type']}) whose inputs do not come before it"
    return ""
