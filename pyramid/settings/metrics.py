"""The metrics that a holdout is measured by; higher is better for each, so errors are negated.

The function behind a name is in ``pyramid.training.metrics``.
"""

from pyramid.settings.objectives import CATEGORICAL, NUMERIC

#: The first metric of each objective is the default of `selection_metric`; the first two are the headline.
METRICS: dict[str, tuple[str, ...]] = {
    CATEGORICAL: ("likelihood", "accuracy", "auc", "ndcg", "max_phi"),
    NUMERIC: ("r_squared", "mean_squared_error", "mean_absolute_error", "median_absolute_error", "spearman"),
}
