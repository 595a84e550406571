"""Settings and facts of the data -> the list of candidates."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pyramid.data.anchors import find_anchors, sort_anchors
from pyramid.data.dataset import Dataset
from pyramid.data.examples import Examples
from pyramid.data.shape import shape_from_sizes, square_from_sizes
from pyramid.errors import ConfigError, DataError
from pyramid.networks.initial.read import InitialModel
from pyramid.search.descent_keys import of_descent
from pyramid.settings.networks import DEFAULT_CANDIDATES, INITIAL_MODEL, NETWORKS
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.settings.train import TrainSettings
from pyramid.training.candidate import Candidate, Look

#: Iterations of a detector's warm-up when the settings say nothing.
DETECTOR_WARMUP = 100


def networks(settings: TrainSettings, objective: str) -> list[tuple[str, str]]:
    """The pairs of `image_network_candidates` to try; of the default ones only those that take the input shape."""
    if "image_network_candidates" in settings.model_fields_set:
        return [(network, method) for network, method in settings.image_network_candidates]
    shape = settings.input_image_shape
    return [pair for pair in DEFAULT_CANDIDATES[objective] if not shape or _takes(pair[0], min(shape[:2]))]


def _takes(network: str, side: int) -> bool:
    return NETWORKS[network].minimum_side <= side


def minimum_side(settings: TrainSettings, objective: str) -> int:
    """The smallest side in pixels that all networks can take."""
    known = [network for network, _ in networks(settings, objective) if network != INITIAL_MODEL]
    return max((NETWORKS[network].minimum_side for network in known), default=1)


def input_shape(settings: TrainSettings, examples: Examples, models: Sequence[InitialModel] = ()) -> list[int]:
    """[width, height, 3] of all candidates but initial models: what is asked for, else what fits the pictures.

    An initial model brings its own; where the settings say nothing, the others take the first one's.

    Raises:
        DataError: it would follow from the pictures, and none can be read.
    """
    shape = settings.input_image_shape
    if not shape and models and min(models[0].shape[:2]) >= minimum_side(settings, examples.objective):
        shape = models[0].shape
    shape = shape or _shape_of(settings, examples)
    if shape is None:
        raise DataError(["training_data: no picture can be read, such as", examples.files[0]])
    return shape


def _shape_of(settings: TrainSettings, examples: Examples) -> list[int] | None:
    if examples.objective == BOUNDING_BOX:
        return square_from_sizes(examples.files, settings.seed)
    return shape_from_sizes(examples.files, minimum_side(settings, examples.objective), settings.seed)


def rescale_type(settings: TrainSettings, objective: str, models: Sequence[InitialModel] = ()) -> str:
    """How pictures are fitted to the networks' input: as asked for, else as the first initial model wants it."""
    if objective == BOUNDING_BOX:
        return "pad"
    given = "rescale_type" in settings.model_fields_set
    return models[0].rescale_type if models and not given else settings.rescale_type


def looks(settings: TrainSettings, examples: Examples, models: Sequence[InitialModel]) -> list[Look]:
    """How pictures look to the networks: first to all but the ``models``, then to those that want something else.

    Raises:
        DataError: it would follow from the pictures, and none can be read.
    """
    own = [Look(model.shape[0], model.shape[1], model.rescale_type) for model in models]
    if models and all(network == INITIAL_MODEL for network, _ in networks(settings, examples.objective)):
        return list(dict.fromkeys(own))
    width, height, _ = input_shape(settings, examples, models)
    return list(dict.fromkeys([Look(width, height, rescale_type(settings, examples.objective, models)), *own]))


def candidates(
    settings: TrainSettings,
    look: Look,
    objective: str,
    loss: str,
    dataset: Dataset,
    models: dict[str, InitialModel],
) -> list[Candidate]:
    """One candidate for each pair of `image_network_candidates`, and one for `initial_model`.

    A repeated pair gets another seed.

    Args:
        look: of all but the initial models.
        models: where the settings name them -> the initial models.
    """
    plain = _plain(settings, look, objective, loss, dataset)
    seen: Counter[str] = Counter()
    made = []
    for candidate in _unnamed(settings, plain, models, dataset):
        repetition = seen[candidate.name]
        seen[candidate.name] += 1
        name = candidate.name + (f"_{repetition + 1}" if repetition else "")
        made.append(replace(candidate, name=name, seed=settings.seed + repetition))
    return made


def _unnamed(
    settings: TrainSettings, plain: Candidate, models: dict[str, InitialModel], dataset: Dataset
) -> Iterator[Candidate]:
    """The candidates; those that are alike have the same name."""
    for i, (network, method) in enumerate(networks(settings, plain.objective)):
        if network == INITIAL_MODEL:
            yield _from_model(plain, models[f"image_network_candidates[{i}]"])
        else:
            anchors = _anchors(settings, network, plain.width, dataset)
            yield replace(plain, name=f"{network}_{method}", network=network, method=method, anchors=anchors)
    if "initial_model" in models:
        yield _from_model(plain, models["initial_model"])


def _from_model(plain: Candidate, model: InitialModel) -> Candidate:
    return replace(
        plain,
        name=INITIAL_MODEL,
        network=model.network,
        method=INITIAL_MODEL,
        width=model.shape[0],
        height=model.shape[1],
        rescale_type=model.rescale_type,
        anchors=model.anchors,
        initial_model=model.path,
        structure=model.structure,
    )


def _plain(settings: TrainSettings, look: Look, objective: str, loss: str, dataset: Dataset) -> Candidate:
    """What all candidates have in common."""
    return Candidate(
        name="",
        network="",
        method="",
        seed=settings.seed,
        width=look.width,
        height=look.height,
        rescale_type=look.rescale_type,
        objective=objective,
        classes=dataset.classes,
        mean=dataset.mean,
        stdev=dataset.stdev,
        anchors=[],
        initial_model="",
        structure=None,
        augmentations=settings.augmentations(objective),
        augmentation_placement=settings.augmentation_placement,
        max_data_size=settings.max_data_size,
        **of_descent(settings, objective, loss) | {"learning_rate_warmup_iterations": _warmup(settings, objective)},
    )


def _anchors(settings: TrainSettings, network: str, side: int, dataset: Dataset) -> list[list[float]]:
    if not NETWORKS[network].anchors:
        return []
    if settings.bounding_box_anchors:
        for i, anchor in enumerate(settings.bounding_box_anchors):
            if max(anchor) > side:
                raise ConfigError(
                    [f"bounding_box_anchors[{i}]: is larger than the input ({side} pixels): {list(anchor)}"]
                )
        return sort_anchors([list(anchor) for anchor in settings.bounding_box_anchors])
    return find_anchors(dataset.box_sizes(), NETWORKS[network].anchors, side, settings.seed)


def _warmup(settings: TrainSettings, objective: str) -> int:
    given = "learning_rate_warmup_iterations" in settings.model_fields_set
    return settings.learning_rate_warmup_iterations if given or objective != BOUNDING_BOX else DETECTOR_WARMUP
