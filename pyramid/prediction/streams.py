"""Several batches at once, in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def in_order(function: Callable[[Item], Made], items: Iterable[Item], streams: int) -> Iterator[Made]:
    """``function`` of each of ``items``, in their order, ``streams`` of them at once.

    No more than that are taken ahead, so that they need not all fit into memory. An error of ``function`` is raised in
    its place; what is under way is waited for, the others are not begun.
    """
    with ThreadPoolExecutor(streams) as pool:
        waiting: deque[Future[Made]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > streams:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
