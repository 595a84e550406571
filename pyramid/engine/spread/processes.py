"""Cores of this machine: processes of our own."""

import multiprocessing
import os
import pickle
import shutil
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from pyramid.engine.spread.failures import opened, outcome
from pyramid.engine.spread.interface import Handle, Item, Result, T, in_order
from pyramid.errors import PyramidError


@contextmanager
def processes(workers: int, temporary: Path | None = None) -> Iterator["Processes"]:
    """So many processes; if this one is killed, they remove the folder ``temporary``."""
    folder = tempfile.TemporaryDirectory(prefix="pyramid_", dir=temporary, ignore_cleanup_errors=True)
    left = str(temporary or folder.name)
    # Not forked: a fork copies the locks that threads of OpenCV or of the console hold, and nobody releases them.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _prepare_worker, (left,)) as pool, folder:
        yield Processes(workers, pool, Path(folder.name))


class Processes:
    """Processes on this machine.

    What all items need goes through a file, once, at any time; a file is also how a `map` calls back what waits in the
    queue of the processes, whence the pool cannot take it. Items and results travel as bytes that are opened here: an
    error in that is an error of one item, while in the pool's own pickling it would end the processes.
    """

    remote = False

    def __init__(self, workers: int, pool: ProcessPoolExecutor, folder: Path):
        self.count = workers
        self._pool = pool
        self._paths = (folder / str(number) for number in count())

    def put(self, value: T) -> Handle[T]:
        return Handle(self._write(value))

    def map(self, function: Callable[[T, Item], Result], shared: Handle[T], items: Iterable[Item]) -> Generator[Result]:
        job = self._write((function, shared.place))
        begun: deque[Future[bytes]] = deque()
        try:
            yield from in_order(items, begun, self.count, lambda item: self._begin(job, item), _received)
        except BrokenProcessPool as error:
            raise PyramidError(
                "a worker process ended by itself (out of memory?): run it again, with fewer workers if need be"
            ) from error
        finally:
            job.unlink(missing_ok=True)
            wait(begun)

    def _write(self, value: Any) -> Path:
        path = next(self._paths)
        path.write_bytes(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
        return path

    def _begin(self, job: Path, item: Any) -> Future[bytes]:
        pickled = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        with _sigint_held():  # the pool starts its processes here
            return self._pool.submit(_work, job, pickled)


@contextmanager
def _sigint_held() -> Iterator[None]:
    """Start processes that Ctrl-C cannot reach before they are ready to ignore it; ours comes after the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker(folder: str) -> None:
    """The terminal sends Ctrl-C to all processes, and the first one decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()


def _end_with_parent(folder: str) -> None:
    """A killed parent closes nothing: each worker holds both ends of the queue, and would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _work(job: Path, item: bytes) -> bytes:
    """Runs in a worker."""
    if not job.exists():  # nobody waits for the result
        return b""
    return pickle.dumps(outcome(_call, job, item), pickle.HIGHEST_PROTOCOL)


def _call(job: Path, item: bytes) -> Any:
    function, shared = _job(job)
    return function(_shared(shared), pickle.loads(item))


@lru_cache(maxsize=1)
def _job(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


@lru_cache(maxsize=1)
def _shared(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


def _received(future: Future[bytes]) -> Any:
    return opened(pickle.loads(future.result()))
