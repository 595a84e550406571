"""The image networks and training methods that a candidate may name, with the facts that settings check."""

from dataclasses import dataclass

from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC


@dataclass(frozen=True)
class NetworkFacts:
    """What must be known of a network before anything heavy is imported.

    Attributes:
        objective: CATEGORICAL for networks with one output vector (numeric too), BOUNDING_BOX for detectors.
        minimum_side: the smallest width and height in pixels of `input_image_shape`.
        pretrained: whether published weights exist.
        branches: of a detector, how many grids of different fineness it predicts boxes on.
        anchors: of a detector, how many sizes of boxes it starts from when the settings name none.
    """

    objective: str
    minimum_side: int
    pretrained: bool
    branches: int = 0
    anchors: int = 0


NETWORKS: dict[str, NetworkFacts] = {
    "simple": NetworkFacts(CATEGORICAL, 8, pretrained=False),
    "simple_residual": NetworkFacts(CATEGORICAL, 16, pretrained=False),
    "mobilenet": NetworkFacts(CATEGORICAL, 32, pretrained=True),
    "mobilenetv2": NetworkFacts(CATEGORICAL, 32, pretrained=True),
    "resnet18": NetworkFacts(CATEGORICAL, 32, pretrained=True),
    "tinyyolov4": NetworkFacts(BOUNDING_BOX, 32, pretrained=True, branches=2, anchors=6),
    "yolov4": NetworkFacts(BOUNDING_BOX, 32, pretrained=True, branches=3, anchors=9),
}

#: Names of the networks with published weights.
PUBLISHED = tuple(name for name, facts in NETWORKS.items() if facts.pretrained)

#: The training methods that start from these.
PRETRAINED_METHODS = ("fine_tune", "use_pretrained")
TRAINING_METHODS = ("randomly_initialize", *PRETRAINED_METHODS)

#: Stands in the place of a network, before the path of a model's document; and is the method of that candidate.
INITIAL_MODEL = "initial_model"

_DEFAULT_NETWORKS = {
    CATEGORICAL: ("simple", "simple_residual", "mobilenetv2"),
    NUMERIC: ("simple", "simple_residual", "mobilenetv2"),
    BOUNDING_BOX: ("tinyyolov4",),
}

#: What is tried for an objective when `image_network_candidates` is absent, in this order.
DEFAULT_CANDIDATES = {
    objective: tuple((network, "randomly_initialize") for network in names)
    for objective, names in _DEFAULT_NETWORKS.items()
}

#: The sides of a detector's input are multiples of this many pixels: its coarsest grid has such cells.
DETECTOR_DIVISOR = 32
