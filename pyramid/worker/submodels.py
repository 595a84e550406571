"""`standard_training` and `search_submodel`: one network on a cached table."""

from functools import partial
from pathlib import Path
from typing import Any

from pyramid.data.tabular.compared import read as read_compared
from pyramid.data.tabular.compared import unlearned
from pyramid.data.tabular.names import EVALUATION, FULL
from pyramid.errors import DataError
from pyramid.search.table_candidates import configuration_parameters, table_candidate
from pyramid.settings.base_settings import SEARCH_SUBMODEL, BaseSettings
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.training.cached import evaluation, layout_of, reference
from pyramid.training.candidate import SUBMODEL
from pyramid.training.submodel import finish, read_submodel, train
from pyramid.training.table_data import make_table_data, read_array
from pyramid.training.trained_on import trained_on
from pyramid.worker.folders import check_free, whole_folder
from pyramid.worker.parameters import training_answer
from pyramid.worker.reporting import Report

#: The share of a job that is training; what is left is importances and evaluation.
_TRAINING = 0.95


def run(settings: BaseSettings, report: Report) -> dict[str, Any]:
    """Train the network of a job into `submodel_<job_id>`; returns the answer."""
    name = f"{SUBMODEL}{settings.job_id}"
    if settings.table.objective.type == BOUNDING_BOX:
        from pyramid.worker.pictures import train_pictures

        return train_pictures(settings, name, report)
    folder = Path(str(settings.output_directory)) / name
    check_free(folder, read_submodel)
    path = Path(str(settings.cache_file))
    layout = layout_of(settings.table, settings.tree_inputs, path)
    compared = read_compared(path.parent)
    full = path.name == FULL
    data = make_table_data(settings, read_array(path, layout), layout, compared.full if compared and full else None)
    if compared and full:
        compared = unlearned(compared, data.training)
    candidate = table_candidate(settings, data.inputs.shape[1])
    references = reference(path.parent, layout, settings.tree_embedding)
    evaluated = evaluation(path.parent, layout, compared, settings.tree_embedding, candidate.categorical)
    if evaluated is None and settings.job_type == SEARCH_SUBMODEL:
        raise DataError([f"cache_file: a search needs {path.parent / EVALUATION}, which a dataset_caching job writes"])
    parameters, known = configuration_parameters(settings), trained_on(settings.table, path.parent)
    with whole_folder(folder) as work:
        network, result = train(candidate, data, work, partial(report.training, share=_TRAINING))
        report(_TRAINING, message="finding importances, evaluating")
        searched = settings.job_type == SEARCH_SUBMODEL
        submodel = finish(candidate, network, result, work, parameters, known, references, evaluated, searched)
    return training_answer(settings, submodel.result, submodel.evaluation_metrics)
