"""The rules of `pyramid_search`'s settings."""

from collections.abc import Iterator
from typing import Any

from pyramid.settings.columns import BoxColumn, Table
from pyramid.settings.common import HYPERPARAMETERS
from pyramid.settings.deepnets import GREEDY, RANK
from pyramid.settings.load import check_as
from pyramid.settings.metrics import METRICS
from pyramid.settings.networks import NETWORKS
from pyramid.settings.objectives import BOUNDING_BOX, LOSSES, NUMERIC
from pyramid.settings.optimizers import OPTIMIZERS
from pyramid.settings.relations import general_relations, key_of
from pyramid.settings.search import FIXED_BY_KEYS, SER, SearchSettings
from pyramid.settings.search_space import ALGORITHMS_TRIED, Choice, Distribution, Range

#: A block of two layers needs one before it, from which it is as wide.
LAYERS_OF_A_BLOCK = 3


def check_search(document: dict[str, Any]) -> tuple[SearchSettings, list[str]]:
    """Validate ``document``; the table is not looked at.

    Returns:
        The settings, in which a key with a problem has its default, and all problems, each with its path and value.
    """
    return check_as(SearchSettings, document, _relations)


def space_problems(settings: SearchSettings, objective_type: str) -> list[str]:
    """What does not fit an objective of the type ``objective_type``, which may be known from the table alone."""
    problems = [*_losses(settings, objective_type), *_metric(settings, objective_type)]
    return problems + (list(_needs_classes(settings)) if objective_type == NUMERIC else [])


def _relations(settings: SearchSettings, broken: set[str]) -> list[str]:
    problems = [*_required(settings), *_columns(settings), *_ensemble(settings), *_networks(settings)]
    if not broken & {"search_space", "descent_algorithm"}:
        problems += [*_twice(settings), *_hyperparameters(settings), *_blocks(settings)]
        objective = settings.said_objective
        problems += space_problems(settings, objective) if objective in LOSSES else []
    told = {key_of(problem) for problem in problems}
    general = [problem for problem in general_relations(settings, broken) if key_of(problem) not in told]
    return [problem for problem in problems if key_of(problem) not in broken] + general


def _required(settings: SearchSettings) -> Iterator[str]:
    for key in ("training_data", "output_directory"):
        if getattr(settings, key) is None:
            yield f"{key}: is required"
    if settings.info_list is not None:
        return
    if settings.objective is None and not _is_ser(settings):
        yield "objective: is required: the name of the column to predict"
    if _is_ser(settings):
        yield f"info_list: is required for a {SER} file, which does not say what its columns are"
    if settings.instance_weights:
        yield "instance_weights: needs info_list; without it name the column of weights in weight"


def _is_ser(settings: SearchSettings) -> bool:
    return (settings.training_data or "").lower().endswith(SER)


def _columns(settings: SearchSettings) -> Iterator[str]:
    if settings.table is not None:
        yield from list(settings.table.problems()) or _agreement(settings, settings.table)
        return
    objective, weight = settings.objective, settings.weight
    if weight is not None and weight == objective:
        yield f"weight: must not be the objective, but is {weight!r} too"
    for i, name in enumerate(settings.inputs or []):
        if name in (objective, weight):
            yield f"inputs[{i}]: must not be the {'objective' if name == objective else 'weight'}, but is {name!r}"
        elif name in (settings.inputs or [])[:i]:
            yield f"inputs[{i}]: {name!r} is there twice"


def _agreement(settings: SearchSettings, table: Table) -> Iterator[str]:
    """Between `info_list`, which says all, and the keys that name columns."""
    if isinstance(table.objective, BoxColumn):
        yield f"info_list[{len(table.columns) - 1}]: a search has no objective of boxes; use pyramid_train"
    elif settings.objective_type not in (None, table.objective.type):
        said = settings.objective_type
        yield f"objective_type: is {said}, but the last column of info_list is {table.objective.type}"
    if settings.inputs is not None:
        yield "inputs: info_list says the inputs; leave one of the two out"
    for key, column, place in (("objective", table.columns[-1], "last"), ("weight", table.columns[-2], "last but one")):
        given = getattr(settings, key)
        if given is not None and given != column.name:
            yield f"{key}: must be the {place} column of info_list, {column.name!r}, but is {given!r}"


def _ensemble(settings: SearchSettings) -> Iterator[str]:
    if settings.model_fraction is not None and settings.ensemble_size is not None:
        yield (
            f"ensemble_size: is {settings.ensemble_size}, but model_fraction, {settings.model_fraction:g}, says how"
            " many members there are; leave one of the two out"
        )
    if settings.model_fraction is not None and settings.chosen_by == GREEDY:
        yield (
            f"model_fraction: is {settings.model_fraction:g}, but ensemble_method {GREEDY} chooses by itself how many"
            f" members there are, up to ensemble_size; use one of the two, or {RANK}"
        )


def _networks(settings: SearchSettings) -> Iterator[str]:
    for i, (network, _) in settings.networks.items():
        if NETWORKS[network].objective == BOUNDING_BOX:
            yield f"image_network_candidates[{i}]: {network} detects objects, which a search has no objective for"


def _twice(settings: SearchSettings) -> Iterator[str]:
    named = settings.search_space.model_fields_set if settings.search_space else set()
    for name in FIXED_BY_KEYS:
        if name in named and name in settings.fixed:
            yield (
                f"search_space.{name}: is given twice: {name} is {settings.fixed[name]!r} beside search_space; leave"
                " one of the two out"
            )


def _hyperparameters(settings: SearchSettings) -> Iterator[str]:
    tried = settings.narrowed.get("descent_algorithm", Choice(ALGORITHMS_TRIED))
    names = tried.values if isinstance(tried, Choice) else ()
    for key in HYPERPARAMETERS:
        if getattr(settings, key) is not None and not any(key in OPTIMIZERS[name] for name in names):
            takers = ", ".join(name for name, keys in OPTIMIZERS.items() if key in keys)
            yield f"{key}: no optimizer of the search takes it ({', '.join(names)}); those that do: {takers}"


def _blocks(settings: SearchSettings) -> Iterator[str]:
    """A space in which blocks are asked for and none can be made has no network in it."""
    space = settings.narrowed
    layers = space.get("number_of_layers")
    if space.get("learn_residuals") != Choice((True,)):
        return
    place = "search_space.learn_residuals" if "learn_residuals" not in settings.fixed else "learn_residuals"
    if layers is not None and _most(layers) < LAYERS_OF_A_BLOCK:
        yield (
            f"{place}: is always true, but needs {LAYERS_OF_A_BLOCK} layers, and number_of_layers is at most"
            f" {_most(layers)}; no network is left"
        )


def _most(numbers: Distribution) -> float:
    return numbers.most if isinstance(numbers, Range) else max(numbers.values)


def _losses(settings: SearchSettings, objective: str) -> Iterator[str]:
    for place, loss in _places(settings, "loss_function"):
        if loss not in LOSSES[objective]:
            yield f"{place}: {loss} does not fit a {objective} objective; use one of {', '.join(LOSSES[objective])}"


def _metric(settings: SearchSettings, objective: str) -> Iterator[str]:
    metric, metrics = settings.selection_metric, METRICS[objective]
    if metric and metric not in metrics:
        yield f"selection_metric: {metric} does not fit a {objective} objective; use one of {', '.join(metrics)}"


def _needs_classes(settings: SearchSettings) -> Iterator[str]:
    balanced = [place for place, value in _places(settings, "balance_objective") if value]
    given = [key for key in ("class_weights", "label_smoothing_factor") if getattr(settings, key)]
    for place in balanced + given:
        yield f"{place}: needs classes, but the objective is numeric; leave it out"


def _places(settings: SearchSettings, name: str) -> list[tuple[str, Any]]:
    """The path of each value that the user gave a parameter with names or switches for values, and the value."""
    if name in settings.fixed:
        return [(name, settings.fixed[name])]
    given = getattr(settings.search_space, name, None)
    path = f"search_space.{name}"
    if isinstance(given, list):
        return [(f"{path}[{i}]", value) for i, value in enumerate(given)]
    return [] if given is None else [(path, given)]
