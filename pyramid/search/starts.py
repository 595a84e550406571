"""What candidates start from: models that were trained before, and the published weights of networks."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pyramid.data.examples import Examples
from pyramid.errors import ConfigError, Interrupted
from pyramid.networks.initial.outputs import class_difference, fitted_weights
from pyramid.networks.initial.read import InitialModel, read_initial
from pyramid.networks.weights import files, h5
from pyramid.networks.weights.fetch import fetch, probe
from pyramid.networks.weights.published import Weights, up_to_features
from pyramid.settings.networks import NETWORKS, PRETRAINED_METHODS
from pyramid.settings.objectives import BOUNDING_BOX, NUMERIC
from pyramid.settings.train import TrainSettings
from pyramid.training.candidate import Candidate


@dataclass
class Starts:
    """What there is to start from.

    Attributes:
        models: where the settings name them -> the models.
        missing: network -> why its published weights cannot be had.
    """

    models: dict[str, InitialModel] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def find_starts(settings: TrainSettings, examples: Examples) -> tuple[Starts, list[str]]:
    """What the candidates of ``settings`` start from, and every problem with it.

    Weights that cannot be had are no problem while other candidates can do without them.
    """
    models, problems = _models(settings, examples)
    pretrained = {i: network for i, (network, method) in settings.networks.items() if method in PRETRAINED_METHODS}
    fitting = {network: None for network in pretrained.values() if _fits(network, examples.objective)}
    missing = {network: why for network in fitting if (why := _why_missing(network))}
    unable = sum(network in missing for network in pretrained.values())
    if unable == len(settings.image_network_candidates) and not settings.initial_models:
        problems += [f"image_network_candidates[{i}]: {missing[network]}" for i, network in pretrained.items()]
    return Starts(models, missing), [*problems, *_contradiction(settings, models), *_replaced(settings)]


def _contradiction(settings: TrainSettings, models: dict[str, InitialModel]) -> Iterator[str]:
    """A shape that no candidate would have."""
    shape, shapes = settings.input_image_shape, [model.shape for model in models.values()]
    if shape and shapes and not settings.networks and shape not in shapes:
        own = f"all candidates are initial models, whose input is {shapes[0]}"
        yield f"input_image_shape: is {shape}, but {own}; leave it out"


def _replaced(settings: TrainSettings) -> Iterator[str]:
    """Models that the results would replace."""
    output = os.path.abspath(settings.output_directory or "")
    for place, path in settings.initial_models.items():
        if settings.output_directory and os.path.abspath(path).startswith(output + os.sep):
            yield f"output_directory: {place} lies in it and would be replaced ({path}); choose another"


def _fits(network: str, objective: str) -> bool:
    return (NETWORKS[network].objective == BOUNDING_BOX) == (objective == BOUNDING_BOX)


def _models(settings: TrainSettings, examples: Examples) -> tuple[dict[str, InitialModel], list[str]]:
    models, problems = {}, []
    read: dict[str, InitialModel] = {}
    for place, path in settings.initial_models.items():
        try:
            read[path] = models[place] = read.get(path) or read_initial(place, path)
        except ConfigError as error:
            problems += error.problems
            continue
        misfit = _misfit(models[place], examples) if examples.files else ""
        problems += [f"{place}: {path}: {misfit}"] if misfit else []
    return models, problems


def _misfit(model: InitialModel, examples: Examples) -> str:
    if model.objective != examples.objective:
        return f"is a {model.objective} model, but the data are {examples.objective}"
    return "" if model.objective == NUMERIC else class_difference(model, _classes(examples))


def _classes(examples: Examples) -> list[str]:
    if examples.objective == BOUNDING_BOX:
        return sorted({box[4] for boxes in examples.labels for box in boxes})
    return sorted({str(label) for label in examples.labels})


def _why_missing(network: str) -> str:
    """Why the weights of ``network`` can be neither read nor fetched; "" when they can."""
    path = files.path(network)
    if os.path.exists(path):  # unlike Path.exists, it takes any path
        return "; ".join(files.problems(network))
    try:
        probe(network)
    except ConfigError as error:
        return "; ".join(error.problems)
    return ""


def load_starts(
    candidates: Iterable[Candidate],
    starts: Starts,
    say: Callable[[str], None] = lambda text: None,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[dict[str, Weights], dict[str, str]]:
    """The weights that candidates start from, and why others cannot start, by the name of the candidate.

    Args:
        say: called with what a person who waits should know.
        stopped: when it turns true, `Interrupted` is raised.
    """
    models = {model.path: model for model in starts.models.values()}
    published = _Published(starts.missing, say, stopped)
    weights: dict[str, Weights] = {}
    hindered: dict[str, str] = {}
    for candidate in candidates:
        try:
            if candidate.initial_model:
                model = models[candidate.initial_model]
                weights[candidate.name] = fitted_weights(model, candidate.classes, candidate.mean, candidate.stdev)
            elif candidate.method in PRETRAINED_METHODS:
                weights[candidate.name] = published.weights(candidate.network)
        except ValueError as error:
            hindered[candidate.name] = str(error)
        except ConfigError as error:
            hindered[candidate.name] = "; ".join(error.problems)
    return weights, hindered


class _Published:
    """The published weights of networks, each read once."""

    def __init__(self, missing: dict[str, str], say: Callable[[str], None], stopped: Callable[[], bool]):
        self._missing = dict(missing)
        self._say = say
        self._stopped = stopped
        self._read: dict[str, Weights] = {}

    def weights(self, network: str) -> Weights:
        """Those up to the features of ``network``, fetched if need be.

        Raises:
            ConfigError: they cannot be had.
        """
        if network in self._missing:
            raise ConfigError([self._missing[network]])
        if network not in self._read:
            try:
                self._read[network] = self._load(network)
            except ConfigError as error:
                self._missing[network] = "; ".join(error.problems)
                raise
        return self._read[network]

    def _received(self, done: int, total: int | None) -> None:
        if self._stopped():
            raise Interrupted("stopped while fetching weights: nothing was trained, nothing was written")

    def _load(self, network: str) -> Weights:
        path = files.path(network)
        if os.path.exists(path):
            files.ensure_same(path)
        else:
            self._say(f"fetching the weights of {network}")
            fetch(network, self._received)
        return up_to_features(network, h5.read(network, path))
