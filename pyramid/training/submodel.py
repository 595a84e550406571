"""One network on a table, from its candidate to a folder with all that an ensemble needs of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.whole import write_whole
from pyramid.networks.deepnets import Deepnet
from pyramid.settings.metrics import METRICS
from pyramid.training.candidate import FIT_INFO_FILE, Progress, Result, TableCandidate
from pyramid.training.importances import importances, of_inputs
from pyramid.training.metrics import measure
from pyramid.training.resamples import resampled
from pyramid.training.storage import write_json
from pyramid.training.table import AT_ONCE, TableTraining
from pyramid.training.table_data import TableData, class_or_value

EVALUATIONS_FILE = "evaluations.json"
PREDICTIONS_FILE = "evaluation_predictions.npy"

Floats = npt.NDArray[np.float32]


@dataclass
class Evaluation:
    """Rows that every submodel of a search is measured on.

    Attributes:
        inputs: [rows, columns], as the network takes them.
        targets: one-hot classes [rows, classes], or values in standard deviations from the mean [rows].
        compared: the rows that count; others may have been learned from.
    """

    inputs: Floats
    targets: Floats
    compared: npt.NDArray[np.int64]


@dataclass
class Reference:
    """What importances are found with.

    Attributes:
        inputs: points that stand for the data, [points, columns], as the network takes them.
        widths: columns of each input.
        windows, shares: of each forest, see `importances.of_inputs`.
    """

    inputs: Floats
    widths: list[int]
    windows: list[tuple[int, int]] = field(default_factory=list)
    shares: list[list[float]] = field(default_factory=list)


@dataclass
class Submodel:
    """A trained network: what its folder says of it.

    Attributes:
        importances: of each input; empty when there was no reference set.
        evaluation_metrics: None when there was no evaluation set.
        configuration_parameters: as the answers repeat them.
        trained_on: what tells its data from others.
    """

    candidate: TableCandidate
    result: Result
    importances: list[float]
    evaluation_metrics: dict[str, float | None] | None
    configuration_parameters: dict[str, Any]
    trained_on: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {
            "candidate": self.candidate.to_dict(),
            "result": self.result.to_dict(),
            "importances": self.importances,
            "evaluation_metrics": self.evaluation_metrics,
            "configuration_parameters": self.configuration_parameters,
            "trained_on": self.trained_on,
        }


def train(
    candidate: TableCandidate, data: TableData, folder: Path, tell: Callable[[Progress], None]
) -> tuple[Deepnet, Result]:
    """Train ``candidate`` until its time or its iterations are over; its best weights are in ``folder`` then.

    Raises:
        NoModelError: it had no check, or diverged before it.
    """
    training = TableTraining(candidate, data, folder)
    return training.network, training.complete(candidate.max_training_time, tell)


def finish(
    candidate: TableCandidate,
    network: Deepnet,
    result: Result,
    folder: Path,
    parameters: dict[str, Any],
    trained_on: dict[str, Any],
    reference: Reference | None,
    evaluation: Evaluation | None,
    searched: bool,
) -> Submodel:
    """Find importances and evaluation of what `train` gave, and write all into ``folder``.

    Args:
        parameters, trained_on: see `Submodel`.
        searched: for the choice of an ensemble keep evaluations of resamples, and predictions.
    """
    found = _importances(network, reference, candidate.seed) if reference else []
    metrics = _evaluate(candidate, network, evaluation, folder, searched) if evaluation else None
    submodel = Submodel(candidate, result, found, metrics, parameters, trained_on)
    write_json(folder / FIT_INFO_FILE, submodel.to_dict())
    return submodel


def _evaluate(
    candidate: TableCandidate, network: Deepnet, evaluation: Evaluation, folder: Path, searched: bool
) -> dict[str, float | None]:
    """The metrics of the evaluation set; of values in their own unit."""
    predicted, truth = predict(network, evaluation.inputs), class_or_value(evaluation.targets)
    if not candidate.categorical:
        with np.errstate(over="ignore"):  # what is infinite is told as undefined below
            predicted, truth = predicted[:, 0] * candidate.stdev, truth * candidate.stdev
    names = METRICS[candidate.objective]
    if searched:
        write_predictions(folder, predicted)
    truth, predicted = truth[evaluation.compared], predicted[evaluation.compared]
    if searched:
        write_json(folder / EVALUATIONS_FILE, resampled(names, truth, predicted), indent=None)
    # A row unlike all others may be predicted as infinite by a network that does well on its holdout.
    return measure(names, truth, predicted) if np.isfinite(predicted).all() else dict.fromkeys(names)


def _importances(network: Deepnet, reference: Reference, seed: int) -> list[float]:
    columns = importances(network.served, reference.inputs, seed)
    return of_inputs(columns, reference.widths, reference.windows, reference.shares)


def predict(network: Deepnet, inputs: Floats) -> Floats:
    """Probabilities [rows, classes], or standardised values [rows, 1]."""
    parts = [network.served(inputs[i : i + AT_ONCE]).numpy() for i in range(0, len(inputs), AT_ONCE)]
    return np.concatenate(parts)


def read_submodel(folder: Path) -> Submodel | None:
    """What `finish` wrote into ``folder``; None when it is none of a table."""
    try:
        info = json.loads((folder / FIT_INFO_FILE).read_text(encoding="utf-8"))
        candidate, result = TableCandidate(**info["candidate"]), Result.from_dict(info["result"])
        rest = [info[key] for key in ("importances", "evaluation_metrics", "configuration_parameters", "trained_on")]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Submodel(candidate, result, *rest)


def write_predictions(folder: Path, predicted: Floats) -> None:
    """Keep what a submodel predicts for the evaluation set: the finalizer may read it at any time."""
    write_whole(folder / PREDICTIONS_FILE, lambda file: np.save(file, predicted.astype(np.float32)))


def read_predictions(folder: Path) -> Floats | None:
    """What the submodel in ``folder`` predicts for the evaluation set; None when that is not kept, or damaged."""
    try:
        found: Floats = np.load(folder / PREDICTIONS_FILE, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found


def read_evaluations(folder: Path) -> list[dict[str, float | None]] | None:
    """The metrics of the submodel in ``folder``, of each resample; None when it was not part of a search."""
    try:
        found: list[dict[str, float | None]] = json.loads((folder / EVALUATIONS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(found, list) and all(isinstance(one, dict) for one in found)
    return found if whole else None
