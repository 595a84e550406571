"""The whole training job: pictures in, the best model out."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyramid.data.anchors import mean_best_iou
from pyramid.data.dataset import Dataset, make_dataset
from pyramid.data.duplicates import find_duplicates
from pyramid.data.examples import Examples
from pyramid.data.pictures import Pictures
from pyramid.engine.events import Prepared, Reading, Stage, Tell, Update, nobody
from pyramid.engine.images import decode
from pyramid.engine.listener import Ends
from pyramid.engine.nodes import sight
from pyramid.engine.resources import Resources, await_cores, resources
from pyramid.engine.session import session
from pyramid.engine.shared import put_once, release, share
from pyramid.engine.timings import Timings
from pyramid.engine.tracking.tracking import tracking
from pyramid.engine.trials import train_candidates
from pyramid.errors import ConfigError
from pyramid.finalize.delivery import deliver
from pyramid.finalize.earlier import Earlier, merged
from pyramid.finalize.holdout import write_truth
from pyramid.finalize.journal import JOB, PLAN, Journal, job_entry
from pyramid.finalize.training import finish
from pyramid.finalize.workspace import RESULTS_FILE, workspace
from pyramid.search.candidates import candidates, looks, networks
from pyramid.search.starts import Starts, load_starts
from pyramid.settings.metrics import METRICS
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.settings.train import ROW_KEYS, TrainSettings
from pyramid.training.candidate import Candidate, Look, Result, Status
from pyramid.training.storage import write_json


def run(
    settings: TrainSettings,
    examples: Examples,
    starts: Starts,
    tell: Tell = nobody,
    stopped: Callable[[], bool] = lambda: False,
    document: dict[str, Any] | None = None,
    earlier: Earlier | None = None,
) -> dict[str, Any]:
    """Train the candidates of ``settings`` on ``examples`` and write the best model.

    Args:
        settings, examples, starts: without problems.
        tell: called with every event.
        stopped: when it turns true, training ends with the best weights so far.
        document: what the settings were read from, for another process to go on when this one was killed.
        earlier: the job to go on with; candidates that have ended stay as they are.

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
    keep = earlier is not None
    with workspace(output, keep) as work, tracking(settings, output, work, tell) as tracked:
        report = train_in(settings, examples, starts, work, tracked, stopped, earlier, document)
        deliver(work, output)
        tracked.close(report)
    return report


def train_in(
    settings: TrainSettings,
    examples: Examples,
    starts: Starts,
    work: Path,
    tell: Tell,
    stopped: Callable[[], bool],
    earlier: Earlier | None = None,
    document: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """See `run`; all files are written to ``work``, which is there."""
    written = document or dict.fromkeys(ROW_KEYS)  # rows that no file has are not told
    Journal(work).write(JOB, job_entry("pyramid_train", written))
    return _Job(settings, examples, starts, work, tell, stopped, earlier).run()


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
        earlier: Earlier | None,
    ):
        self._earlier = earlier
        self._settings = settings
        self._examples = examples
        self._starts = starts
        self._work = work
        self._tell = tell
        self._stopped = stopped
        self._timings = Timings()

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
        self._tell(Stage("writing the model"))
        report = finish(self._work, self._plan, results, self._stopped(), self._timings.seconds)
        self._timings.lap("writing")
        write_json(self._work / RESULTS_FILE, report)
        return report

    def _train(self) -> list[Result]:
        settings, objective = self._settings, self._examples.objective
        placement = settings.augmentation_placement if settings.augmentations(objective) else "trial"
        await_cores(self._tell, self._stopped)
        per_trial = resources(settings.cpus_per_trial, settings.gpus_per_trial, placement)
        self._read()
        loss, models = self._examples.loss, self._starts.models
        self._tried = candidates(settings, self._looks[0], objective, loss, self._dataset, models)
        spent = self._earlier.spent if self._earlier else 0.0
        self._tell(Prepared(self._summary, self._shape, self._tried, settings.max_total_time, spent))
        weights, hindered = load_starts(self._tried, self._starts, lambda text: self._tell(Stage(text)), self._stopped)
        able = [candidate for candidate in self._tried if candidate.name not in hindered]
        if not able:
            raise ConfigError([f"{name}: {why}" for name, why in hindered.items()])
        results = {c.name: self._hindered(c, hindered[c.name]) for c in self._tried if c.name in hindered}
        self._plan = self._known()
        Journal(self._work).write(PLAN, self._plan)
        write_truth(self._work, self._examples.files, self._dataset, self._looks[0].width)
        results |= self._ended_earlier()
        able = [candidate for candidate in able if candidate.name not in results]
        trained, seconds = self._train_candidates(able, put_once(weights), per_trial) if able else ([], {})
        self._timings.seconds |= seconds
        before = self._earlier.last_results() if self._earlier else {}
        results = merged(before | results, {result.name: result for result in trained})
        return [results[candidate.name] for candidate in self._tried]

    def _train_candidates(
        self, able: list[Candidate], weights: dict[str, Any], per_trial: Resources
    ) -> tuple[list[Result], dict[str, float]]:
        spent = self._earlier.spent if self._earlier else 0.0
        left = max(0.0, self._settings.max_total_time - spent)
        views = {look: share(self._pictures[look], self._seen(look), self._sight) for look in self._looks}
        ends = Ends(self._work, self._tell, self._stopped, spent)
        try:
            return train_candidates(able, views, weights, left, per_trial, ends, self._earlier is not None)
        finally:
            release(views.values())

    def _ended_earlier(self) -> dict[str, Result]:
        """The results of candidates that need not be trained again."""
        if self._earlier is None:
            return {}
        known = {candidate.name for candidate in self._tried}
        before = (self._earlier.plan or self._plan)["max_total_time"]
        done = self._earlier.done(more_time=self._settings.max_total_time > before)
        for name, result in done.items():
            self._tell(Update(name, result=result))
        return {name: result for name, result in done.items() if name in known}

    def _read(self) -> None:
        self._sight = sight(self._examples.files, self._work)
        self._pictures = {look: self._decode(look) for look in self._looks}
        bad = {row: reason for pictures in self._pictures.values() for row, reason in pictures.bad.items()}
        sizes = self._pictures[self._looks[0]].sizes
        self._dataset, self._summary = make_dataset(self._settings, self._examples, bad, sizes, self._shape)
        self._tell_duplicates()
        self._timings.lap("reading")

    def _tell_duplicates(self) -> None:
        examples, dataset, summary = self._examples, self._dataset, self._summary
        pixels = self._pictures[self._looks[0]].pixels
        found = find_duplicates(pixels, examples.files, examples.labels, dataset.training, dataset.holdout)
        summary.duplicates = found.to_dict()
        summary.notes += found.notes()

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
            self._sight,
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

    def _known(self) -> dict[str, Any]:
        """What is known before the trials: enough to deliver a model when this process is gone."""
        return {
            "config": understood(self._settings, self._looks[0], self._tried[0]),
            "candidates": [candidate.to_dict() for candidate in self._tried],
            "selection_metric": self._tried[0].selection_metric,
            "max_total_time": self._settings.max_total_time,
            "report": {
                "data": self._summary.to_dict(),
                "input_image_shape": self._shape,
                "other_inputs": {c.name: list(c.look) for c in self._tried if c.look != self._looks[0]},
                "augmentations": self._tried[0].augmentations,
                "anchors": {c.name: self._anchors(c) for c in self._tried if c.anchors},
            },
        }


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
