"""The lines that the child process writes: what a backend reads. No TensorFlow."""

import json
import math
from collections.abc import Mapping
from typing import Any

from pyramid import __version__

PROGRESS = "pyramid progress - "
COMPLETE = "pyramid job complete - "

#: The line on standard input that ends the process, when its turn comes.
TERMINATE = "terminate"


def version_line() -> str:
    return f"Pyramid {__version__}"


def ready_line() -> str:
    return f"pyramid process ready - version {__version__}"


def progress_line(values: Mapping[str, Any]) -> str:
    """``values``: with `job_id`, and `progress` in [0, 1]."""
    return PROGRESS + _json(values)


def complete_lines(answer: Mapping[str, Any]) -> list[str]:
    """The pair that ends every job.

    Args:
        answer: with `job_id`; with `error` when the job failed.
    """
    return [progress_line({"progress": 1.0}), COMPLETE + _json(answer)]


def failed_lines(job_id: Any, error: str) -> list[str]:
    """The end of a job that failed; ``job_id`` is repeated when it is one value, whatever kind, and else null.

    (A list of lists of lists … is JSON, too, but too deep to be written again.)
    """
    known = job_id if isinstance(job_id, str | int | float) else None
    return complete_lines({"job_id": known, "error": error})


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(_writable(dict(values)), allow_nan=False)


def _writable(value: Any) -> Any:
    """NaN and infinity, for which JSON has no words, become null."""
    if isinstance(value, dict):
        return {str(key): _writable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
