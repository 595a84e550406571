"""The metrics that a holdout is measured by; higher is better for each, so errors are negated.

The functions behind the names are in ``pyramid.training.metrics`` and, for boxes, ``pyramid.training.detection``.
"""

from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC

#: The first metric of each objective is the default of `selection_metric`; the first two are the headline.
METRICS: dict[str, tuple[str, ...]] = {
    CATEGORICAL: ("likelihood", "accuracy", "auc", "ndcg", "max_phi"),
    NUMERIC: ("r_squared", "mean_squared_error", "mean_absolute_error", "median_absolute_error", "spearman"),
    BOUNDING_BOX: ("map_50", "map", "ciou_loss", "probability_loss", "confidence_loss"),
}


def is_negated(name: str) -> bool:
    """Whether the metric is an error or a loss, which is kept negated; people read them as they are."""
    return name.endswith(("_error", "_loss"))
