"""What every kind of cores can do."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
Item = TypeVar("Item")
Result = TypeVar("Result")
Begun = TypeVar("Begun")


@dataclass(frozen=True)
class Handle(Generic[T]):
    """Stands for a value that was put; only the `Cores` that made it can open it.

    Attributes:
        place: the value itself, the path of a file with it, or a ray.ObjectRef.
    """

    place: Any


class Cores(Protocol):
    """Where items are worked on.

    Attributes:
        count: how many items are worked on at once.
        remote: they may be on machines that do not have the files of this one.
    """

    count: int
    remote: bool

    def put(self, value: T) -> Handle[T]:
        """Hand over what all items need. A process opens it once, not once per item, and keeps the latest one."""
        ...

    def map(self, function: Callable[[T, Item], Result], shared: Handle[T], items: Iterable[Item]) -> Generator[Result]:
        """``function(shared value, item)`` of every item, in the order of the items.

        Items are taken as they are needed: at most 2 x `count` + 2 of them are in work or wait to be taken as results.
        When the generator ends, whatever the reason, no item is in work: what has not begun is given up (on Ray, all
        but one), what has is waited for.

        Args:
            function: importable by name; with its items and results it must survive pickling.

        Raises:
            Exception: what the function raised, as itself.
            PyramidError: a worker process ended, or the error of the function could not be sent.
        """
        ...


def in_order(
    items: Iterable[Item],
    begun: deque[Begun],
    workers: int,
    begin: Callable[[Item], Begun],
    finish: Callable[[Begun], Any],
) -> Generator[Any]:
    """The results of all items; ``begun`` holds those that may be in work."""
    for item in items:
        begun.append(begin(item))
        if len(begun) >= 2 * workers + 2:
            yield _first(begun, finish)
    while begun:
        yield _first(begun, finish)


def _first(begun: deque[Begun], finish: Callable[[Begun], Any]) -> Any:
    result = finish(begun[0])  # may be interrupted: the item is still in work then
    begun.popleft()
    return result
