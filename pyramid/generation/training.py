"""The training that the pictures are for: whether it can be, and its configuration."""

import os
import re
from pathlib import Path
from typing import Any

from pyramid.data.examples import read_examples
from pyramid.data.sources import read_source
from pyramid.errors import ConfigError
from pyramid.finalize.workspace import check_output
from pyramid.generation.output import check_train
from pyramid.generation.sources import Sources, find_sources
from pyramid.settings import load
from pyramid.settings.check_generate import check_generate, training_document, training_keys
from pyramid.settings.generate import GenerateSettings
from pyramid.settings.networks import INITIAL_MODEL
from pyramid.settings.objectives import BOUNDING_BOX

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
    told = {_key(problem) for problem in problems}
    of_training = [line for line in _problems_of_training(document, settings, sources) if _key(line) not in told]
    problems += (problem for problem in of_training if not problem.startswith(_NOTHING_TO_LEARN))
    if problems:
        raise ConfigError(problems)
    refused = [f"WARNING: pyramid_train will refuse these pictures: {problem}" for problem in of_training]
    return settings, sources, [*settings.notes, *sources.notes, *refused]


def configuration(document: dict[str, Any], settings: GenerateSettings, root: Path) -> dict[str, Any]:
    """The keys, without `training_data`, of the training on what is generated in the folder ``root``.

    Paths are absolute: it can be run from any folder.
    """
    keys = training_keys(document, settings)
    if settings.validation_data:
        keys |= {"validation_data": _validation(settings), "allow_absolute_paths": True}
    if settings.initial_model:
        keys["initial_model"] = os.path.abspath(settings.initial_model)
    if settings.initial_models:
        pairs = settings.image_network_candidates
        keys["image_network_candidates"] = [
            [name, os.path.abspath(method) if name == INITIAL_MODEL else method] for name, method in pairs
        ]
    return keys | {"output_directory": str(root), "image_root": str(root)}


def _key(problem: str) -> str:
    """Of the settings, that ``problem`` is about."""
    return re.split(r"\W", problem)[0]


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


def _validation(settings: GenerateSettings) -> list[dict[str, Any]]:
    """The rows of `validation_data`, whose files lie elsewhere than the generated ones."""
    source = read_source("validation_data", settings.validation_data or [], None)
    return [
        {key: row[key] for key in ("label", "boxes", "group") if row.get(key) is not None}
        | {"file": os.path.abspath(source.root / row["file"]), "weight": float(row.get("weight") or 1)}
        for row in source.rows
    ]
