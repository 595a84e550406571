"""How far predicted values are from the true ones."""

from typing import Any

import numpy as np

from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Section, paragraph, table
from pyramid.report.page.plots import INK, SERIES, cloud, plot, plots
from pyramid.settings.objectives import NUMERIC

_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def values(contents: Contents) -> Section | None:
    """Predicted against true values, and the residuals: predicted less true."""
    evaluation = contents.evaluation
    if evaluation is None or evaluation.objective != NUMERIC or not len(evaluation):
        return None
    truth, predicted = (np.asarray(v, np.float64) for v in (evaluation.truth, evaluation.predicted))
    fine = np.isfinite(truth) & np.isfinite(predicted)
    left_out = int((~fine).sum())
    truth, predicted = truth[fine], predicted[fine]
    if not len(truth):
        return None
    residuals = predicted - truth

    def draw_values(ax: Any) -> None:
        cloud(ax, truth, predicted)
        ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
        ax.plot(ends, ends, "--", color=INK, linewidth=1)
        ax.set(xlabel="true value", ylabel="predicted value")

    def draw_residuals(ax: Any) -> None:
        cloud(ax, predicted, residuals)
        ax.axhline(0, linestyle="--", color=INK, linewidth=1)
        ax.set(xlabel="predicted value", ylabel="predicted less true")

    def draw_histogram(ax: Any) -> None:
        bins = min(40, max(5, int(np.sqrt(len(residuals)))))
        ax.hist(residuals, bins=bins, range=_range(residuals), color=SERIES[0], alpha=0.75)
        ax.axvline(0, linestyle="--", color=INK, linewidth=1)
        ax.set(xlabel="predicted less true", ylabel="rows")

    rows = [(f"{q:.0%}", *(f"{np.quantile(v, q):.6g}" for v in (truth, predicted, residuals))) for q in _QUANTILES]
    headings = ["of the rows are at most", "true", "predicted", "predicted less true"]
    figures = [
        plot("values", "Predicted against true", "On the dashed line the two are the same.", draw_values),
        plot("residuals", "Residuals", "What the predictions are off by, over the predicted value.", draw_residuals),
        plot("errors", "Residuals by size", "How many rows are off by how much.", draw_histogram),
    ]
    told = [paragraph(f"{left_out:,} rows whose value is no number are left out.")] if left_out else []
    return Section("values", "Predicted and true values", [*told, plots(figures), table("Quantiles", headings, rows)])


def _range(values: Any) -> tuple[float, float]:
    """The least and the greatest of ``values``, far enough apart for bins where they differ by their rounding alone."""
    low, high = float(np.min(values)), float(np.max(values))
    least = 1e-6 * max(abs(low), abs(high), 1e-300)
    return (low, high) if high - low > least else (low - least, high + least)
