"""What does not fit together once the rows have told the objective."""

from collections.abc import Iterator

from pyramid.data.shape import nearest_side
from pyramid.settings.metrics import METRICS
from pyramid.settings.networks import DETECTOR_DIVISOR, NETWORKS
from pyramid.settings.objectives import BOUNDING_BOX, LOSSES, NUMERIC
from pyramid.settings.train import TrainSettings

#: Keys that need a class for each picture.
_FOR_CLASSES = ("class_weights", "label_smoothing_factor")


def misfits(settings: TrainSettings, objective: str, loss: str) -> list[str]:
    """The settings that contradict ``objective``, which the settings alone could not tell."""
    rules = [_metric(settings, objective), _networks(settings, objective)]
    rules += [_boxes(settings)] if objective == BOUNDING_BOX else [_labels(settings, objective, loss)]
    return [problem for rule in rules for problem in rule]


def _metric(settings: TrainSettings, objective: str) -> Iterator[str]:
    metric = settings.selection_metric
    told = settings.objective_type or settings.loss_function  # then the settings alone could tell
    if metric and metric not in METRICS[objective] and not told:
        what = "boxes" if objective == BOUNDING_BOX else f"labels that are {objective}"
        yield f"selection_metric: {metric} does not fit {what}; use one of {', '.join(METRICS[objective])}"


def _networks(settings: TrainSettings, objective: str) -> Iterator[str]:
    """The default candidates follow the objective."""
    if "image_network_candidates" not in settings.model_fields_set:
        return
    detects = objective == BOUNDING_BOX
    fitting = [name for name, facts in NETWORKS.items() if (facts.objective == BOUNDING_BOX) == detects]
    for i, (network, _) in settings.networks.items():
        if network not in fitting:
            why = "does not detect objects" if detects else "needs boxes, but the rows have labels"
            yield f"image_network_candidates[{i}]: {network} {why}; use one of {', '.join(fitting)}"


def _labels(settings: TrainSettings, objective: str, loss: str) -> Iterator[str]:
    if settings.objective_type is None and loss not in LOSSES[objective]:
        yield (
            f"loss_function: {loss} does not fit labels that are {objective}; use one of"
            f" {', '.join(LOSSES[objective])}, or set objective_type"
        )
    if objective == NUMERIC:
        for key in ("balance_objective", *_FOR_CLASSES):
            if getattr(settings, key):
                yield f"{key}: needs classes, but the labels are numbers; leave it out"
    for key in ("bounding_box_anchors", "strict_boxes"):
        if getattr(settings, key):
            yield f"{key}: needs boxes, but the rows have labels; leave it out"


def _boxes(settings: TrainSettings) -> Iterator[str]:
    for key in ("loss_function", *_FOR_CLASSES):
        if getattr(settings, key):
            yield f"{key}: is not for boxes, which have a loss of their own; leave it out"
    if "rescale_type" in settings.model_fields_set and settings.rescale_type != "pad":
        yield f"rescale_type: boxes need pad, but got {settings.rescale_type}; leave it out"
    yield from _square(settings)
    yield from _anchors(settings)


def _square(settings: TrainSettings) -> Iterator[str]:
    shape = settings.input_image_shape
    if (
        shape is None
        or len(shape) != 3
        or max(shape) > 8192
        or (shape[0] == shape[1] and shape[0] % DETECTOR_DIVISOR == 0)
    ):
        return
    side = nearest_side(max(shape[:2]))
    yield (
        f"input_image_shape: boxes need a square with sides that are a multiple of {DETECTOR_DIVISOR}, but got {shape};"
        f" the nearest is [{side}, {side}, 3]"
    )


def _anchors(settings: TrainSettings) -> Iterator[str]:
    anchors = settings.bounding_box_anchors
    if anchors is None:
        return
    if len(set(anchors)) < len(anchors):
        yield f"bounding_box_anchors: no two may be the same, but got {[list(anchor) for anchor in anchors]}"
    side = settings.input_image_shape and max(settings.input_image_shape)
    for i, anchor in enumerate(anchors):
        if side and max(anchor) > side:
            yield f"bounding_box_anchors[{i}]: is larger than input_image_shape ({side} pixels): {list(anchor)}"
    for i, (network, _) in settings.networks.items():
        branches = NETWORKS[network].branches
        if len(anchors) < branches:
            yield (
                f"bounding_box_anchors: {network} (image_network_candidates[{i}]) needs {branches} or more,"
                f" but got {len(anchors)}"
            )
