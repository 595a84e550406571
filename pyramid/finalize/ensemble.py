"""Trained submodels -> the ones that form the ensemble, and the document of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.errors import DataError
from pyramid.search.ensembles import SCORES, by_rank, greedy, relative_values
from pyramid.settings.columns import CategoricalColumn, NumericColumn, Table
from pyramid.settings.metrics import METRICS
from pyramid.settings.objectives import CATEGORICAL
from pyramid.training.candidate import SUBMODEL, WEIGHTS_FILE
from pyramid.training.metrics import measure
from pyramid.training.submodel import Submodel, read_evaluations, read_predictions, read_submodel
from pyramid.training.table import build_network

Floats = npt.NDArray[np.floating]


@dataclass
class Attempt:
    """A submodel and what the choice of the ensemble looks at.

    Attributes:
        evaluations: the metrics of each resample of the evaluation set; None when it was not part of a search.
        predicted: for the evaluation set, [rows, outputs]; None when that was not kept.
    """

    folder: Path
    submodel: Submodel
    evaluations: list[dict[str, float | None]] | None
    predicted: Floats | None


@dataclass
class Choice:
    """The members of an ensemble.

    Attributes:
        method: by which they were chosen.
        members: places of the attempts; a repeated one weighs more.
        values: of each attempt, its place in the order of all in (0, 1]; None when it was not part of a search.
        scores: method -> the metrics of the ensemble that it would choose; None where that cannot be known.
        notes: what a person should know.
    """

    method: str
    members: list[int]
    values: list[float | None]
    scores: dict[str, dict[str, float | None] | None]
    notes: list[str]


def read_attempts(folder: Path) -> list[Attempt]:
    """The submodels on tables that lie in ``folder``, in the order of their names."""
    found = [(path, read_submodel(path)) for path in sorted(folder.glob(SUBMODEL + "*"))]
    return [Attempt(path, one, read_evaluations(path), read_predictions(path)) for path, one in found if one]


def choose(attempts: Sequence[Attempt], method: str, fraction: float, truth: Floats | None, rounds: int = 25) -> Choice:
    """The members of the ensemble.

    Without evaluations the best one by its holdout is the only member.

    Args:
        method: rank or greedy; greedy falls back to rank where predictions are missing.
        fraction: share of the attempts that rank takes.
        truth: of the evaluation set, class indices or values in their own unit [rows]; None when it is not there.
        rounds: the most members that greedy takes.
    """
    searched = [i for i, attempt in enumerate(attempts) if attempt.evaluations]
    values: list[float | None] = [None] * len(attempts)
    if not searched:
        return Choice("rank", [_best_by_holdout(attempts)], values, {}, [])
    for i, value in zip(searched, relative_values([attempts[i].evaluations or [] for i in searched]), strict=True):
        values[i] = value
    chosen = {"rank": [searched[k] for k in by_rank([values[i] or 0.0 for i in searched], fraction)]}
    missing = [attempts[i].submodel.candidate.name for i in searched if not _usable(attempts[i], truth)]
    notes = []
    if truth is not None and not missing:
        predicted = np.stack([_predicted(attempts[i]) for i in searched])
        objective = attempts[searched[0]].submodel.candidate.objective
        chosen["greedy"] = [searched[k] for k in greedy(predicted, SCORES[objective](truth), rounds)]
    elif method == "greedy":
        which = ", ".join(missing[:5]) or "the evaluation set"
        notes = [f"greedy needs predictions of every submodel: those of {which} are missing, so rank was used"]
    used = method if method in chosen else "rank"
    scores = {name: _score(attempts, members, truth) for name, members in chosen.items()}
    return Choice(used, chosen[used], values, scores, notes)


def _best_by_holdout(attempts: Sequence[Attempt]) -> int:
    metric = attempts[0].submodel.candidate.selection_metric
    known = [attempt.submodel.result.metrics.get(metric) for attempt in attempts]
    return int(np.argmax([-np.inf if value is None else value for value in known]))


def _usable(attempt: Attempt, truth: Floats | None) -> bool:
    return attempt.predicted is not None and (truth is None or len(attempt.predicted) == len(truth))


def _predicted(attempt: Attempt) -> Floats:
    """[rows, outputs]"""
    predicted = attempt.predicted if attempt.predicted is not None else np.empty((0, 1), np.float32)
    return predicted.reshape(len(predicted), -1)


def _score(attempts: Sequence[Attempt], members: list[int], truth: Floats | None) -> dict[str, float | None] | None:
    if truth is None or not all(_usable(attempts[i], truth) for i in members):
        return None
    candidate = attempts[members[0]].submodel.candidate
    predicted = np.mean([_predicted(attempts[i]) for i in members], axis=0)
    names = METRICS[candidate.objective][:2]
    if not np.isfinite(predicted).all():
        return dict.fromkeys(names)
    return measure(names, truth, predicted if candidate.categorical else predicted[:, 0])


def ensemble_document(
    attempts: Sequence[Attempt],
    choice: Choice,
    table: Table,
    trees: list[Any] | None,
    image_network: dict[str, Any] | None,
    holdout_images: list[Any] | None,
) -> dict[str, Any]:
    """The sensenet document of an ensemble; its weights are float32 arrays.

    Args:
        trees: sensenet's, of the caching; left out when no member uses them.
        image_network: sensenet's, when there are columns of images.
        holdout_images: what was predicted for held out pictures.
    """
    members = [attempts[i] for i in choice.members]
    submodels = [member.submodel for member in members]
    trained = [attempts[i].submodel.result for i in sorted(set(choice.members))]
    with_trees = any(submodel.candidate.trees for submodel in submodels)
    layers = {i: _layers(attempts[i]) for i in dict.fromkeys(choice.members)}
    return {
        "networks": [{"layers": layers[i], "trees": attempts[i].submodel.candidate.trees} for i in choice.members],
        "preprocess": [_preprocess(column) for column in table.inputs],
        "output_exposition": _output_exposition(table),
        "optypes": [column.type for column in table.columns],
        "class_index": len(table.columns) - 1,
        "weight_index": len(table.inputs) if table.weighted else None,
        "trees": trees if with_trees else None,
        "image_network": image_network,
        "importances": _mean([submodel.importances for submodel in submodels]),
        "validation_metrics": _mean_metrics([submodel.result.metrics for submodel in submodels]),
        "candidates": [_candidate(attempt, value) for attempt, value in zip(attempts, choice.values, strict=True)],
        "iterations": sum(result.iterations for result in trained),
        "elapsed_time": sum(result.seconds.get("elapsed", 0.0) for result in trained),
    } | ({"holdout_image_predictions": holdout_images} if image_network else {})


def _layers(attempt: Attempt) -> list[dict[str, Any]]:
    network = build_network(attempt.submodel.candidate)
    path = attempt.folder / WEIGHTS_FILE
    try:
        network.model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise DataError([f"{path}: holds no weights of this network that can be read: {error}"]) from error
    return network.layers()


def _candidate(attempt: Attempt, value: float | None) -> dict[str, Any]:
    submodel = attempt.submodel
    return {
        "job_id": submodel.candidate.name,
        "relative_value": value,
        "evaluation_metrics": submodel.evaluation_metrics,
        "validation_metrics": submodel.result.metrics,
        "iterations": submodel.result.iterations,
        "elapsed_time": submodel.result.seconds.get("elapsed", 0.0),
        "configuration_parameters": submodel.configuration_parameters,
    }


def _preprocess(column: Any) -> dict[str, Any]:
    """sensenet wants the moments of a number in any case: a missing one is replaced by the mean."""
    made = column.model_dump(exclude_none=True, exclude={"name"})
    if isinstance(column, NumericColumn):
        mean, stdev = column.moments
        made |= {"mean": mean, "stdev": stdev}
    return made


def _output_exposition(table: Table) -> dict[str, Any]:
    if isinstance(table.objective, CategoricalColumn):
        return {"type": CATEGORICAL, "values": table.classes}
    mean, stdev = table.moments
    return {"type": table.objective.type, "mean": mean, "stdev": stdev}


def _mean(lists: list[list[float]]) -> list[float] | None:
    known = [one for one in lists if one]
    return np.mean(known, axis=0).tolist() if known else None


def _mean_metrics(all_metrics: list[dict[str, float | None]]) -> dict[str, float | None]:
    names = dict.fromkeys(name for metrics in all_metrics for name in metrics)
    known = {name: [v for metrics in all_metrics if (v := metrics.get(name)) is not None] for name in names}
    return {name: float(np.mean(values)) if values else None for name, values in known.items()}
