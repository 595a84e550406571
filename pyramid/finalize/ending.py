"""What the ends of all jobs have in common."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyramid.errors import ConfigError, Interrupted, NoModelError, PyramidError
from pyramid.finalize.delivery import deliver
from pyramid.finalize.earlier import Earlier
from pyramid.finalize.workspace import FINAL_MODEL_FILE, UNFINISHED
from pyramid.training.candidate import Result

#: Candidates whose ends are told.
_TOLD = 10


def no_model(results: Sequence[Result], total_time: float, stopped: bool) -> PyramidError:
    """Why a job has nothing to deliver.

    Args:
        total_time: seconds that it had.
        stopped: by the user.
    """
    lines = [f"{result.name}: {result.status}: {result.reason}" for result in results[:_TOLD]]
    if stopped:
        return Interrupted("stopped before a candidate had a model: none was written\n" + "\n".join(lines))
    tracebacks = [result.traceback for result in results if result.traceback]
    if tracebacks:
        return NoModelError("no candidate has a model:\n" + "\n".join(lines + tracebacks[:1]))
    return ConfigError(
        [f"max_total_time: {total_time:g} s were over before a candidate had a model; give more", *lines]
    )


def plan_of(earlier: Earlier) -> dict[str, Any]:
    """The plan of a killed job whose model is to be written.

    Raises:
        ConfigError: it has its model, or never had one.
    """
    output = earlier.document["output_directory"]
    if earlier.work.name != UNFINISHED:
        raise ConfigError([f"{output}: is finished, and has its {FINAL_MODEL_FILE}"])
    if earlier.plan is None:
        raise ConfigError(
            [f"{output}: was ended before its trials began, so there is no model; go on with --resume {output}"]
        )
    return earlier.plan


def nothing_yet(earlier: Earlier) -> ConfigError:
    """No candidate of a killed job can be delivered."""
    output = earlier.document["output_directory"]
    return ConfigError([f"{output}: no candidate is complete yet, so there is no model; go on with --resume {output}"])


def deliver_killed(earlier: Earlier) -> None:
    """Put the results of a killed job, which are written, in place."""
    deliver(earlier.work, Path(earlier.document["output_directory"]))
    shutil.rmtree(earlier.work, ignore_errors=True)
