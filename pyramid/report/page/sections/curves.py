"""How a classifier trades false alarms for misses, class by class, and whether its probabilities can be believed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyramid.finalize.evaluation import Evaluation
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Section, paragraph, table
from pyramid.report.page.plots import FAINT, INK, LINES, SERIES, Floats, label, plot, plots, thinned
from pyramid.report.page.statistics import Calibration, tradeoff
from pyramid.report.page.statistics import calibration as calibrate
from pyramid.report.texts import name
from pyramid.settings.objectives import CATEGORICAL

#: Classes that are drawn, the worst; and those that are looked at, the most frequent.
DRAWN, LOOKED_AT = 8, 100


@dataclass
class _Class:
    label: str
    rows: int
    area: float
    average: float
    roc: tuple[Floats, Floats]
    pr: tuple[Floats, Floats]


def roc_and_pr(contents: Contents) -> Section | None:
    """Curves of each class against all others."""
    evaluation = contents.evaluation
    if evaluation is None or evaluation.objective != CATEGORICAL:
        return None
    known = _classes(evaluation)
    if not known:
        return None
    known.sort(key=lambda c: c.average)
    drawn = known[:DRAWN]

    def draw(ax: Any, which: str, across: str, up: str) -> None:
        for line, c in zip(LINES, drawn, strict=False):
            ax.plot(*getattr(c, which), **line, label=label(c.label))
        ax.set(xlabel=across, ylabel=up, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))

    def draw_roc(ax: Any) -> None:
        ax.plot([0, 1], [0, 1], ":", color=FAINT)
        draw(ax, "roc", "false alarms among the others", "found of the class (recall)")
        ax.legend(loc="lower right")

    def draw_pr(ax: Any) -> None:
        draw(ax, "pr", "found of the class (recall)", "right among the alarms (precision)")
        ax.legend(loc="lower left")

    which = f"the {len(drawn)} classes with the lowest average precision" if len(known) > DRAWN else "each class"
    figures = [
        plot("roc", "ROC", f"Receiver operating characteristic of {which} against all others.", draw_roc),
        plot("pr", "Precision and recall", f"Precision over recall of {which} against all others.", draw_pr),
    ]
    rows = [(c.label, f"{c.rows:,}", f"{c.area:.4f}", f"{c.average:.4f}") for c in known]
    numbers = table(
        "The lowest average precision first", ["class", "rows", "area under ROC", "average precision"], rows
    )
    told = [paragraph(f"Of {len(evaluation.classes):,} classes the {LOOKED_AT} most frequent are looked at.")]
    return Section("curves", "ROC and PR curves", [*(told if len(known) >= LOOKED_AT else []), plots(figures), numbers])


def _classes(evaluation: Evaluation) -> list[_Class]:
    """Those that have rows and are not all that there is."""
    rows = np.bincount(evaluation.truth, minlength=len(evaluation.classes))
    order = [k for k in np.argsort(-rows, kind="stable")[:LOOKED_AT] if 0 < rows[k] < len(evaluation)]
    return [_class(evaluation, int(k), int(rows[k])) for k in order]


def _class(evaluation: Evaluation, k: int, rows: int) -> _Class:
    found = tradeoff(evaluation.truth == k, evaluation.predicted[:, k])
    roc, pr = thinned(found.false, found.found), thinned(found.found, found.precision)
    return _Class(name(evaluation.classes[k]), rows, found.area, found.average, roc, pr)


def calibration(contents: Contents) -> Section | None:
    """A reliability diagram, and the expected calibration error."""
    evaluation = contents.evaluation
    if evaluation is None or evaluation.objective != CATEGORICAL or not len(evaluation):
        return None
    found = calibrate(evaluation.truth, evaluation.predicted)
    middle, width = (found.edges[:-1] + found.edges[1:]) / 2, 0.9 / len(found.counts)
    there = found.counts > 0

    def draw_reliability(ax: Any) -> None:
        ax.bar(middle[there], found.accuracy[there], width, color=SERIES[0], alpha=0.75)
        ax.plot([0, 1], [0, 1], "--", color=INK, linewidth=1)
        ax.set(xlabel="probability of the predicted class", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02))

    def draw_counts(ax: Any) -> None:
        ax.bar(middle, found.counts, width, color=SERIES[0], alpha=0.75)
        ax.set(xlabel="probability of the predicted class", ylabel="rows", xlim=(0, 1))

    words = "Bars on the dashed line: probabilities that can be taken as they are; below it the model is too sure."
    figures = [
        plot("reliability", "Reliability", words, draw_reliability, _numbers(found)),
        plot("confidence", "How sure it is", "Rows by the probability of the class that was predicted.", draw_counts),
    ]
    told = f"Expected calibration error: {found.error:.4f} (the mean distance from probability to share that is right)."
    return Section("calibration", "Calibration", [paragraph(told), plots(figures)])


def _numbers(found: Calibration) -> Any:
    rows = [
        (f"{low:.2f} to {high:.2f}", f"{n:,}", f"{sure:.3f}", f"{right:.3f}")
        for low, high, n, sure, right in zip(
            found.edges[:-1], found.edges[1:], found.counts, found.confidence, found.accuracy, strict=True
        )
        if n
    ]
    return table("By probability", ["probability", "rows", "mean probability", "share right"], rows)
