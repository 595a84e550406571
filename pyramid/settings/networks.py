"""The image networks and training methods that a candidate may name, with the facts that settings check."""

from dataclasses import dataclass

from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL


@dataclass(frozen=True)
class NetworkFacts:
    """What must be known of a network before anything heavy is imported.

    Attributes:
        objective: CATEGORICAL for networks with one output vector (numeric too), BOUNDING_BOX for detectors.
        minimum_side: the smallest width and height in pixels of `input_image_shape`.
        pretrained: whether published weights exist.
    """

    objective: str
    minimum_side: int
    pretrained: bool


NETWORKS: dict[str, NetworkFacts] = {
    "simple": NetworkFacts(CATEGORICAL, 8, pretrained=False),
    "simple_residual": NetworkFacts(CATEGORICAL, 16, pretrained=False),
    "mobilenet": NetworkFacts(CATEGORICAL, 32, pretrained=True),
    "mobilenetv2": NetworkFacts(CATEGORICAL, 32, pretrained=True),
    "resnet18": NetworkFacts(CATEGORICAL, 32, pretrained=True),
    "tinyyolov4": NetworkFacts(BOUNDING_BOX, 32, pretrained=True),
    "yolov4": NetworkFacts(BOUNDING_BOX, 32, pretrained=True),
}

TRAINING_METHODS = ("randomly_initialize", "fine_tune", "use_pretrained")

#: Tried when `image_network_candidates` is absent, in this order.
DEFAULT_CANDIDATES = (
    ("simple", "randomly_initialize"),
    ("simple_residual", "randomly_initialize"),
    ("mobilenetv2", "randomly_initialize"),
)
