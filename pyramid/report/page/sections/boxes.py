"""How well a detector finds objects: curves of each class, and pictures with what was found, missed and false."""

from typing import Any

import numpy as np
from PIL import Image

from pyramid.finalize.evaluation import Evaluation
from pyramid.finalize.journal import located
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Html, Section, listed, paragraph, table, tag
from pyramid.report.page.matching import Curve, Match, curves, match, served
from pyramid.report.page.pictures import data_uri, thumbnail
from pyramid.report.page.plots import LINES, label, plot, thinned
from pyramid.report.texts import name
from pyramid.settings.boxes import SERVED_SCORE
from pyramid.settings.objectives import BOUNDING_BOX

#: Classes that are drawn, pictures of the gallery, and boxes of a picture.
DRAWN, PICTURES, BOXES = 8, 12, 100


def precision_and_recall(contents: Contents) -> Section | None:
    """Precision over recall of each class at an IoU of 0.5, and counts at the score that is served."""
    evaluation = contents.evaluation
    if evaluation is None or evaluation.objective != BOUNDING_BOX or not len(evaluation):
        return None
    found = curves(evaluation.truth, evaluation.predicted, len(evaluation.classes))
    order = sorted((k for k, c in enumerate(found) if c.objects), key=lambda k: found[k].average or 0.0)

    def draw(ax: Any) -> None:
        for line, k in zip(LINES, order[:DRAWN], strict=False):
            ax.plot(*thinned(*_whole(found[k])), **line, label=label(evaluation.classes[k]))
        ax.set(xlabel="found of the objects (recall)", ylabel="right among the boxes (precision)")
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
        if order:
            ax.legend(loc="best")

    which = "each class" if len(order) <= DRAWN else f"the {DRAWN} classes with the lowest average precision"
    told = f"Of {which}: a box is right when it overlaps an object of its class by an IoU of 0.5 or more."
    counts = _counts(evaluation)
    headings = ["class", "objects", "found", "missed", "false", "average precision"]
    rows = [[name(evaluation.classes[k]), *map(str, counts[k]), _average(found[k])] for k in range(len(found))]
    caption = f"Boxes with a score above {SERVED_SCORE}, and average precision over all scores"
    return Section(
        "boxes",
        "Precision and recall of boxes",
        [plot("pr-boxes", "PR of boxes", told, draw), table(caption, headings, rows)],
    )


def _whole(curve: Curve) -> tuple[Any, Any]:
    """From a recall of 0 on."""
    first = curve.precision[:1] if len(curve.precision) else [0.0]
    return np.concatenate([[0.0], curve.recall]), np.concatenate([first, curve.precision])


def _average(curve: Curve) -> str:
    return "–" if curve.average is None else f"{curve.average:.3f}"


def _counts(evaluation: Evaluation) -> Any:
    """[classes, 4]: objects, found, missed, false."""
    counts = np.zeros((len(evaluation.classes), 4), int)
    for truth, boxes in zip(evaluation.truth, map(served, evaluation.predicted), strict=True):
        m = match(truth, boxes)
        np.add.at(counts[:, 0], truth[:, 4].astype(int), 1)
        np.add.at(counts[:, 1], truth[m.found, 4].astype(int), 1)
        np.add.at(counts[:, 3], boxes[~m.right, 4].astype(int), 1)
    counts[:, 2] = counts[:, 0] - counts[:, 1]
    return counts


def gallery(contents: Contents) -> Section | None:
    """The pictures with the most missed objects and false boxes."""
    evaluation = contents.evaluation
    if evaluation is None or evaluation.objective != BOUNDING_BOX or not evaluation.files:
        return None
    boxes = [served(predicted) for predicted in evaluation.predicted]
    matches = [match(truth, found) for truth, found in zip(evaluation.truth, boxes, strict=True)]
    faults = np.array([int((~m.found).sum() + (~m.right).sum()) for m in matches])
    items: list[Html] = []
    unreadable: list[str] = []
    for i in np.argsort(-faults, kind="stable"):
        if len(items) == PICTURES or len(unreadable) == PICTURES:
            break
        file = evaluation.files[i]
        try:
            picture, size = thumbnail(located(contents.root, file))
        except OSError as error:
            unreadable.append(f"{file}: {error.strerror or error}")
            continue
        items.append(_item(contents.shown_file(file), evaluation, int(i), picture, size, boxes[i], matches[i]))
    parts = [_legend(), tag("ul", *items, class_="pictures")] if items else [paragraph("No picture can be shown.")]
    if unreadable:
        parts += [paragraph("These pictures cannot be read any more:"), listed(unreadable)]
    return Section("gallery", "Found, missed and false boxes", parts)


def _legend() -> Html:
    keys = (("found", "found"), ("missed", "missed objects"), ("false", "false boxes"))
    parts = [tag("span", _sample(kind), " ", words, class_="key") for kind, words in keys]
    return paragraph(*parts, f" (scores above {SERVED_SCORE}; the pictures with the most faults first)")


def _sample(kind: str) -> Html:
    rect = tag("rect", x=2, y=2, width=28, height=10, class_=kind)
    return tag("svg", rect, viewBox="0 0 32 14", aria_hidden="true")


def _item(
    file: str, evaluation: Evaluation, i: int, picture: Image.Image, size: tuple[int, int], boxes: Any, matched: Match
) -> Html:
    """A picture with its boxes over it, which keep the picture's own pixels."""
    width, height = size
    kinds = [("found", box) for box in boxes[matched.right]]
    kinds += [("missed", box) for box in evaluation.truth[i][~matched.found]]
    kinds += [("false", box) for box in boxes[~matched.right]]
    drawn = [_rect(kind, box, evaluation.classes) for kind, box in kinds[:BOXES]]
    counts = {kind: sum(k == kind for k, _ in kinds) for kind in ("found", "missed", "false")}
    told = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    image = Html(f'<image href="{data_uri(picture)}" width="{width}" height="{height}" preserveAspectRatio="none"/>')
    words = f"{file}: {told}"
    options = {"viewBox": f"0 0 {width} {height}", "role": "img", "aria_label": words, "class_": "boxes"}
    return tag("li", tag("svg", image, *drawn, **options), tag("br"), file, tag("br"), told)


def _rect(kind: str, box: Any, classes: list[str]) -> Html:
    x1, y1, x2, y2 = (round(float(v), 1) for v in box[:4])
    label = name(classes[int(box[4])]) + (f", {box[5]:.2f}" if len(box) > 5 else "")
    title = tag("title", f"{kind}: {label}")
    width, height = max(0.0, round(x2 - x1, 1)), max(0.0, round(y2 - y1, 1))
    return Html(f'<rect class="{kind}" x="{x1}" y="{y1}" width="{width}" height="{height}">{title}</rect>')
