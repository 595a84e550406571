"""An error of a worker comes out in the process that waits for the result, as it was."""

import pickle
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pyramid.errors import PyramidError


@dataclass
class _Bare:
    """An error that cannot be pickled as it is, because its ``__init__`` takes other arguments than it passes on."""

    kind: type[Exception]
    args: tuple[Any, ...]
    attributes: dict[str, Any]

    def rebuilt(self) -> Exception:
        error = self.kind.__new__(self.kind, *self.args)
        error.args = self.args
        error.__dict__.update(self.attributes)
        return error


@dataclass
class _Failure:
    """In the place of a result: why there is none."""

    error: Exception | _Bare


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of ``function``, or what stands for its error; `opened` tells them apart."""
    try:
        return function(*arguments)
    except Exception as error:
        return _Failure(_portable(error))


def opened(outcome: Any) -> Any:
    """The result that ``outcome`` holds; where it holds an error, that is raised."""
    if not isinstance(outcome, _Failure):
        return outcome
    raise outcome.error.rebuilt() if isinstance(outcome.error, _Bare) else outcome.error


def _portable(error: Exception) -> Exception | _Bare:
    """``error`` in a form that comes out of another process as it was, with its traceback there as a note."""
    error.add_note("In a worker process:\n" + "".join(traceback.format_exception(error)).rstrip())
    with suppress(Exception):
        copy = pickle.loads(pickle.dumps(error))
        if type(copy) is type(error) and str(copy) == str(error):
            return error
    with suppress(Exception):
        pickle.dumps((error.args, vars(error)))
        return _Bare(type(error), error.args, vars(error))
    return PyramidError(f"{type(error).__name__}: {error}")
