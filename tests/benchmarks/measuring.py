"""What the benchmarks measure with."""

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

RANDOM = "randomly_initialize"


def seconds(work: Callable[[], Any]) -> float:
    """How long ``work`` takes."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def compare(learner: Any, resident: list[Any]) -> tuple[float, float]:
    """How fast ``learner`` is against its step alone on a ``resident`` batch, and its images/s: medians of seven.

    ``learner``: a Learner, or a TrainingLoop.
    """
    from pyramid.tf import tf

    step = tf.function(getattr(learner, "loop", learner).step)

    def bare(steps: int) -> None:
        for _ in range(steps):
            loss = step(*resident)
        float(loss)

    learner.run(2)
    bare(2)
    steps = max(3, int(2.0 / (seconds(partial(learner.run, 3)) / 3)))
    pairs = [(seconds(partial(learner.run, steps)), seconds(partial(bare, steps))) for _ in range(7)]
    rate = statistics.median(steps * len(resident[0]) / ours for ours, _ in pairs)
    return statistics.median(bare / ours for ours, bare in pairs), rate


def alone(work: Callable[[], float]) -> tuple[float, float]:
    """Seconds that ``work`` told, and the peak memory in GB of a new process that did it."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_with_memory, (work,))


def _with_memory(work: Callable[[], float]) -> tuple[float, float]:
    taken = work()
    return taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def read(path: str) -> float:
    """Seconds in which `create_model` makes a model of a document."""
    import pyramid.tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after

    from sensenet.models.wrappers import create_model  # isort: skip

    began = time.perf_counter()
    create_model(path)
    return time.perf_counter() - began
