"""What candidates of every kind are told of their descent."""

from typing import Any

from pyramid.settings.metrics import METRICS
from pyramid.settings.pictures import PictureSettings


def of_descent(settings: PictureSettings, objective: str, loss: str) -> dict[str, Any]:
    """The fields of a `training.candidate.Fit` that follow from the settings alone."""
    same = (
        "label_smoothing_factor",
        "balance_objective",
        "batch_size",
        "descent_algorithm",
        "learning_rate",
        "learning_rate_warmup_iterations",
        "hyperparameters",
        "patience",
        "max_seconds_per_update",
        "max_iterations",
        "mixed_precision",
    )
    return {key: getattr(settings, key) for key in same} | {
        "loss_function": loss,
        "selection_metric": settings.selection_metric or METRICS[objective][0],
        "gpus": 1 if settings.gpus_per_trial is None else settings.gpus_per_trial,
    }
