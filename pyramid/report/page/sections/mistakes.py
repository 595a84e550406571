"""The rows that the model gets most wrong, as pictures with what it looked at."""

import time
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pyramid.finalize.evaluation import Evaluation
from pyramid.finalize.journal import located
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Html, Section, listed, paragraph, table, tag
from pyramid.report.page.pictures import SIDE, shown, thumbnail
from pyramid.report.texts import name
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL

#: Rows that are shown, and those among them whose attribution is shown.
ROWS, ATTRIBUTED = 12, 8

#: Seconds after which no further attribution is begun.
SECONDS = 8.0

_WHAT = {
    True: "Bright: what speaks for the class that was predicted rather than for the true one; the rest is dimmed.",
    False: "Bright: what the predicted value comes from; the rest is dimmed.",
}
_HOW = " Integrated gradients from a black picture (Sundararajan, Taly and Yan, 2017)."


#: A search keeps no places in the table.
_WHICH_ROWS = "Rows, counted from 0 in evaluation.parquet"


@dataclass
class Mistake:
    """A row that is wrong, what was predicted, and what is true; the classes as indices."""

    row: int
    words: str
    predicted: int
    truth: int


def worst(evaluation: Evaluation, most: int = ROWS) -> list[Mistake]:
    """Of classes those that the model was surest of, of values those that are farthest off."""
    if evaluation.objective == CATEGORICAL:
        predicted = evaluation.predicted.argmax(axis=1)
        sure = np.where(predicted != evaluation.truth, evaluation.predicted.max(axis=1), -1.0)
        rows = [i for i in np.argsort(-sure, kind="stable")[:most] if sure[i] >= 0]
        return [_of_class(evaluation, int(i), int(predicted[i])) for i in rows]
    off = np.abs(np.asarray(evaluation.predicted, float) - np.asarray(evaluation.truth, float))
    rows = [i for i in np.argsort(-np.nan_to_num(off, nan=-1.0), kind="stable")[:most] if off[i] > 0]
    values = [(int(i), evaluation.predicted[i], evaluation.truth[i]) for i in rows]
    return [Mistake(i, f"predicted {p:.5g}, true {t:.5g}", 0, 0) for i, p, t in values]


def _of_class(evaluation: Evaluation, row: int, predicted: int) -> Mistake:
    truth, probabilities = int(evaluation.truth[row]), evaluation.predicted[row]
    said = f"predicted {name(evaluation.classes[predicted])} ({probabilities[predicted]:.2f})"
    return Mistake(
        row, f"{said}, true {name(evaluation.classes[truth])} ({probabilities[truth]:.2f})", predicted, truth
    )


def mistakes(contents: Contents) -> Section | None:
    """Up to 12 rows; of pictures the first 8 with a map of attributions."""
    evaluation = contents.evaluation
    if evaluation is None or evaluation.objective == BOUNDING_BOX or not len(evaluation):
        return None
    found = worst(evaluation)
    if not found:
        return Section("mistakes", "The worst mistakes", [paragraph("There is none.")])
    if not evaluation.files:
        rows = [(f"{m.row:,}", m.words) for m in found]
        return Section(
            "mistakes",
            "The worst mistakes",
            [table(_WHICH_ROWS, ["row", "mistake"], rows, (0, 1))],
        )
    return Section("mistakes", "The worst mistakes", _pictures(contents, evaluation, found))


def _pictures(contents: Contents, evaluation: Evaluation, found: list[Mistake]) -> list[Html]:
    pictures, unreadable = {}, []
    for mistake in found:
        file = evaluation.files[mistake.row]
        try:
            pictures[mistake.row] = thumbnail(located(contents.root, file))[0]
        except OSError as error:
            unreadable.append(f"{file}: {error.strerror or error} ({mistake.words})")
    there = [mistake for mistake in found if mistake.row in pictures]
    maps, why_not = _attributions(contents, evaluation, there[:ATTRIBUTED])
    items = [_item(contents.shown_file(evaluation.files[m.row]), m, pictures[m.row], maps.get(m.row)) for m in there]
    parts = [paragraph(_WHAT[evaluation.objective == CATEGORICAL], _HOW)] if maps else []
    parts += [tag("ul", *items, class_="pictures pairs" if maps else "pictures")] if items else []
    parts += [paragraph(_few(len(maps)), why_not)] if why_not else []
    return parts + ([paragraph("These pictures cannot be read any more:"), listed(unreadable)] if unreadable else [])


def _few(maps: int) -> str:
    return f"The first {maps} have a map of attributions: " if maps else "There is no map of attributions: "


def _item(file: str, mistake: Mistake, picture: Image.Image, lit: Image.Image | None) -> Html:
    images = [shown(picture, f"{file}: {mistake.words}")]
    images += [shown(lit, f"What the model looked at in {file}")] if lit else []
    return tag("li", *images, tag("br"), file, tag("br"), mistake.words)


def _attributions(
    contents: Contents, evaluation: Evaluation, found: list[Mistake]
) -> tuple[dict[int, Image.Image], str]:
    """A picture for each row, and why there are not more."""
    if contents.model is None or not found:
        return {}, "the model's document is not there." if found else ""
    maps: dict[int, Image.Image] = {}
    try:
        from pyramid.report.page.attribution import Explainer  # TensorFlow

        explainer, began = Explainer(contents.model), time.monotonic()
        for mistake in found:
            if maps and time.monotonic() - began > SECONDS:
                return maps, "there was no time for more."
            classes = (mistake.predicted, mistake.truth) if evaluation.objective == CATEGORICAL else None
            picture = Image.fromarray(explainer.lit(located(contents.root, evaluation.files[mistake.row]), classes))
            picture.thumbnail((SIDE, SIDE))
            maps[mistake.row] = picture
    except Exception as error:  # a model of another kind, or one that is too large: the page goes without
        return maps, f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
    return maps, ""
