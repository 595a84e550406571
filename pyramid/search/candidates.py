"""Settings and facts of the data -> the list of candidates."""

from collections import Counter

from pyramid.data.anchors import find_anchors, sort_anchors
from pyramid.data.dataset import Dataset
from pyramid.data.examples import Examples
from pyramid.data.shape import shape_from_sizes, square_from_sizes
from pyramid.errors import ConfigError, DataError
from pyramid.settings.base_settings import HYPERPARAMETERS
from pyramid.settings.metrics import METRICS
from pyramid.settings.networks import DEFAULT_CANDIDATES, NETWORKS
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.settings.train import TrainSettings
from pyramid.training.candidate import Candidate

#: Iterations of a detector's warm-up when the settings say nothing.
DETECTOR_WARMUP = 100


def networks(settings: TrainSettings, objective: str) -> list[tuple[str, str]]:
    """The pairs (network, training method) to try; of the default ones only those that take the input shape."""
    if "image_network_candidates" in settings.model_fields_set:
        return [(network, method) for network, method in settings.image_network_candidates]
    shape = settings.input_image_shape
    return [pair for pair in DEFAULT_CANDIDATES[objective] if not shape or _takes(pair[0], min(shape[:2]))]


def _takes(network: str, side: int) -> bool:
    return NETWORKS[network].minimum_side <= side


def minimum_side(settings: TrainSettings, objective: str) -> int:
    """The smallest side in pixels that all networks can take."""
    return max(NETWORKS[network].minimum_side for network, _ in networks(settings, objective))


def input_shape(settings: TrainSettings, examples: Examples) -> list[int]:
    """[width, height, 3] of all candidates: what is asked for, else what fits the pictures.

    Raises:
        DataError: it would follow from the pictures, and none can be read.
    """
    shape = settings.input_image_shape or _shape_of(settings, examples)
    if shape is None:
        raise DataError(["training_data: no picture can be read, such as", examples.files[0]])
    return shape


def _shape_of(settings: TrainSettings, examples: Examples) -> list[int] | None:
    if examples.objective == BOUNDING_BOX:
        return square_from_sizes(examples.files, settings.seed)
    return shape_from_sizes(examples.files, minimum_side(settings, examples.objective), settings.seed)


def rescale_type(settings: TrainSettings, objective: str) -> str:
    """How pictures are fitted to the networks' input."""
    return "pad" if objective == BOUNDING_BOX else settings.rescale_type


def candidates(
    settings: TrainSettings,
    shape: list[int],
    objective: str,
    loss: str,
    dataset: Dataset,
) -> list[Candidate]:
    """One candidate for each pair of `image_network_candidates`; a repeated pair gets another seed."""
    seen: Counter[tuple[str, str]] = Counter()
    made = []
    for network, method in networks(settings, objective):
        repetition = seen[network, method]
        seen[network, method] += 1
        made.append(
            Candidate(
                name=f"{network}_{method}" + (f"_{repetition + 1}" if repetition else ""),
                network=network,
                method=method,
                seed=settings.seed + repetition,
                width=shape[0],
                height=shape[1],
                rescale_type=rescale_type(settings, objective),
                objective=objective,
                classes=dataset.classes,
                mean=dataset.mean,
                stdev=dataset.stdev,
                anchors=_anchors(settings, network, shape[0], dataset),
                loss_function=loss,
                label_smoothing_factor=settings.label_smoothing_factor,
                balance_objective=settings.balance_objective,
                augmentations=settings.augmentations(objective),
                augmentation_placement=settings.augmentation_placement,
                batch_size=settings.batch_size,
                descent_algorithm=settings.descent_algorithm,
                learning_rate=settings.learning_rate,
                learning_rate_warmup_iterations=_warmup(settings, objective),
                hyperparameters={
                    name: value for name in HYPERPARAMETERS if (value := getattr(settings, name)) is not None
                },
                patience=settings.patience,
                max_seconds_per_update=settings.max_seconds_per_update,
                max_iterations=settings.max_iterations,
                selection_metric=settings.selection_metric or METRICS[objective][0],
            )
        )
    return made


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
