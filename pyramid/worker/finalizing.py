"""`finalize_output`: what the other jobs wrote -> the model that is delivered."""

import json
from pathlib import Path
from typing import Any

from pyramid.data.tabular.names import IMAGE_NETWORK, TREES
from pyramid.errors import ConfigError, DataError
from pyramid.finalize.compared import compared_truth
from pyramid.finalize.document import model_document
from pyramid.finalize.ensemble import Attempt, Choice, choose, ensemble_document, read_attempts
from pyramid.finalize.exports.export import export
from pyramid.search.select import rank
from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.deepnets import ALPHA
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.tf import tf  # noqa: F401 - chooses the legacy Keras
from pyramid.training.cached import read_json
from pyramid.training.candidate import FIT_INFO_FILE, SUBMODEL, WEIGHTS_FILE, Candidate, Result
from pyramid.training.storage import load_fit_info
from pyramid.training.trained_on import difference, trained_on
from pyramid.worker.pictures import image_folder
from pyramid.worker.reporting import Report

# sensenet imports TensorFlow, so it comes after what imports pyramid.tf.
from sensenet.layers.legacy import legacy_convert  # isort: skip

_WRITING = "writing the model"


def run(settings: BaseSettings, report: Report) -> dict[str, Any]:
    """Choose the ensemble and write the model into `output_directory`; returns the answer."""
    folder = Path(str(settings.output_directory))
    if settings.table.objective.type == BOUNDING_BOX:
        report(0.3, message=_WRITING)
        return export(_detector(folder), folder)
    document, told = _ensemble(settings, folder)
    report(0.3, message=_WRITING)
    return export(document, folder, _legacy if settings.deepnet_version == ALPHA else None) | told


def _legacy(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` in sensenet's legacy form.

    Raises:
        ConfigError: that has no word for a layer of it.
    """
    try:
        converted: dict[str, Any] = legacy_convert(document)
    except (ValueError, AssertionError, KeyError, IndexError) as error:
        rule = "alpha knows dense layers, with batch normalization and residuals, and no others"
        raise ConfigError([f"deepnet_version: {rule}; leave it out for networks with such layers"]) from error
    return converted


def _detector(folder: Path) -> dict[str, Any]:
    """The document of the best detector in ``folder``."""
    found = [(path, info) for path in sorted(folder.glob(SUBMODEL + "*")) if (info := load_fit_info(path))]
    if not found:
        raise DataError([f"output_directory: {folder} has no {SUBMODEL}* of a training"])
    results = [result for _, (_, result) in found]
    best = (rank(results, found[0][1][0].selection_metric) or results)[0]
    path, (candidate, result) = found[results.index(best)]
    document = model_document(candidate, result, path / WEIGHTS_FILE)
    kept = {"holdout_image_predictions": _kept(path)}
    return document | kept | {"candidates": [_attempt(candidate, result) for _, (candidate, result) in found]}


def _attempt(candidate: Candidate, result: Result) -> dict[str, Any]:
    """A detector, as the candidates of an ensemble are told of."""
    return {
        "job_id": candidate.name,
        "relative_value": None,
        "evaluation_metrics": None,
        "validation_metrics": result.metrics,
        "iterations": result.iterations,
        "elapsed_time": result.seconds.get("elapsed", 0.0),
        "configuration_parameters": {"base_image_network": candidate.network, "image_training_type": candidate.method},
    }


def _ensemble(settings: BaseSettings, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document of the ensemble, and what the answer says of it."""
    attempts = read_attempts(folder)
    if not attempts:
        raise DataError([f"output_directory: {folder} has no {SUBMODEL}* of a training on a table"])
    _check_fit(attempts, trained_on(settings.table, folder))
    truth = compared_truth(attempts, settings.table, folder)
    choice = choose(attempts, settings.ensemble_method, settings.model_fraction, truth)
    with_trees = any(attempts[i].submodel.candidate.trees for i in choice.members)
    trees = read_json(folder / TREES) if with_trees else None
    network = read_json(folder / IMAGE_NETWORK) if settings.table.images else None
    document = ensemble_document(attempts, choice, settings.table, trees, network, _holdout(settings))
    return document, _told(attempts, choice)


def _check_fit(attempts: list[Attempt], known: dict[str, Any]) -> None:
    """Every network must have been trained on the data that are ``known`` now."""
    for attempt in attempts:
        found = difference(attempt.submodel.trained_on, known)
        if found:
            raise DataError([f"{attempt.folder}: was trained on other data: {found}; remove it or train it anew"])


def _holdout(settings: BaseSettings) -> list[Any] | None:
    """What the image network predicted for held out pictures, when the training kept it."""
    if not settings.table.images:
        return None
    return _kept(image_folder(settings))


def _kept(folder: Path) -> list[Any] | None:
    try:
        info = json.loads((folder / FIT_INFO_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    kept: list[Any] | None = info.get("holdout_image_predictions")
    return kept


def _told(attempts: list[Attempt], choice: Choice) -> dict[str, Any]:
    return {
        "ensemble": {
            "method": choice.method,
            "members": [attempts[i].submodel.candidate.name for i in choice.members],
            "scores": choice.scores,
            "notes": choice.notes,
        }
    }
