"""Augmented batches from Ray Data on cores beside a trial, in the order of their numbers."""

import logging
import queue
import threading
from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from pyramid.engine.session import ray
from pyramid.engine.shared import Shared

#: Batches of one Ray task, and tasks of one Ray data set: a task's start costs milliseconds, a data set's a second.
_BATCHES_PER_TASK = 8
_TASKS = 512

#: Seconds without a batch after which the workers count as lost.
_PATIENCE = 120.0

_AHEAD = 8

Batch = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], npt.NDArray[np.float32]]


def worker_batches(shared: Shared, name: str, first: int, batch_size: int | None = None) -> Generator[Batch]:
    """The batches of the candidate ``name`` from number ``first`` on, without end: pictures, targets, weights.

    To be called in a trial that holds a second bundle of cores for it: with the trials on all cores, Ray Data would
    wait for ever.

    Args:
        batch_size: another than the candidate's.

    Raises:
        TimeoutError: the workers have sent nothing for two minutes.
    """
    batches: queue.Queue[Batch | Exception] = queue.Queue(_AHEAD)
    ended = threading.Event()
    threading.Thread(target=_fill, args=(batches, ended, shared, name, first, batch_size), daemon=True).start()
    try:
        while True:
            batch = batches.get(timeout=_PATIENCE)
            if isinstance(batch, Exception):
                raise batch
            yield batch
    except queue.Empty as error:
        raise TimeoutError(f"augmentation workers: no batch within {_PATIENCE:g} s") from error
    finally:
        ended.set()


def _fill(
    batches: "queue.Queue[Batch | Exception]",
    ended: threading.Event,
    shared: Shared,
    name: str,
    first: int,
    batch_size: int | None,
) -> None:
    """Put every batch, or the error that ended them, until ``ended``."""
    try:
        for block in _blocks(shared, name, first, batch_size):
            if not _put(batches, ended, (block["pictures"], block["targets"], block["weights"])):
                return
    except Exception as error:
        _put(batches, ended, error)


def _put(batches: "queue.Queue[Batch | Exception]", ended: threading.Event, item: Batch | Exception) -> bool:
    while not ended.is_set():
        try:
            batches.put(item, timeout=0.2)
            return True
        except queue.Full:
            continue
    return False


def _blocks(shared: Shared, name: str, first: int, batch_size: int | None) -> Iterator[dict[str, npt.NDArray[Any]]]:
    import ray.data

    _configure(ray.data.DataContext.get_current(), shared.workers)
    shared_ref = ray.put(shared)
    size = batch_size or shared.candidate(name).batch_size
    for start in count(first, _TASKS * _BATCHES_PER_TASK):
        make = partial(_make, shared_ref=shared_ref, name=name, size=size, start=start)
        numbers = ray.data.range(_TASKS, override_num_blocks=_TASKS)
        made = numbers.map_batches(make, batch_size=None, num_cpus=1)
        yield from made.iter_batches(batch_size=size, prefetch_batches=2)


def _configure(context: Any, workers: int) -> None:
    """Run on the second bundle of this trial alone, and keep the order."""
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    context.execution_options.resource_limits = context.execution_options.resource_limits.copy(cpu=workers)
    bundle = PlacementGroupSchedulingStrategy(ray.util.get_current_placement_group(), placement_group_bundle_index=1)
    context.scheduling_strategy = context.scheduling_strategy_large_args = bundle


def _make(block: dict[str, Any], shared_ref: Any, name: str, size: int, start: int) -> Iterator[dict[str, Any]]:
    """Runs on a worker: the batches of some tasks."""
    source = _source(shared_ref, name, size)
    for task in block["id"]:
        for k in range(_BATCHES_PER_TASK):
            pictures, targets, weights = source.batch(start + int(task) * _BATCHES_PER_TASK + k)
            yield {"pictures": pictures, "targets": targets, "weights": weights}


@lru_cache(maxsize=1)
def _source(shared_ref: Any, name: str, size: int) -> Any:
    from pyramid.tf import limit_devices
    from pyramid.training.batches import batch_source

    limit_devices(1)
    shared: Shared = ray.get(shared_ref)
    candidate = replace(shared.candidate(name), batch_size=size)
    view = shared.view(candidate)
    return batch_source(candidate, view.pictures(), view.dataset)
