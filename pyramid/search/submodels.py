"""The jobs `search_submodel` of a search: one network each."""

from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.settings.base_settings import SEARCH_SUBMODEL, BaseSettings
from pyramid.settings.check_job import check_job
from pyramid.settings.columns import Column
from pyramid.settings.search import SearchSettings

#: Keys that a search and a job have in common, but that mean something else in the job, or nothing.
_OF_THE_SEARCH = {
    *("training_data", "objective_type", "image_root", "max_total_time", "instance_weights", "info_list"),
    *("initial_model", "image_network_candidates", "model_fraction", "ensemble_method"),
}


def submodel_template(
    settings: SearchSettings, columns: Sequence[Column], weighted: bool, tree_inputs: int, cache_file: str
) -> BaseSettings:
    """What all jobs of the search have in common, checked as the jobs of a backend are.

    Args:
        columns: the inputs, the weight if there is one, the objective.
        weighted: whether the last but one of ``columns`` is the weight of the row.
        tree_inputs: tree columns in the array.
        cache_file: the array that the networks learn from.

    Raises:
        ConfigError: the settings do not fit the columns, such as `class_weights` of no class.
    """
    shared = settings.model_fields_set & BaseSettings.model_fields.keys() - _OF_THE_SEARCH
    given = settings.model_dump(mode="json", include=shared, exclude_unset=True)
    return check_job(
        given
        | {
            "job_type": SEARCH_SUBMODEL,
            "job_id": "template",
            "output_directory": settings.output_directory,
            "info_list": [column.model_dump() for column in columns],
            "instance_weights": weighted,
            "tree_inputs": tree_inputs,
            "cache_file": cache_file,
        }
    )


def job_settings(template: BaseSettings, name: str, parameters: Mapping[str, Any], **changes: Any) -> BaseSettings:
    """The job of one network. Nothing is checked: the parameters come from the search's space.

    Args:
        name: unique in the search; the network's folder is `submodel_<name>`.
        parameters: all fourteen.
        changes: of other keys, such as `max_training_time`.
    """
    return template.model_copy(update={"job_id": name, **parameters, **changes})
