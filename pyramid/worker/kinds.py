"""The kinds of job: what `job_type` names."""

from collections.abc import Callable
from typing import Any

from pyramid.settings.base_settings import (
    DATASET_CACHING,
    FINALIZE_OUTPUT,
    IMAGE_TRAINING,
    SEARCH_SUBMODEL,
    STANDARD_TRAINING,
    BaseSettings,
)
from pyramid.worker import caching, finalizing, pictures, submodels
from pyramid.worker.reporting import Report

#: job_type -> (settings, where to report) -> what the answer says.
KINDS: dict[str, Callable[[BaseSettings, Report], dict[str, Any]]] = {
    IMAGE_TRAINING: pictures.run,
    DATASET_CACHING: caching.run,
    STANDARD_TRAINING: submodels.run,
    SEARCH_SUBMODEL: submodels.run,
    FINALIZE_OUTPUT: finalizing.run,
}
