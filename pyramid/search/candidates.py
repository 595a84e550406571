"""Settings and facts of the data -> the list of candidates."""

from collections import Counter

from pyramid.data.examples import Examples
from pyramid.data.shape import shape_from_sizes
from pyramid.errors import DataError
from pyramid.settings.base_settings import HYPERPARAMETERS
from pyramid.settings.metrics import METRICS
from pyramid.settings.networks import NETWORKS
from pyramid.settings.train import TrainSettings
from pyramid.training.candidate import Candidate


def networks(settings: TrainSettings) -> list[tuple[str, str]]:
    """The pairs (network, training method) to try; of the default ones only those that take the input shape."""
    pairs = [(network, method) for network, method in settings.image_network_candidates]
    if settings.input_image_shape is None or "image_network_candidates" in settings.model_fields_set:
        return pairs
    side = min(settings.input_image_shape[:2])
    return [pair for pair in pairs if NETWORKS[pair[0]].minimum_side <= side]


def minimum_side(settings: TrainSettings) -> int:
    """The smallest side in pixels that all networks can take."""
    return max(NETWORKS[network].minimum_side for network, _ in networks(settings))


def input_shape(settings: TrainSettings, examples: Examples) -> list[int]:
    """[width, height, 3] of all candidates: what is asked for, else what fits the pictures.

    Raises:
        DataError: it would follow from the pictures, and none can be read.
    """
    shape = settings.input_image_shape or shape_from_sizes(examples.files, minimum_side(settings), settings.seed)
    if shape is None:
        raise DataError(["training_data: no picture can be read, such as", examples.files[0]])
    return shape


def candidates(
    settings: TrainSettings,
    shape: list[int],
    objective: str,
    loss: str,
    classes: list[str],
    moments: tuple[float, float],
) -> list[Candidate]:
    """One candidate for each pair of `image_network_candidates`; a repeated pair gets another seed."""
    seen: Counter[tuple[str, str]] = Counter()
    made = []
    for network, method in networks(settings):
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
                rescale_type=settings.rescale_type,
                objective=objective,
                classes=classes,
                mean=moments[0],
                stdev=moments[1],
                loss_function=loss,
                label_smoothing_factor=settings.label_smoothing_factor,
                balance_objective=settings.balance_objective,
                augmentations=settings.augmentations,
                augmentation_placement=settings.augmentation_placement,
                batch_size=settings.batch_size,
                descent_algorithm=settings.descent_algorithm,
                learning_rate=settings.learning_rate,
                learning_rate_warmup_iterations=settings.learning_rate_warmup_iterations,
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
