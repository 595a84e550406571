"""One function on many items: on this machine's cores, or on a Ray cluster.

A Ray session takes about five seconds to start, processes of our own a fraction of one. So on one machine there is no
cluster, unless there is one already. Nothing heavy is imported here: the processes import what the function needs.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyramid.engine.spread.interface import Cores, Handle, Item, Result, T
from pyramid.engine.spread.processes import processes
from pyramid.errors import ConfigError


@contextmanager
def cores(workers: int | None = None, on_ray: bool | None = None, folder: Path | None = None) -> Iterator[Cores]:
    """The cores of this machine, or of a Ray cluster, to spread work over; processes are started when they are needed.

    Processes import the main module, so a script that calls this wants ``if __name__ == "__main__"``.

    Args:
        workers: processes on this machine, by default one for each core that this process may use. With one, there is
            none: the work is done in this process. A cluster has as many as it has CPUs.
        on_ray: by default true where ``RAY_ADDRESS`` is set or this process has a Ray session.
        folder: for temporary files, by default one of its own; processes of this machine remove it when this process is
            killed.

    Raises:
        ConfigError: ``workers`` is below 1, or no cluster answers at ``RAY_ADDRESS``.
    """
    if workers is not None and workers < 1:
        raise ConfigError([f"workers: must be at least 1, but got {workers}"])
    workers = workers or _own_cores()
    if _has_ray() if on_ray is None else on_ray:
        from pyramid.engine.session import session
        from pyramid.engine.spread.cluster import Cluster

        with session():
            yield Cluster()
    elif workers == 1:
        yield Here()
    else:
        with processes(workers, folder) as pool:
            yield pool


def _has_ray() -> bool:
    return bool(os.environ.get("RAY_ADDRESS")) or ("ray" in sys.modules and sys.modules["ray"].is_initialized())


def _own_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Here:
    """This process alone."""

    count = 1
    remote = False

    def put(self, value: T) -> Handle[T]:
        return Handle(value)

    def map(self, function: Callable[[T, Item], Result], shared: Handle[T], items: Iterable[Item]) -> Generator[Result]:
        for item in items:
            yield function(shared.place, item)
