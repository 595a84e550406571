"""A job that an earlier process has begun, as its journal tells it."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyramid.data.whole import PART
from pyramid.errors import ConfigError
from pyramid.finalize.delivery import move, take_back
from pyramid.finalize.journal import CANDIDATE, JOB, JOURNAL_FILE, PLAN, RESULT, SPENT, entries
from pyramid.finalize.lock import alone
from pyramid.finalize.workspace import UNFINISHED
from pyramid.settings.train import TrainSettings
from pyramid.training.candidate import SUBMODEL, TIME_UP, Result, Status
from pyramid.training.storage import load_result

SEARCH = "pyramid_search"

_LONGER = "a search, which --resume goes on with, given a longer --max-total-time"

#: The reason of a candidate's end when the user wanted it.
STOPPED = "the training was stopped"

#: How the reason of one begins that waited for another process to the end of the time.
LOST = "it lost its process"


@dataclass
class Earlier:
    """What is known of a job.

    Attributes:
        command: pyramid_train or pyramid_search.
        document: its configuration, with the absolute path of this output directory.
        folder: the one that its relative paths start from.
        plan: what was known when its trials began; None when they did not.
        parameters: of each candidate that a search has thought of, by name, in order.
        results: of the candidates that have ended, by name.
        spent: seconds of the budget that have gone.
        work: the folder with what is unfinished.
    """

    command: str
    document: dict[str, Any]
    folder: str
    work: Path
    plan: dict[str, Any] | None = None
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    spent: float = 0.0

    def done(self, more_time: bool) -> dict[str, Result]:
        """The results of candidates that need not go on.

        Args:
            more_time: there is more time than there was, so those go on whose time was up.
        """
        return {name: result for name, result in self.results.items() if not _goes_on(result, more_time)}

    def last_results(self) -> dict[str, Result]:
        """Of every candidate that has a result, or weights that say what they are worth."""
        names = [folder.name.removeprefix(SUBMODEL) for folder in self.work.glob(f"{SUBMODEL}*")]
        left = {name: result for name in names if (result := load_result(self.work / f"{SUBMODEL}{name}"))}
        return merged(left, self.results)


def merged(old: dict[str, Result], new: dict[str, Result]) -> dict[str, Result]:
    """The last result of each candidate; one that was not started again keeps what it had."""
    skipped = {name for name, result in new.items() if result.status == Status.SKIPPED and name in old}
    return old | {name: result for name, result in new.items() if name not in skipped}


def _goes_on(result: Result, more_time: bool) -> bool:
    cut_off = result.status == Status.SKIPPED or result.reason.startswith((STOPPED, LOST))
    return cut_off or (more_time and result.reason.startswith(TIME_UP))


def left_waiting(folder: Path, none_yet: Result) -> Result:
    """The result of a candidate that waited for a process until the end: of the weights in ``folder``, if it has any.

    Args:
        none_yet: it was skipped, and why.
    """
    result = load_result(folder)
    if result is None or not result.metrics:
        return none_yet
    if result.status != Status.FINISHED:  # else it was lost with its last word
        result.reason = f"{LOST}, and {none_yet.reason}"
    return result


def read_earlier(output: str, command: str) -> Earlier:
    """The job whose output directory is ``output``.

    Raises:
        ConfigError: there is none, or it is one of another command than ``command``.
    """
    work = _work_of(output)
    if work is None:
        raise ConfigError([f"{output}: holds no job of pyramid; name the output_directory of one"])
    found = read_job(work)
    if found is None:
        raise ConfigError([f"{work / JOURNAL_FILE}: does not tell what job it is of; start anew"])
    if found.command != command:
        raise ConfigError([_foreign(output, found, command)])
    found.document = found.document | {"output_directory": str(Path(output).absolute())}
    return found


def _work_of(output: str) -> Path | None:
    """The folder with the journal of the job whose output directory is ``output``; None when there is none."""
    folder = Path(output).absolute()
    return next((work for work in (folder / UNFINISHED, folder) if (work / JOURNAL_FILE).is_file()), None)


def _foreign(output: str, found: Earlier, command: str) -> str:
    return f"{output}: holds a job of {found.command}, not of {command}"


def read_job(work: Path) -> Earlier | None:
    """The job whose journal is in ``work``; None when there is none."""
    found: Earlier | None = None
    for kind, value in entries(work):
        if kind == JOB:
            found = found or Earlier(value["command"], value["document"], value["folder"], work)
            found.document |= {k: v for k, v in value["document"].items() if k == "max_total_time"}  # it got more
        elif found is not None:
            _take_in(found, kind, value)
    return found


def _take_in(earlier: Earlier, kind: str, value: Any) -> None:
    if kind == PLAN:
        earlier.plan = value
    elif kind == CANDIDATE:
        earlier.parameters[value["name"]] = value["parameters"]
    elif kind == RESULT:
        earlier.results = merged(earlier.results, {value["name"]: Result.from_dict(value)})
    elif kind == SPENT:
        earlier.spent = float(value)


@contextmanager
def left_behind(output: str, command: str) -> Iterator[Earlier]:
    """The job whose output directory is ``output``, which no other process can work on as long as the block lasts.

    Raises:
        ConfigError: there is none of ``command``, or it is running.
    """
    folder = Path(output).absolute()
    with alone(folder / UNFINISHED):
        take_back(folder / UNFINISHED, folder)
        yield read_earlier(output, command)


@contextmanager
def going_on(output: str, command: str, max_total_time: float | None) -> Iterator[Earlier]:
    """What `left_behind` has, in the folder that its paths start from.

    What was delivered is unfinished again; the delivered model stays until there is another.

    Raises:
        ConfigError: there is none, it is running, or it has no time left.
    """
    with left_behind(output, command) as earlier:
        _give_time(earlier, output, max_total_time)
        if earlier.work.name != UNFINISHED:
            _reopen(earlier)
        # On another machine it may not be there: paths that start from it are told as missing, and URIs do without.
        with contextlib.chdir(earlier.folder if os.path.isdir(earlier.folder) else "."):
            yield earlier


def _give_time(earlier: Earlier, output: str, max_total_time: float | None) -> None:
    if max_total_time is not None:
        earlier.document = earlier.document | {"max_total_time": max_total_time}
    total = float(earlier.document.get("max_total_time", TrainSettings.model_fields["max_total_time"].default))
    if earlier.work.name != UNFINISHED and max_total_time is None:
        raise ConfigError([f"{output}: is finished; give it more than its {total:g} s with --max-total-time"])
    if earlier.spent >= total:
        way = "give more with --max-total-time"
        raise ConfigError([f"{output}: {earlier.spent:.0f} s of its {total:g} s are spent; {way}"])


def _reopen(earlier: Earlier) -> None:
    """A process that is killed meanwhile leaves what is finished, or with the journal what is unfinished."""
    work = earlier.work / UNFINISHED
    work.mkdir(exist_ok=True)
    move(earlier.work, work)
    part = work / f"{JOURNAL_FILE}{PART}"
    shutil.copyfile(earlier.work / JOURNAL_FILE, part)
    os.replace(part, work / JOURNAL_FILE)
    earlier.work = work


def check_empty(output: str) -> list[str]:
    """Why a new search may not write to ``output``: it holds another one."""
    work = _work_of(output)
    found = read_job(work) if work else None
    if found is None:
        return []
    if found.command != SEARCH:
        return [f"output_directory: {_foreign(output, found, SEARCH)}; name another folder"]
    what = "an unfinished search, which --resume goes on with" if found.work.name == UNFINISHED else _LONGER
    return [f"output_directory: {output} holds {what}; name another folder, or say --overwrite"]


class Known:
    """What a search knows of its networks when its trials begin.

    Attributes:
        results: of those that have ended, by name.
        begun: parameters of those that have begun and not ended, by name, in order.
        parameters: of all that were thought of, by name.
        number: how many were thought of.
    """

    def __init__(self, earlier: Earlier | None, trained_on: dict[str, Any]):
        """
        Args:
            trained_on: what the networks learn from now.

        Raises:
            ConfigError: the networks of ``earlier`` have learned from other data.
        """
        plan = (earlier.plan if earlier else None) or {}
        if earlier and plan and plan["trained_on"] != trained_on:
            raise ConfigError([f"{earlier.document['output_directory']}: the table has changed since; start anew"])
        self.parameters = dict(earlier.parameters) if earlier else {}
        self.results = earlier.done(more_time=False) if earlier else {}  # more time is for more networks
        self.begun = {name: chosen for name, chosen in self.parameters.items() if name not in self.results}
        self.number = len(self.parameters)
