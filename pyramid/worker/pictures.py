"""`image_training`, and the other trainings on boxes: one network on pictures."""

import json
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.data.dataset import Dataset, Summary, make_dataset
from pyramid.data.examples import Examples, read_examples
from pyramid.data.pictures import decode_here
from pyramid.data.tabular.pictures import read_examples_of_images
from pyramid.data.tabular.sources import open_source
from pyramid.errors import ConfigError, DataError
from pyramid.finalize.holdout import objects
from pyramid.search.candidates import candidates, looks
from pyramid.search.starts import find_starts, load_starts
from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.load import read_boxes
from pyramid.settings.networks import DEFAULT_CANDIDATES
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL
from pyramid.settings.train import Row
from pyramid.training.candidate import FIT_INFO_FILE, SUBMODEL, Candidate, Result
from pyramid.training.predicted import Arrays, in_own_unit
from pyramid.training.storage import load_fit_info, write_json
from pyramid.training.trial import CandidateTraining
from pyramid.worker.folders import check_free, whole_folder
from pyramid.worker.parameters import image_root, training_answer
from pyramid.worker.reporting import Report

#: The share of a job that is decoding.
_DECODING = 0.1


def run(settings: BaseSettings, report: Report) -> dict[str, Any]:
    """Train an image network on all pictures of a table into `submodel_<network>_<training type>`."""
    return train_pictures(settings, image_folder(settings).name, report)


def network_and_method(settings: BaseSettings) -> tuple[str, str]:
    """The image network of a job, and how it is learned."""
    default, method = DEFAULT_CANDIDATES[settings.table.objective.type][0]
    return settings.base_image_network or default, settings.image_training_type or method


def image_folder(settings: BaseSettings) -> Path:
    """Where `image_training` leaves the image network of a job."""
    return Path(str(settings.output_directory)) / (SUBMODEL + "_".join(network_and_method(settings)))


def train_pictures(settings: BaseSettings, folder: str, report: Report) -> dict[str, Any]:
    """Train the image network of ``settings`` into ``folder``; returns the answer."""
    settings = _with_rows(settings)
    examples, problems = read_examples(settings)
    starts, more = find_starts(settings, examples)
    if problems or more:
        raise ConfigError(problems + more)
    look = looks(settings, examples, [])[0]
    shape = [look.width, look.height, 3]
    check_free(Path(str(settings.output_directory)) / folder, load_fit_info)
    with whole_folder(Path(str(settings.output_directory)) / folder) as work:
        total = len(examples.files)
        pictures = decode_here(
            examples.files,
            shape,
            look.rescale_type,
            settings.max_data_size,
            work,
            lambda done: report(_DECODING * done / total, message="reading pictures"),
        )
        made, summary = make_dataset(settings, examples, pictures.bad, pictures.sizes, shape)
        dataset = _with_classes(made, settings.table.classes)
        [candidate] = candidates(settings, look, examples.objective, examples.loss, dataset, {})
        weights, hindered = load_starts([candidate], starts)
        if hindered:
            raise ConfigError(list(hindered.values()))
        start = weights.get(candidate.name)
        candidate = replace(candidate, name=folder.removeprefix(SUBMODEL))
        training = CandidateTraining(
            candidate, pictures.pixels, dataset, work, threads=os.cpu_count() or 1, start=start
        )
        result = training.complete(settings.max_training_time, partial(report.training, begin=_DECODING))
        told = _holdout_predictions(settings, training, candidate, examples, dataset)
        _write(work, candidate, result, told)
        if pictures.path:
            pictures.path.unlink()
    answer = training_answer(settings, result, None)
    named = {"base_image_network": result.network, "image_training_type": result.method}
    return answer | named | {"notes": _notes(summary)}


def _with_classes(dataset: Dataset, classes: list[str]) -> Dataset:
    """``dataset`` with the classes of `info_list`, in that order, whether there are examples of each or not.

    Raises:
        DataError: a class is not among them.
    """
    unknown = [name for name in dataset.classes if name not in classes]
    if classes and unknown:
        raise DataError([f"info_list: the values of the objective lack the class {unknown[0]!r} of cache_file"])
    if not classes:
        return dataset
    places = np.array([*(classes.index(name) for name in dataset.classes), -1], np.float32)  # -1: no box
    targets = dataset.targets.copy()
    column = targets[..., 4] if targets.ndim > 1 else targets
    column[...] = places[column.astype(np.int64)]
    return replace(dataset, targets=targets, classes=classes)


def _notes(summary: Summary) -> list[str]:
    """What a person should know of the pictures."""
    left_out = [f"{bad['file']}: left out: {bad['reason']}" for bad in summary.bad_images]
    return [*summary.notes, *left_out]


def _with_rows(settings: BaseSettings) -> BaseSettings:
    """``settings`` with the pictures of `cache_file` as its training data, and one candidate."""
    rows = _boxes(settings) if settings.table.objective.type == BOUNDING_BOX else _labelled(settings)
    changed = {
        "training_data": [row.at(i) for i, row in enumerate(rows)],
        "image_network_candidates": [list(network_and_method(settings))],
        "objective_type": settings.table.objective.type,
        "image_root": image_root(settings),
        "seed": settings.seed if settings.augmentation_seed is None else settings.augmentation_seed,
    }
    return settings.model_copy(update=changed | _of_rows(settings, rows))


def _of_rows(settings: BaseSettings, rows: list[Row]) -> dict[str, Any]:
    """A backend gives all jobs of a data set the same keys; those that mean nothing to these pictures are left out."""
    if settings.table.objective.type != CATEGORICAL:
        return {"balance_objective": False, "label_smoothing_factor": 0.0, "class_weights": None}
    there = {row.label for row in rows}
    return {"class_weights": [[name, weight] for name, weight in settings.class_weights or [] if name in there]}


def _labelled(settings: BaseSettings) -> list[Row]:
    source = open_source(settings.table, str(settings.cache_file), settings.cache_rows)
    return [Row.model_construct(**example) for example in read_examples_of_images(settings.table, source)]


def _boxes(settings: BaseSettings) -> list[Row]:
    """A JSON list of {"file", "boxes"}."""
    path = str(settings.cache_file)
    try:
        listed = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError([f"cache_file: {path} is no JSON that can be read: {error}"]) from error
    if not isinstance(listed, list) or not listed:
        raise DataError([f"cache_file: {path} must hold a list of {{file, boxes}} with at least one entry"])
    rows, problems = [], []
    for i, entry in enumerate(listed):
        if not isinstance(entry, dict) or not isinstance(entry.get("file"), str) or "boxes" not in entry:
            problems.append(f"cache_file[{i}]: must be an object {{file, boxes}}, but got {str(entry)[:80]}")
            continue
        boxes, wrong = read_boxes(f"cache_file[{i}].boxes", entry["boxes"])
        problems += wrong
        rows.append(Row.model_construct(file=entry["file"], boxes=boxes))
    if problems:
        raise DataError(problems)
    return rows


def _holdout_predictions(
    settings: BaseSettings, training: CandidateTraining, candidate: Candidate, examples: Examples, dataset: Dataset
) -> list[dict[str, Any]] | None:
    """What is predicted for the held out pictures, if that is wanted; of boxes objects, as sensenet gives them."""
    if not settings.return_holdout_images:
        return None
    arrays = in_own_unit(candidate, training.predict(dataset.holdout))
    truth, root = "boxes" if candidate.objective == BOUNDING_BOX else "label", image_root(settings)
    return [
        {"file": os.path.relpath(examples.files[row], root), truth: examples.labels[row]}
        | {"prediction": _prediction(candidate, arrays, i)}
        for i, row in enumerate(dataset.holdout)
    ]


def _prediction(candidate: Candidate, arrays: Arrays, i: int) -> Any:
    """Of picture ``i``: probabilities, [value], or objects."""
    if candidate.objective != BOUNDING_BOX:
        return np.atleast_1d(arrays["predicted"][i]).astype(float).tolist()
    return [
        {"box": [float(side) for side in box], "label": candidate.classes[int(name)], "score": float(score)}
        for *box, name, score in objects(arrays, i)
    ]


def _write(work: Path, candidate: Candidate, result: Result, holdout: list[dict[str, Any]] | None) -> None:
    info = {"candidate": candidate.to_dict(), "result": result.to_dict(), "holdout_image_predictions": holdout}
    write_json(work / FIT_INFO_FILE, info)
