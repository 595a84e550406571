"""The rules of `pyramid_generate`'s settings, and of the training that they are for."""

from collections.abc import Iterator, Sequence
from typing import Any

from pyramid.settings.generate import MOST_OCCUPANCY, GenerateSettings
from pyramid.settings.load import check, check_as
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL
from pyramid.settings.relations import key_of
from pyramid.settings.train import TrainSettings

#: Keys that say how pictures are made, and nothing of the training.
GENERATION_ONLY = frozenset(GenerateSettings.model_fields) - frozenset(TrainSettings.model_fields)

#: Keys that generation writes.
WRITTEN = ("training_data", "image_root")


def check_generate(document: dict[str, Any]) -> tuple[GenerateSettings, list[str]]:
    """Validate ``document``; no folder is looked into.

    Returns:
        The settings, in which a key with a problem has its default, and all problems, each with its path and value.
    """
    settings, problems = check_as(GenerateSettings, document, _relations)
    told = {key_of(line) for line in problems}
    of_training = check(training_document(document, settings, ["a", "b"]))[1]
    problems += (line for line in of_training if key_of(line) in TrainSettings.model_fields.keys() - told)
    return settings, problems


def training_document(document: dict[str, Any], settings: GenerateSettings, labels: Sequence[str]) -> dict[str, Any]:
    """The configuration of the training as it will be, but with one made-up row for each of ``labels``."""
    rows: list[dict[str, Any]] = [{"file": f"{i}.png", "label": label} for i, label in enumerate(labels)]
    if settings.objective_type == BOUNDING_BOX:
        boxes = [[[0, 0, 1, 1, label]] for label in labels] or [[]]
        rows = [{"file": f"{i}.png", "boxes": of_picture} for i, of_picture in enumerate(boxes)]
    return training_keys(document, settings) | {"training_data": rows}


def training_keys(document: dict[str, Any], settings: GenerateSettings) -> dict[str, Any]:
    """What ``document`` says of the training, and the shape of the pictures."""
    kept = {key: value for key, value in document.items() if key not in GENERATION_ONLY and key not in WRITTEN}
    return kept | {"input_image_shape": settings.shape}


def _relations(settings: GenerateSettings, broken: set[str]) -> list[str]:
    problems = [*_required(settings), *_occupancy(settings)]
    return [problem for problem in problems if key_of(problem) not in broken]


def _required(settings: GenerateSettings) -> Iterator[str]:
    for key in WRITTEN:
        if key in settings.model_fields_set:
            yield f"{key}: is written by pyramid_generate; leave it out"
    if settings.objective_type is None:
        yield f"objective_type: is required: {CATEGORICAL} or {BOUNDING_BOX}"
    if settings.has_objects and settings.foreground_image_root is None:
        yield "foreground_image_root: is required, unless max_foreground_images is 0"


def _occupancy(settings: GenerateSettings) -> Iterator[str]:
    if settings.occupancy_range is None:
        return
    least, most = settings.occupancy_range
    if not least <= most or not 0 < most <= MOST_OCCUPANCY:
        yield (
            f"occupancy_range: must be [least, most] with 0 <= least <= most <= {MOST_OCCUPANCY} and most above 0,"
            f" but got {[least, most]}"
        )
