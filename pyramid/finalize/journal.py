"""What happened in a job so far, line by line on disk: a job that was killed goes on from there."""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pyramid.data.remote import is_uri
from pyramid.training.candidate import Progress

JOURNAL_FILE = "journal.jsonl"

#: Kinds of entries: what the job is, what is known before its trials, a candidate that was thought of, how far one is
#: (see `progress_entry`), how one ended, and the seconds of the budget that have gone.
JOB, PLAN, CANDIDATE, PROGRESS, RESULT, SPENT = "job", "plan", "candidate", "progress", "result", "spent"


def job_entry(command: str, document: dict[str, Any]) -> dict[str, Any]:
    """What an entry says of a job: its relative paths start from the folder in which this process is."""
    return {"command": command, "document": document, "folder": os.getcwd()}


def progress_entry(name: str, at: float, progress: Progress, ended: bool) -> dict[str, Any]:
    """What an entry says of the candidate ``name``: `at` and `left` are seconds, of the job's budget and of its share.

    There is one when it begins, one for each check of the holdout, and one at its end.
    """
    told = ("iterations", "checks", "elapsed", "value", "images_per_second", "metrics")
    values = {key: getattr(progress, key) for key in told}
    return {"name": name, "at": round(at, 3), "left": progress.seconds_left, **values, "ended": ended}


#: One line after the other, whatever thread writes it.
_LOCK = threading.Lock()


class Journal:
    """Adds entries to the journal in a folder."""

    def __init__(self, folder: Path):
        self._path = folder / JOURNAL_FILE
        with _LOCK:
            _mend(self._path)

    def write(self, kind: str, value: Any) -> None:
        """Add an entry: JSON."""
        line = json.dumps([kind, value], ensure_ascii=True)
        with _LOCK, self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _mend(path: Path) -> None:
    """Cut a last line that was half written off, so that the next one has a beginning."""
    if path.is_file():
        whole = path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            os.truncate(path, end)


def entries(folder: Path) -> Iterator[tuple[str, Any]]:
    """The entries (kind, value) of the journal in ``folder``, in order; what cannot be read is passed over."""
    try:
        lines = (folder / JOURNAL_FILE).read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            kind, value = json.loads(line)
        except (ValueError, TypeError):
            continue
        yield kind, value


def job_of(told: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """What the entries ``told`` say of their job, see `job_entry`; empty when they say nothing that is one."""
    return next((value for kind, value in told if kind == JOB and isinstance(value, dict)), {})


def root_of(told: Iterable[tuple[str, Any]]) -> Path:
    """The folder that relative paths of the job start from; this process's own when the entries do not tell."""
    return Path(str(job_of(told).get("folder", "")))


def located(root: Path, file: str) -> str:
    """Where the picture ``file`` of a job is, whose relative paths start from ``root``; a URI stays what it is."""
    return file if is_uri(file) else str(root / file)
