"""A job's document -> settings that are right for its type."""

import re
from collections.abc import Iterator
from typing import Any

from pyramid.errors import ConfigError
from pyramid.settings.base_settings import (
    DATASET_CACHING,
    FINALIZE_OUTPUT,
    IMAGE_TRAINING,
    SEARCH_SUBMODEL,
    STANDARD_TRAINING,
    BaseSettings,
)
from pyramid.settings.load import check_as
from pyramid.settings.metrics import METRICS
from pyramid.settings.networks import NETWORKS, PRETRAINED_METHODS
from pyramid.settings.objectives import BOUNDING_BOX, LOSSES
from pyramid.settings.relations import general_relations, key_of

#: What each type of job cannot do without.
_NEEDS = {
    IMAGE_TRAINING: ("cache_file", "info_list"),
    DATASET_CACHING: ("cache_file", "info_list"),
    STANDARD_TRAINING: ("cache_file", "info_list"),
    SEARCH_SUBMODEL: ("cache_file", "info_list"),
    FINALIZE_OUTPUT: ("info_list",),
}


def check_job(document: dict[str, Any]) -> BaseSettings:
    """Validate ``document``; no file is looked at.

    Raises:
        ConfigError: with every problem, each with its path and value.
    """
    settings, problems = check_as(BaseSettings, document, _relations)
    if problems:
        raise ConfigError(problems)
    return settings


def _relations(settings: BaseSettings, broken: set[str]) -> list[str]:
    problems = [] if "job_type" in broken else list(_required(settings))
    if settings.job_type in (STANDARD_TRAINING, SEARCH_SUBMODEL):
        problems += _name(settings)
    if settings.info_list is not None and not broken & {"info_list", "instance_weights"}:
        of_columns = list(settings.table.problems())
        problems += of_columns or [*_objective(settings), *_image_network(settings)]
    told = {key_of(problem) for problem in problems}
    general = [problem for problem in general_relations(settings, broken) if key_of(problem) not in told]
    return [problem for problem in problems if key_of(problem) not in broken] + general


def _required(settings: BaseSettings) -> Iterator[str]:
    for key in ("job_id", "output_directory", *_NEEDS[settings.job_type]):
        if getattr(settings, key) is None:
            yield f"{key}: is required for a job of the type {settings.job_type}"


def _name(settings: BaseSettings) -> Iterator[str]:
    name = str(settings.job_id)
    if re.search("[/\0\ud800-\udfff]", name) or not 0 < len(name.encode(errors="surrogatepass")) <= 200:
        yield f"job_id: names a folder, so it must have 1 to 200 bytes and no slash, but got {name[:80]!r}"


def _objective(settings: BaseSettings) -> Iterator[str]:
    objective = settings.table.objective.type
    if settings.objective_type not in (None, objective):
        yield f"objective_type: is {settings.objective_type}, but the last column of info_list is {objective}"
    losses = LOSSES.get(objective, ())
    if settings.loss_function and settings.loss_function not in losses:
        way = f"use one of {', '.join(losses)}" if losses else "leave it out"
        yield f"loss_function: {settings.loss_function} does not fit a {objective} objective; {way}"
    metric, metrics = settings.selection_metric, METRICS[objective]
    if metric and metric not in metrics:
        yield f"selection_metric: {metric} does not fit a {objective} objective; use one of {', '.join(metrics)}"
    named = [name for name, _ in settings.class_weights or []]
    for i, name in enumerate(named):
        if name not in settings.table.classes:
            yield f"class_weights[{i}]: no class of the objective is called {name!r}"
        elif name in named[:i]:
            yield f"class_weights[{i}]: {name!r} has a weight already"


def _image_network(settings: BaseSettings) -> Iterator[str]:
    network, method = settings.base_image_network, settings.image_training_type
    detects = settings.table.objective.type == BOUNDING_BOX
    if network and (NETWORKS[network].objective == BOUNDING_BOX) != detects:
        yield f"base_image_network: {network} does not fit a {settings.table.objective.type} objective"
    if network and method in PRETRAINED_METHODS and not NETWORKS[network].pretrained:
        yield f"image_training_type: {network} has no pretrained weights; use randomly_initialize"
    if settings.job_type == IMAGE_TRAINING and not settings.table.images:
        yield "info_list: an image_training job needs a column of images, but has none"
