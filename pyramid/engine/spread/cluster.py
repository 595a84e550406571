"""Cores of a Ray cluster."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any

from pyramid.engine.session import ray
from pyramid.engine.spread.failures import opened, outcome
from pyramid.engine.spread.interface import Handle, Item, Result, T, in_order
from pyramid.errors import PyramidError


class Cluster:
    """A Ray session's nodes; a task whose process is lost is tried again by Ray."""

    remote = True

    def __init__(self) -> None:
        self.count = max(1, int(ray.cluster_resources().get("CPU", 1)))

    def put(self, value: T) -> Handle[T]:
        return Handle(ray.put(value))

    def map(self, function: Callable[[T, Item], Result], shared: Handle[T], items: Iterable[Item]) -> Generator[Result]:
        work = ray.remote(num_cpus=1)(outcome)
        begun: deque[Any] = deque()
        running: list[Any] = []

        def begin(item: Item) -> Any:
            # Only one more than can run, so that no core waits for us. What Ray holds cannot be called back: a race of
            # ray.cancel with a task's answer ends this whole process (Ray 2.60, a failed check in CompletePendingTask).
            while len(running) > self.count:
                _, running[:] = ray.wait(running, fetch_local=False)
            running.append(work.remote(function, shared.place, item))
            return running[-1]

        try:
            yield from in_order(items, begun, self.count, begin, _got)
        finally:
            if begun and ray.is_initialized():  # else a call would start a cluster
                ray.wait(list(begun), num_returns=len(begun), fetch_local=False)


def _got(reference: Any) -> Any:
    try:
        return opened(ray.get(reference))
    except ray.exceptions.RayError as error:
        # The cause of a task's error: what goes in or comes out cannot be pickled.
        cause = getattr(error, "cause", error)
        if isinstance(cause, ray.exceptions.RayError):
            raise PyramidError(f"Ray could not work on an item: {cause}") from error
        raise cause from None
