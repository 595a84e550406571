"""The whole training job: pictures in, the best model out."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyramid.data.anchors import mean_best_iou
from pyramid.data.dataset import Dataset, make_dataset
from pyramid.data.examples import Examples
from pyramid.engine.events import Prepared, Reading, Stage, Tell, nobody
from pyramid.engine.images import Pictures, decode
from pyramid.engine.resources import resources
from pyramid.engine.session import session
from pyramid.engine.trials import train_candidates
from pyramid.errors import ConfigError, Interrupted, NoModelError
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE, RESULTS_FILE, deliver, workspace
from pyramid.search.candidates import candidates, input_shape, networks, rescale_type
from pyramid.search.select import rank
from pyramid.settings.metrics import METRICS
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.settings.train import ROW_KEYS, TrainSettings
from pyramid.training.candidate import WEIGHTS_FILE, Candidate, Result
from pyramid.training.storage import write_document, write_json


def run(
    settings: TrainSettings,
    examples: Examples,
    tell: Tell = nobody,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train the candidates of ``settings`` on ``examples`` and write the best model.

    Args:
        settings, examples: without problems.
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
    timings = _Timings()
    tell(Stage("starting Ray"))
    with workspace(output) as work:
        report = _search(settings, examples, work, tell, stopped, timings)
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


def _search(
    settings: TrainSettings,
    examples: Examples,
    work: Path,
    tell: Tell,
    stopped: Callable[[], bool],
    timings: _Timings,
) -> dict[str, Any]:
    shape = input_shape(settings, examples)
    with session():
        timings.lap("ray")
        placement = settings.augmentation_placement if settings.augmentations(examples.objective) else "trial"
        per_trial = resources(settings.cpus_per_trial, settings.gpus_per_trial, placement)
        pictures = _read(settings, examples, shape, work, tell, stopped)
        dataset, summary = make_dataset(settings, examples, pictures.bad, pictures.sizes, shape)
        timings.lap("reading")
        tried = candidates(settings, shape, examples.objective, examples.loss, dataset)
        tell(Prepared(summary, shape, tried, settings.max_total_time))
        results, seconds = train_candidates(
            tried, pictures, dataset, work, settings.max_total_time, per_trial, tell, stopped
        )
        timings.seconds |= seconds
        timings.lap("trials")
    timings.lap("ray_end")
    if pictures.path:
        pictures.path.unlink()
    best = _best(results, tried[0].selection_metric, settings.max_total_time, stopped())
    tell(Stage("writing the model"))
    _write_model(work, tried, best)
    timings.lap("writing")
    document = understood(settings, shape, tried[0])
    write_json(work / CONFIG_FILE, document)
    report = {
        "best": best.name,
        "selection_metric": tried[0].selection_metric,
        "final_model": str(Path(document["output_directory"]) / FINAL_MODEL_FILE),
        "stopped_by_user": stopped(),
        "data": summary.to_dict(),
        "input_image_shape": shape,
        "augmentations": tried[0].augmentations,
        "anchors": _anchors(tried, dataset),
        "candidates": [result.to_dict() for result in results],
        "seconds": timings.seconds,
    }
    write_json(work / RESULTS_FILE, report)
    return report


def _read(
    settings: TrainSettings,
    examples: Examples,
    shape: list[int],
    work: Path,
    tell: Tell,
    stopped: Callable[[], bool],
) -> Pictures:
    total = len(examples.files)
    tell(Reading(0, total))
    return decode(
        examples.files,
        shape,
        rescale_type(settings, examples.objective),
        settings.max_data_size,
        work,
        lambda done: tell(Reading(done, total)),
        stopped,
    )


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


def _anchors(tried: list[Candidate], dataset: Dataset) -> dict[str, dict[str, Any]]:
    """The anchors of each detector, and how well they fit the boxes."""
    return {
        candidate.network: {
            "anchors": candidate.anchors,
            "mean_best_iou": mean_best_iou(dataset.box_sizes(), candidate.anchors),
        }
        for candidate in tried
        if candidate.anchors
    }


def _write_model(work: Path, tried: list[Candidate], best: Result) -> None:
    from pyramid.finalize.document import model_document  # imports TensorFlow, which the driver needs only now

    candidate = next(candidate for candidate in tried if candidate.name == best.name)
    document = model_document(candidate, best, work / candidate.folder / WEIGHTS_FILE)
    write_document(work / FINAL_MODEL_FILE, document)


def understood(settings: TrainSettings, shape: list[int], candidate: Candidate) -> dict[str, Any]:
    """The settings with every default and what was decided by the data: training on it again means the same."""
    decided: dict[str, Any] = {
        "objective_type": candidate.objective,
        "input_image_shape": shape,
        "image_network_candidates": networks(settings, candidate.objective),
        "learning_rate_warmup_iterations": candidate.learning_rate_warmup_iterations,
        "selection_metric": candidate.selection_metric or METRICS[candidate.objective][0],
        "image_augmentations": [],
        "augmentation_ranges": candidate.augmentations,
    }
    if candidate.objective == BOUNDING_BOX:
        decided["rescale_type"] = candidate.rescale_type
    else:
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
