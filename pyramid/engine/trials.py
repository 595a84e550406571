"""All candidates of a search, trained within the time budget: one Ray Tune trial each."""

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray import tune

from pyramid.engine.board import start_board
from pyramid.engine.deaths import foresee_deaths
from pyramid.engine.keeper import MARKER, start_keeper
from pyramid.engine.listener import Ends, Listener
from pyramid.engine.picture_trial import PictureTrial
from pyramid.engine.resources import Resources
from pyramid.engine.scheduler import TimeBudgetScheduler
from pyramid.engine.session import ray
from pyramid.engine.shared import Common, Shared, View
from pyramid.engine.trial import MOST_LOSSES, Trial
from pyramid.search.budget import Budget
from pyramid.training.candidate import FIT_INFO_FILE, SUBMODEL, Candidate, Look, Result


def train_candidates(
    candidates: Sequence[Candidate],
    views: dict[Look, View],
    starts: dict[str, Any],
    total_time: float,
    resources: Resources,
    ends: Ends,
    resumes: bool = False,
) -> tuple[list[Result], dict[str, float]]:
    """Train ``candidates`` in order, each in a trial of its own.

    Args:
        views: the data for the input of each candidate.
        starts: name of a candidate -> reference to the weights that it starts from.
        total_time: seconds from the first step of the first trial to the end of the last.
        ends: where weights and words go.
        resumes: candidates go on from what an earlier run has left.

    Returns:
        A result for each candidate, in order; and the seconds that `Listener.seconds` has.
    """
    kinds = {candidate.name: (candidate.network, candidate.method) for candidate in candidates}
    board = start_board()
    budget = Budget(total_time, kinds, resources.slots)
    if resumes and any(ends.folder.glob(f"{SUBMODEL}*/{FIT_INFO_FILE}")):
        budget.have_one()
    scheduler = TimeBudgetScheduler(budget, board, ends.stopped, tell=ends.tell)
    listener = Listener(scheduler, ends, kinds.__getitem__, expected=list(kinds))
    with marked(ends.folder) as marker:
        shared = Shared(
            views=views,
            starts=starts,
            candidates=[candidate.to_dict() for candidate in candidates],
            folder=str(ends.folder),
            marker=marker,
            threads=resources.threads,
            workers=resources.workers,
            board=board,
            keeper=start_keeper(ends.folder),
            resumes=resumes,
        )
        space = {"name": tune.grid_search(list(kinds))}
        fit(PictureTrial, shared, resources, scheduler, listener, param_space=space)
        for actor in (board, shared.keeper):
            ray.kill(actor)  # in a session that goes on they would stay
    return [listener.results[name] for name in kinds], listener.seconds()


@contextmanager
def marked(folder: Path) -> Iterator[str]:
    """The name of a file in ``folder`` by which other nodes know that they see it."""
    marker = folder / MARKER.format(secrets.token_hex(8))
    marker.touch()
    try:
        yield marker.name
    finally:
        marker.unlink(missing_ok=True)


def fit(
    trial: type[Trial],
    shared: Common,
    resources: Resources,
    scheduler: TimeBudgetScheduler,
    listener: Listener,
    param_space: dict[str, Any] | None = None,
    search_algorithm: Any = None,
    samples: int = 1,
) -> None:
    """Run trials of the kind ``trial`` until all have ended.

    Args:
        shared: what each of them gets.
        param_space, search_algorithm, samples: where Tune has the configurations from.
    """
    foresee_deaths()
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # a trial's failure is told by its result
    bundles: list[dict[str, float]] = [{"CPU": resources.cpus, "GPU": resources.gpus}]
    if resources.workers:
        bundles.append({"CPU": resources.workers})
    trainable = tune.with_resources(tune.with_parameters(trial, shared=shared), tune.PlacementGroupFactory(bundles))
    # The journal is what a killed job goes on from; Tune's own record of all trials would be written over and over.
    os.environ["TUNE_GLOBAL_CHECKPOINT_S"] = str(10**9)
    # The scheduler must see all candidates that are known; those of a search are thought of as late as can be.
    waiting = resources.slots if search_algorithm else len(listener.expected)
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(max(2, waiting))
    storage = tempfile.mkdtemp(prefix="pyramid-tune-")
    try:
        tune.Tuner(
            trainable,
            param_space=param_space or {},
            tune_config=tune.TuneConfig(
                scheduler=scheduler, reuse_actors=True, search_alg=search_algorithm, num_samples=samples
            ),
            run_config=tune.RunConfig(
                storage_path=storage,
                verbose=0,
                callbacks=[listener],
                failure_config=tune.FailureConfig(max_failures=MOST_LOSSES - 1),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()
    finally:
        shutil.rmtree(storage, ignore_errors=True)
