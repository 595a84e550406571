"""Whether a generation can be, and the training that it is for: told before any picture is opened."""

from typing import Any

from pyramid.data.examples import read_examples
from pyramid.errors import ConfigError
from pyramid.finalize.workspace import check_output
from pyramid.generation.output import check_train
from pyramid.generation.sources import Sources, find_sources
from pyramid.settings import load
from pyramid.settings.check_generate import check_generate, training_document
from pyramid.settings.generate import GenerateSettings
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.settings.relations import key_of

#: How problems begin that leave the pictures as they are: one class alone can be generated, but not learned.
_NOTHING_TO_LEARN = "training_data: nothing to learn"


def check(
    document: dict[str, Any], resume: bool = False, overwrite: bool = False
) -> tuple[GenerateSettings, Sources, list[str]]:
    """Validate the configuration of a generation without opening a picture.

    Args:
        resume, overwrite: what to do with pictures that are there already.

    Returns:
        The settings, the files that they name, and what a person should know.

    Raises:
        ConfigError: with every problem, each with its path and value.
    """
    settings, problems = check_generate(document)
    sources, more = find_sources(settings)
    problems += more
    if settings.output_directory:
        output = settings.output_directory
        problems += check_output(output) or check_train(output, resume, overwrite)
    told = {key_of(problem) for problem in problems}
    of_training = [line for line in _problems_of_training(document, settings, sources) if key_of(line) not in told]
    problems += (problem for problem in of_training if not problem.startswith(_NOTHING_TO_LEARN))
    if problems:
        raise ConfigError(problems)
    refused = [f"WARNING: pyramid_train will refuse these pictures: {problem}" for problem in of_training]
    return settings, sources, [*settings.notes, *sources.notes, *refused]


def _problems_of_training(document: dict[str, Any], settings: GenerateSettings, sources: Sources) -> list[str]:
    """What `pyramid_train` would refuse in these pictures, told before the work is done."""
    if settings.objective_type is None or (settings.has_objects and not sources.labels):
        return []  # told already
    training, _ = load.check(training_document(document, settings, _classes(settings, sources)))
    return read_examples(training)[1]


def _classes(settings: GenerateSettings, sources: Sources) -> list[str]:
    """The classes that the pictures can have, of which there may be none."""
    classes = dict.fromkeys(sources.labels)
    if settings.objective_type == BOUNDING_BOX:
        return list(classes) if settings.constant_box_label is None else [settings.constant_box_label]
    if settings.empty_image_rate or not classes:
        classes |= {settings.background_label: None}
    return list(classes)
