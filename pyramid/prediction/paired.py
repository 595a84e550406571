"""Two models' predictions, made comparable: the same rows, and the classes in one order."""

from typing import Any

import numpy as np

from pyramid.finalize.evaluation import Evaluation
from pyramid.prediction.document import Described
from pyramid.prediction.labelled import Labelled
from pyramid.settings.objectives import BOUNDING_BOX


def common(found: list[Labelled], models: list[Described]) -> list[Labelled]:
    """The rows that both models have predicted, with the classes in the order of the first."""
    both = set(found[0].places) & set(found[1].places)
    made = []
    for one, model in zip(found, models, strict=True):
        kept = [i for i, place in enumerate(one.places) if place in both]
        evaluation = _reordered(_taken(one.evaluation, kept), model, models[0])
        places = [one.places[i] for i in kept]
        made.append(Labelled(evaluation, places, one.unknown, one.unreadable, one.notes))
    return made


def _taken(evaluation: Evaluation, rows: list[int]) -> Evaluation:
    def cut(values: Any) -> Any:
        return values[rows] if isinstance(values, np.ndarray) else [values[i] for i in rows]

    files = [evaluation.files[i] for i in rows] if evaluation.files else []
    return Evaluation(evaluation.objective, evaluation.classes, files, cut(evaluation.truth), cut(evaluation.predicted))


def _reordered(evaluation: Evaluation, model: Described, first: Described) -> Evaluation:
    if model.classes == first.classes:
        return evaluation
    order = [model.classes.index(name) for name in first.classes]
    places = np.argsort(order)  # class of the model -> class of the first
    truth, predicted = evaluation.truth, evaluation.predicted
    if evaluation.objective == BOUNDING_BOX:
        for row in (*truth, *predicted):
            row[:, 4] = places[row[:, 4].astype(int)]
    else:
        truth, predicted = places[truth], predicted[:, order]
    return Evaluation(evaluation.objective, first.classes, evaluation.files, truth, predicted)
