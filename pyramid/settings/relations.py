"""The rules that hold between settings, or between a setting and a fact."""

import re
from collections.abc import Iterator

from pyramid.settings.common import HYPERPARAMETERS
from pyramid.settings.metrics import METRICS
from pyramid.settings.networks import NETWORKS
from pyramid.settings.objectives import LOSSES, objective_of_loss
from pyramid.settings.optimizers import OPTIMIZERS
from pyramid.settings.pictures import PictureSettings
from pyramid.settings.tracking import tracking_problems
from pyramid.settings.train import ROW_KEYS, TrainSettings


def key_of(problem: str) -> str:
    """The key of the settings that ``problem`` is about: its path begins with it."""
    return re.split(r"\W", problem)[0]


def relations(settings: TrainSettings, broken: set[str]) -> list[str]:
    """Every broken rule of ``settings``; keys in ``broken`` have been reported and are passed over."""
    of_training = [*_required(settings), *(() if "descent_algorithm" in broken else _hyperparameters(settings))]
    kept = [problem for problem in of_training if key_of(problem) not in broken]
    return kept + general_relations(settings, broken)


def general_relations(settings: PictureSettings, broken: set[str]) -> list[str]:
    """Those that hold for the jobs of a backend and for a search too."""
    problems = [problem for rule in (_shape, _candidates, _objective, _tracking) for problem in rule(settings)]
    return [problem for problem in problems if key_of(problem) not in broken]


def _required(settings: TrainSettings) -> Iterator[str]:
    for key in ("training_data", "output_directory"):
        if getattr(settings, key) is None:
            yield f"{key}: is required"
    for key in ROW_KEYS:
        if getattr(settings, key) == []:
            yield f"{key}: must have at least one row, but is empty"


def _shape(settings: PictureSettings) -> Iterator[str]:
    shape = settings.input_image_shape
    if shape is not None and (len(shape) != 3 or shape[2] != 3 or min(shape) < 1 or max(shape) > 8192):
        yield f"input_image_shape: must be [width, height, 3] with sides of 1 to 8192 pixels, but got {shape}"


def _candidates(settings: PictureSettings) -> Iterator[str]:
    shape = settings.input_image_shape
    if shape is None or any(_shape(settings)):
        return
    if "image_network_candidates" not in settings.model_fields_set:
        side = min(NETWORKS[network].minimum_side for network, _ in settings.networks.values())
        if min(shape[:2]) < side:
            yield f"input_image_shape: the default candidates need sides of {side} pixels or more, but got {shape}"
        return
    for i, (network, _) in settings.networks.items():
        side = NETWORKS[network].minimum_side
        if min(shape[:2]) < side:
            yield (
                f"image_network_candidates[{i}]: {network} needs sides of {side} pixels or more,"
                f" but input_image_shape is {shape}"
            )


def _hyperparameters(settings: TrainSettings) -> Iterator[str]:
    known = OPTIMIZERS[settings.descent_algorithm]
    for key in HYPERPARAMETERS:
        if getattr(settings, key) is not None and key not in known:
            takes = ", ".join(known) or "none"
            yield f"{key}: {settings.descent_algorithm} does not take it (it takes {takes})"


def _tracking(settings: PictureSettings) -> Iterator[str]:
    yield from tracking_problems(settings.tracking_uri)


def _objective(settings: PictureSettings) -> Iterator[str]:
    objective, loss, metric = settings.objective_type, settings.loss_function, settings.selection_metric
    if objective in LOSSES and loss and loss not in LOSSES[objective]:
        yield f"loss_function: {loss} does not fit a {objective} objective; use one of {', '.join(LOSSES[objective])}"
        return
    meant = objective or (objective_of_loss(loss) if loss else "")
    if meant in METRICS and metric and metric not in METRICS[meant]:
        yield f"selection_metric: {metric} does not fit a {meant} objective; use one of {', '.join(METRICS[meant])}"
