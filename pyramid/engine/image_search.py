"""The network that makes the features of a table's pictures: a training on pictures, inside a search."""

import json
from collections.abc import Callable
from pathlib import Path

from pyramid.data.examples import read_examples
from pyramid.data.tabular import held_pictures
from pyramid.data.tabular.opening import TableFile
from pyramid.data.tabular.pictures import read_examples_of_images
from pyramid.data.tabular.sources import open_source
from pyramid.engine.events import Tell
from pyramid.engine.job import train_in
from pyramid.errors import ConfigError
from pyramid.finalize.earlier import Earlier, read_job
from pyramid.finalize.workspace import IMAGES, RESULTS_FILE
from pyramid.search.starts import find_starts
from pyramid.settings.pictures import PictureSettings
from pyramid.settings.search import SearchSettings
from pyramid.settings.train import Row, TrainSettings
from pyramid.training.candidate import SUBMODEL


def train_image_network(
    settings: SearchSettings,
    table: TableFile,
    work: Path,
    seconds: float,
    tell: Tell,
    stopped: Callable[[], bool],
) -> Path:
    """Train the candidates for ``seconds`` on the pictures, unless that was done; returns the best one's folder.

    Raises:
        ConfigError, DataError, NoModelError, Interrupted: see ``pyramid.errors``.
    """
    folder = work / IMAGES
    if not (folder / RESULTS_FILE).exists():
        made = _settings(settings, table, folder, seconds)
        examples, problems = read_examples(made)
        starts, more = find_starts(made, examples)
        if problems or more:
            raise ConfigError(problems + more)
        train_in(made, examples, starts, folder, tell, stopped, _earlier(folder))
    best = json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8"))["best"]
    return folder / f"{SUBMODEL}{best}"


def _earlier(folder: Path) -> Earlier | None:
    """What a killed process has left; its time is counted by the search."""
    earlier = read_job(folder)
    if earlier is not None:
        earlier.spent = 0.0
    return earlier


def _settings(settings: SearchSettings, table: TableFile, folder: Path, seconds: float) -> TrainSettings:
    """A training on the pictures of all rows, each with the objective of its row.

    Networks are compared on rows that nothing has learned from: their pictures are what this network is validated on.
    """
    examples = read_examples_of_images(table.table, open_source(table.table, table.path))
    held = held_pictures.hold_out(examples, table.image_root, bool(table.table.classes), settings.seed)
    folder.mkdir(exist_ok=True)
    held_pictures.write(held, folder)
    groups = set(map(str, held))
    sides: dict[bool, list[Row]] = {False: [], True: []}
    for i, one in enumerate(examples):
        sides[one["group"] in groups].append(Row.model_construct(**one).at(i))
    shared = PictureSettings.model_fields.keys() & settings.model_fields_set
    return TrainSettings.model_construct(
        **{key: getattr(settings, key) for key in shared}
        | {
            "training_data": sides[False],
            "validation_data": sides[True] or None,
            "objective_type": table.table.objective.type,
            "image_root": table.image_root,
            "max_total_time": max(seconds, 1.0),
            "output_directory": str(folder),
        }
    )
