"""What follows from the settings of a job alone."""

import os
from typing import Any

from pyramid.search.table_candidates import configuration_parameters
from pyramid.settings.base_settings import BaseSettings
from pyramid.training.candidate import Result


def training_answer(
    settings: BaseSettings, result: Result, evaluation_metrics: dict[str, float | None] | None
) -> dict[str, Any]:
    """What the answer to any training says."""
    return {
        "validation_metrics": result.metrics,
        "evaluation_metrics": evaluation_metrics,
        "iterations": result.iterations,
        "elapsed_time": result.seconds["elapsed"],
        "configuration_parameters": configuration_parameters(settings),
        "base_image_network": settings.base_image_network,
        "image_training_type": settings.image_training_type,
    }


def image_root(settings: BaseSettings) -> str:
    """The folder of the table, unless the job names another."""
    return settings.image_root or os.path.dirname(str(settings.cache_file)) or "."
