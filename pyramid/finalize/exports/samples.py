"""What an export is tried on: real pictures, or rows drawn at random where a model takes columns of a table."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.data.examples import read_examples
from pyramid.data.formats.source import pictures_in
from pyramid.data.image import BadImageError, decode
from pyramid.data.remote import is_uri
from pyramid.errors import ConfigError
from pyramid.finalize.evaluation import EVALUATION_FILE, Evaluation, read_evaluation
from pyramid.finalize.exports.inputs import example_inputs
from pyramid.finalize.exports.runtimes import Arrays
from pyramid.finalize.journal import entries, located, root_of
from pyramid.finalize.workspace import CONFIG_FILE
from pyramid.settings import load
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.tf import tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after pyramid.tf

from sensenet.constants import PIXEL_INPUTS, SCORE_THRESHOLD  # isort: skip

#: The most pictures that an export is tried on.
MOST = 16

_WAY_OUT = "name files or folders of pictures with --pictures"


@dataclass(frozen=True, eq=False)
class Sample:
    """One prediction.

    Attributes:
        inputs: name -> array with a first dimension of rows; pixels are uint8.
        path: of the picture that ``inputs`` hold; "" for rows.
    """

    inputs: Arrays
    path: str = ""


def samples_of(document: dict[str, Any], model: Path, pictures: list[str]) -> list[Sample]:
    """For a model of pictures alone at most 16 of ``pictures`` or, without any, of the holdout of ``model``.

    Models that take columns of a table get 32 random rows.

    Raises:
        ConfigError: there is no picture, or one of ``pictures`` cannot be read.
    """
    if [column["type"] for column in document["preprocess"]] != ["image"]:
        if pictures:
            raise ConfigError(
                ["pictures: the model takes columns of a table; it is compared on random rows, so leave them out"]
            )
        return _random_rows(document)
    paths = _named(pictures) if pictures else _held_out(model)
    read = {path: _read(path) for path in _spread(paths)}
    bad = [f"pictures: {path}: {found}" for path, found in read.items() if isinstance(found, str)]
    if pictures and bad:
        raise ConfigError([f"{problem}; leave it out" for problem in bad])
    if len(bad) == len(read):
        raise ConfigError([f"pictures: none of the {len(read)} of the holdout can be read; {_WAY_OUT}", *bad])
    return [found for found in read.values() if isinstance(found, Sample)]


def _read(path: str) -> Sample | str:
    """The picture ``path``, or why it cannot be read."""
    if is_uri(path):
        return "is not on this machine"
    try:
        return Sample({PIXEL_INPUTS: decode(path)[np.newaxis]}, path)
    except BadImageError as error:
        return str(error)


def _random_rows(document: dict[str, Any]) -> list[Sample]:
    drawn = [example_inputs(document, seed) for seed in range(4)]
    return [Sample({name: values.numpy() for name, values in inputs.items()}) for inputs in drawn]


def _spread(paths: list[str]) -> list[str]:
    """At most MOST of ``paths``, of all parts of the list."""
    if len(paths) <= MOST:
        return paths
    return [paths[i * len(paths) // MOST] for i in range(MOST)]


def _named(pictures: list[str]) -> list[str]:
    paths, problems = [], []
    for name in pictures:
        path = os.path.expanduser(name)
        found = pictures_in(Path(path)) if os.path.isdir(path) else [path]
        if not found:
            problems.append(f"pictures: {name} is a folder without pictures; {_WAY_OUT}")
        paths += found
    if problems:
        raise ConfigError(problems)
    return list(dict.fromkeys(paths))


def _held_out(model: Path) -> list[str]:
    """The pictures of the holdout of the training that has made ``model``."""
    evaluation = read_evaluation(model.with_name(EVALUATION_FILE))
    root = root_of(entries(model.parent))
    if evaluation:
        named = [located(root, file) for file in _telling(evaluation)]
    else:
        named = _validation_files(model.with_name(CONFIG_FILE))
    if not named:
        raise ConfigError([f"pictures: none to compare with: {model.parent} does not tell the holdout; {_WAY_OUT}"])
    return list(dict.fromkeys(named))


def _telling(evaluation: Evaluation) -> list[str]:
    """Its pictures; of a detector at most 16, as many as there are of those in which it has found something.

    Where nothing is found, no box can be compared.
    """
    if evaluation.objective != BOUNDING_BOX:
        return evaluation.files
    there = [bool((found[:, 5] > SCORE_THRESHOLD).any()) for found in evaluation.predicted]
    parts = [[f for f, found in zip(evaluation.files, there, strict=True) if found == kind] for kind in (True, False)]
    return [*_spread(parts[0]), *_spread(parts[1])][:MOST]


def _validation_files(config: Path) -> list[str]:
    """The pictures of `validation_data` of the configuration; none without it."""
    try:
        settings, problems = load.check(json.loads(config.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []
    if problems or settings.validation_data is None:
        return []
    examples, _ = read_examples(settings)
    return examples.files[len(examples.files) - examples.validation_rows :]
