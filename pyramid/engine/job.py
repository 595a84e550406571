"""The whole training job: pictures in, the best model out."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyramid.data.anchors import mean_best_iou
from pyramid.data.dataset import Dataset, make_dataset
from pyramid.data.examples import Examples
from pyramid.engine.events import Prepared, Reading, Stage, Tell, Update, nobody
from pyramid.engine.images import Pictures, decode
from pyramid.engine.resources import resources
from pyramid.engine.session import session
from pyramid.engine.shared import put_once, share
from pyramid.engine.trials import train_candidates
from pyramid.errors import ConfigError, Interrupted, NoModelError
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE, RESULTS_FILE, deliver, workspace
from pyramid.search.candidates import candidates, looks, networks
from pyramid.search.select import rank
from pyramid.search.starts import Starts, load_starts
from pyramid.settings.metrics import METRICS
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.settings.train import ROW_KEYS, TrainSettings
from pyramid.training.candidate import WEIGHTS_FILE, Candidate, Look, Result, Status
from pyramid.training.storage import write_document, write_json


def run(
    settings: TrainSettings,
    examples: Examples,
    starts: Starts,
    tell: Tell = nobody,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train the candidates of ``settings`` on ``examples`` and write the best model.

    Args:
        settings, examples, starts: without problems.
        tell: called with every event.
        stopped: when it turns true, training ends with the best weights so far.

    Returns:
        What `results.json` holds.

    Raises:
        DataError: too little of the data can be read.
        NoModelError: every candidate broke.
        ConfigError: the time was too short for any.
        Interrupted: stopped before there was a model.
    """
    output = Path(str(settings.output_directory))
    tell(Stage("starting Ray"))
    with workspace(output) as work:
        report = _Job(settings, examples, starts, work, tell, stopped).run()
        deliver(work, output)
    return report


class _Timings:
    """Seconds that each part of the job took."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def lap(self, part: str) -> None:
        """The time since the last lap belongs to ``part``."""
        now = time.monotonic()
        self.seconds[part] = now - self._last
        self._last = now


class _Job:
    """One search, from the pictures to the files in ``work``."""

    def __init__(
        self,
        settings: TrainSettings,
        examples: Examples,
        starts: Starts,
        work: Path,
        tell: Tell,
        stopped: Callable[[], bool],
    ):
        self._settings = settings
        self._examples = examples
        self._starts = starts
        self._work = work
        self._tell = tell
        self._stopped = stopped
        self._timings = _Timings()

    def run(self) -> dict[str, Any]:
        """The report, which is `results.json` too."""
        self._looks = looks(self._settings, self._examples, list(self._starts.models.values()))
        with session():
            self._timings.lap("ray")
            results = self._train()
            self._timings.lap("trials")
        self._timings.lap("ray_end")
        for pictures in self._pictures.values():
            if pictures.path:
                pictures.path.unlink()
        best = _best(results, self._metric, self._settings.max_total_time, self._stopped())
        self._tell(Stage("writing the model"))
        _write_model(self._work, self._tried, best)
        self._timings.lap("writing")
        return self._report(results, best)

    def _train(self) -> list[Result]:
        settings, objective = self._settings, self._examples.objective
        placement = settings.augmentation_placement if settings.augmentations(objective) else "trial"
        per_trial = resources(settings.cpus_per_trial, settings.gpus_per_trial, placement)
        self._read()
        loss, models = self._examples.loss, self._starts.models
        self._tried = candidates(settings, self._looks[0], objective, loss, self._dataset, models)
        self._tell(Prepared(self._summary, self._shape, self._tried, settings.max_total_time))
        weights, hindered = load_starts(self._tried, self._starts, lambda text: self._tell(Stage(text)), self._stopped)
        able = [candidate for candidate in self._tried if candidate.name not in hindered]
        if not able:
            raise ConfigError([f"{name}: {why}" for name, why in hindered.items()])
        results = {c.name: self._hindered(c, hindered[c.name]) for c in self._tried if c.name in hindered}
        views = {look: share(self._pictures[look], self._seen(look)) for look in self._looks}
        trained, seconds = train_candidates(
            able, views, put_once(weights), self._work, settings.max_total_time, per_trial, self._tell, self._stopped
        )
        self._timings.seconds |= seconds
        results |= {result.name: result for result in trained}
        return [results[candidate.name] for candidate in self._tried]

    def _read(self) -> None:
        self._pictures = {look: self._decode(look) for look in self._looks}
        bad = {row: reason for pictures in self._pictures.values() for row, reason in pictures.bad.items()}
        sizes = self._pictures[self._looks[0]].sizes
        self._dataset, self._summary = make_dataset(self._settings, self._examples, bad, sizes, self._shape)
        self._timings.lap("reading")

    def _decode(self, look: Look) -> Pictures:
        total = len(self._examples.files)
        if look != self._looks[0]:
            size = f"{look.width}×{look.height} ({look.rescale_type})"
            self._tell(Stage(f"an initial model wants pictures of {size}, which are read too"))
        self._tell(Reading(0, total))
        return decode(
            self._examples.files,
            [look.width, look.height, 3],
            look.rescale_type,
            self._settings.max_data_size,
            self._work,
            lambda done: self._tell(Reading(done, total)),
            self._stopped,
        )

    def _seen(self, look: Look) -> Dataset:
        return self._dataset.scaled(look.width / self._looks[0].width)

    def _anchors(self, candidate: Candidate) -> dict[str, Any]:
        """The anchors of a detector, and how well they fit the boxes."""
        sizes = self._seen(candidate.look).box_sizes()
        return {"anchors": candidate.anchors, "mean_best_iou": mean_best_iou(sizes, candidate.anchors)}

    def _hindered(self, candidate: Candidate, why: str) -> Result:
        result = Result(candidate.name, candidate.network, candidate.method, Status.FAILED, why)
        self._tell(Update(candidate.name, result=result))
        return result

    @property
    def _shape(self) -> list[int]:
        return [self._looks[0].width, self._looks[0].height, 3]

    @property
    def _metric(self) -> str:
        return self._tried[0].selection_metric

    def _report(self, results: list[Result], best: Result) -> dict[str, Any]:
        document = understood(self._settings, self._looks[0], self._tried[0])
        write_json(self._work / CONFIG_FILE, document)
        report = {
            "best": best.name,
            "selection_metric": self._metric,
            "final_model": str(Path(document["output_directory"]) / FINAL_MODEL_FILE),
            "stopped_by_user": self._stopped(),
            "data": self._summary.to_dict(),
            "input_image_shape": self._shape,
            "other_inputs": {c.name: list(c.look) for c in self._tried if c.look != self._looks[0]},
            "augmentations": self._tried[0].augmentations,
            "anchors": {c.name: self._anchors(c) for c in self._tried if c.anchors},
            "candidates": [result.to_dict() for result in results],
            "seconds": self._timings.seconds,
        }
        write_json(self._work / RESULTS_FILE, report)
        return report


def _best(results: list[Result], metric: str, total_time: float, stopped: bool) -> Result:
    ranked = rank(results, metric)
    if ranked:
        return ranked[0]
    lines = [f"{result.name}: {result.status}: {result.reason}" for result in results]
    if stopped:
        raise Interrupted("stopped before a candidate had a model: nothing was written\n" + "\n".join(lines))
    tracebacks = [result.traceback for result in results if result.traceback]
    if not tracebacks:
        raise ConfigError(
            [f"max_total_time: {total_time:g} s were over before a candidate had a model; give more", *lines]
        )
    raise NoModelError("no candidate has a model:\n" + "\n".join(lines + tracebacks[:1]))


def _write_model(work: Path, tried: list[Candidate], best: Result) -> None:
    from pyramid.finalize.document import model_document  # imports TensorFlow, which the driver needs only now

    candidate = next(candidate for candidate in tried if candidate.name == best.name)
    document = model_document(candidate, best, work / candidate.folder / WEIGHTS_FILE)
    write_document(work / FINAL_MODEL_FILE, document)


def understood(settings: TrainSettings, look: Look, candidate: Candidate) -> dict[str, Any]:
    """The settings with every default and what was decided by the data: training on it again means the same."""
    decided: dict[str, Any] = {
        "objective_type": candidate.objective,
        "input_image_shape": [look.width, look.height, 3],
        "rescale_type": look.rescale_type,
        "image_network_candidates": networks(settings, candidate.objective),
        "learning_rate_warmup_iterations": candidate.learning_rate_warmup_iterations,
        "selection_metric": candidate.selection_metric or METRICS[candidate.objective][0],
        "image_augmentations": [],
        "augmentation_ranges": candidate.augmentations,
    }
    if candidate.objective != BOUNDING_BOX:
        decided["loss_function"] = candidate.loss_function
    document = settings.model_dump(exclude_none=True) | decided
    for key in ROW_KEYS:
        if not isinstance(document.get(key, ""), str):
            document[key] = [_writable(row) for row in document[key]]
    return document


def _writable(row: dict[str, Any]) -> dict[str, Any]:
    """Without boxes that JSON has no words for, which were left out."""
    if "boxes" not in row:
        return row
    return row | {"boxes": [box for box in row["boxes"] if all(map(math.isfinite, box[:4]))]}
