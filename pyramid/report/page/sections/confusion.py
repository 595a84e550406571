"""Which classes are taken for which."""

import numpy as np

from pyramid.finalize.evaluation import Evaluation
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Html, Section, details, paragraph, scrolling, table, tag
from pyramid.report.page.statistics import confusion, most_confused
from pyramid.report.texts import name
from pyramid.settings.objectives import CATEGORICAL

#: Classes of a matrix, and pairs that are listed when there are more.
MOST = 30

#: Classes in the table of all.
LISTED = 1000


def confusion_matrix(contents: Contents) -> Section | None:
    """The matrix of up to 30 classes; of more, the pairs that are confused most often."""
    evaluation = contents.evaluation
    if evaluation is None or evaluation.objective != CATEGORICAL or not len(evaluation):
        return None
    predicted = evaluation.predicted.argmax(axis=1)
    right = int((predicted == evaluation.truth).sum())
    share = f"{right:,} of {len(evaluation):,} are right ({right / len(evaluation):.1%})."
    parts = [paragraph(share)]
    if len(evaluation.classes) <= MOST:
        parts.append(_matrix(evaluation))
    pairs = most_confused(evaluation.truth, predicted, len(evaluation.classes), MOST)
    shown = [(name(evaluation.classes[a]), name(evaluation.classes[b]), f"{n:,}") for a, b, n in pairs]
    if shown:
        listed = table("Confused most often", ["true class", "predicted class", "rows"], shown, (0, 1))
        few = len(evaluation.classes) <= MOST
        parts.append(details("The pairs that are confused most often", listed) if few else listed)
    parts.append(details("Each class", _classes(evaluation)))
    return Section("confusion", "Confusion matrix", parts)


def _matrix(evaluation: Evaluation) -> Html:
    names = [name(label) for label in evaluation.classes]
    counts = confusion(evaluation.truth, evaluation.predicted.argmax(axis=1), len(names))
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    head = tag("tr", tag("th", "true \\ predicted", scope="col"), *(tag("th", n, scope="col", title=n) for n in names))
    rows = [
        tag(
            "tr",
            tag("th", label, scope="row", title=label),
            *(_cell(counts[i, j], shares[i, j], i == j) for j in range(len(names))),
        )
        for i, label in enumerate(names)
    ]
    caption = tag(
        "caption", "Rows of each true class by the class that was predicted; the darker, the larger the share"
    )
    inner = tag("table", caption, tag("thead", head), tag("tbody", *rows), class_="matrix")
    return scrolling("Confusion matrix", inner)


def _cell(count: int, share: float, right: bool) -> Html:
    style = f"--v:{share:.2f}" if count else None
    return tag("td", f"{count:,}" if count else "·", style=style, class_="right" if right else None)


def _classes(evaluation: Evaluation) -> Html:
    """Precision, recall and rows of each class, the worst first."""
    classes, predicted = len(evaluation.classes), evaluation.predicted.argmax(axis=1)
    rows = np.bincount(evaluation.truth, minlength=classes)
    asked = np.bincount(predicted, minlength=classes)
    hits = np.bincount(evaluation.truth[predicted == evaluation.truth], minlength=classes)
    f = 2 * hits / np.maximum(1, rows + asked)
    order = sorted(np.flatnonzero(rows + asked), key=lambda k: (f[k], -rows[k]))[:LISTED]
    told = [
        [
            name(evaluation.classes[k]),
            f"{rows[k]:,}",
            _share(hits[k], asked[k]),
            _share(hits[k], rows[k]),
            f"{f[k]:.3f}",
        ]
        for k in order
    ]
    return table("Each class, the worst first", ["class", "rows", "precision", "recall", "F1"], told)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "–"
