"""One call of `evaluate`: a model, and another if asked for, on data whose labels are known."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyramid.errors import ConfigError, DataError
from pyramid.finalize.evaluation import Evaluation
from pyramid.prediction.document import Described, describe
from pyramid.prediction.job import Tell, batch_size_problems
from pyramid.prediction.labelled import Asked, Labelled, labelled
from pyramid.prediction.paired import common
from pyramid.prediction.truth import config_in
from pyramid.settings.objectives import BOUNDING_BOX

if TYPE_CHECKING:
    from pyramid.prediction.intervals import Measured


@dataclass
class Evaluated:
    """What came of it.

    Attributes:
        resamples: that were drawn.
        left_out: why rows, or boxes, were left out -> how many.
        unknown: classes that the model does not know -> rows, or boxes, that were left out for it.
        unreadable: file or row -> why it could not be predicted, by the other model too.
        comparison: see `compare.compare`; None without another model.
        notes: what a person should know first.
    """

    asked: Asked
    model: Described
    evaluation: Evaluation
    measured: "Measured"
    resamples: int
    unknown: dict[str, int]
    unreadable: dict[str, str]
    comparison: dict[str, Any] | None
    notes: list[str]

    def told(self) -> dict[str, Any]:
        """Plain data, what `metrics.json` holds. Errors are negated, as everywhere; `folder` is where paths start."""
        return {
            "model": str(self.model.path),
            "data": self.asked.data,
            "folder": os.getcwd(),
            "holdout": self.asked.holdout,
            "objective": self.model.objective,
            "rows": len(self.evaluation),
            "metrics": self.measured.metrics,
            "per_class": self.measured.per_class,
            "resamples": self.resamples,
            "unknown_classes": self.unknown,
            "unreadable": self.unreadable,
            "comparison": self.comparison,
            "notes": self.notes,
        }


def evaluate(asked: Asked, tell: Tell = lambda done, total: None) -> Evaluated:
    """Evaluate what is asked for.

    Args:
        tell: called with the pictures or rows done, and all (0 for a table).

    Raises:
        ConfigError, DataError: with what is wrong.
    """
    models = [describe(path) for path in (asked.model, asked.compare) if path]
    _check(asked, models)
    with labelled(asked, models[0]) as data:
        found = [data.of(model, tell) for model in models]
    if len(found) > 1:
        found = common(found, models)
    for one, model in zip(found, models, strict=True):
        if not len(one.evaluation):
            reasons = [f"{key}: {reason}" for key, reason in list(one.unreadable.items())[:5]]
            rule = f"has no row with a label that {model.path} knows and that could be predicted"
            raise DataError([f"data: {asked.data} {rule}", *reasons])
    from pyramid.prediction.compare import compare  # TensorFlow, as the predictions
    from pyramid.prediction.intervals import measured, resamples_for

    resamples = asked.resamples or resamples_for(found[0].evaluation)
    values = [measured(one.evaluation, resamples) for one in found]
    comparison = None
    if len(found) > 1:
        names = (str(models[0].path), str(models[1].path))
        comparison = compare(names, (found[0].evaluation, found[1].evaluation), (values[0], values[1]))
    first = found[0]
    notes, unreadable = _told_of(asked, found, models)
    unknown = dict(first.unknown.most_common())
    return Evaluated(asked, models[0], first.evaluation, values[0], resamples, unknown, unreadable, comparison, notes)


def _told_of(asked: Asked, found: list[Labelled], models: list[Described]) -> tuple[list[str], dict[str, str]]:
    """Notes, and what could not be predicted and why; what only the second model has to say is said to be of it."""
    notes, unreadable = list[str](), dict[str, str]()
    for one, model in zip(found, models, strict=True):
        of = "" if model is models[0] else f"{model.path}: "
        notes += [of + note for note in (*one.notes, *_left_out(asked, model, one)) if note not in notes]
        unreadable |= {key: of + reason for key, reason in one.unreadable.items() if key not in unreadable}
    return notes, unreadable


def _check(asked: Asked, models: list[Described]) -> None:
    problems = list(batch_size_problems(asked.batch_size))
    if asked.resamples is not None and not 2 <= asked.resamples <= 100_000:
        problems.append(f"resamples: must be from 2 to 100,000, but got {asked.resamples}")
    if len(models) > 1:
        problems += _unlike(*models)
    if asked.holdout and not (models[0].pictures and config_in(asked.data)):
        what = "a training's configuration on pictures" if models[0].pictures else "pictures alone"
        problems.append(f"holdout: is for {what}; {asked.data} is evaluated without it")
    if asked.objective and models[0].pictures:
        problems.append(f"objective: {models[0].path} takes pictures, whose data say what is predicted; leave it out")
    if problems:
        raise ConfigError(problems)


def _unlike(first: Described, second: Described) -> list[str]:
    """Why two models cannot be compared."""
    kinds = [f"{'pictures' if model.pictures else 'rows'} ({model.objective})" for model in (first, second)]
    if kinds[0] != kinds[1]:
        return [f"compare: {second.path} is for {kinds[1]}, but {first.path} for {kinds[0]}"]
    ours, theirs = set(first.classes) - set(second.classes), set(second.classes) - set(first.classes)
    if ours or theirs:
        listed = "; ".join(
            f"only {model.path} knows {', '.join(sorted(names)[:10])}"
            for model, names in ((first, ours), (second, theirs))
            if names
        )
        return [f"compare: the models know different classes: {listed}"]
    return []


def _left_out(asked: Asked, model: Described, found: Labelled) -> list[str]:
    notes = []
    if found.unknown:
        what = "boxes" if model.objective == BOUNDING_BOX else "rows"
        listed = ", ".join(f"{name} ({count:,})" for name, count in found.unknown.most_common(10))
        more = f" and {len(found.unknown) - 10:,} more" if len(found.unknown) > 10 else ""
        rule = f"{found.unknown.total():,} {what} have classes that the model does not know and were left out"
        notes.append(f"WARNING: {rule}: {listed}{more}")
    if found.unreadable:
        notes.append(f"WARNING: left out, for they could not be predicted: {len(found.unreadable):,} rows")
    return notes
