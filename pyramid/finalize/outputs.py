"""An `output_directory` that is a URI: the job works in a folder of this machine, which a mirror copies there."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pyramid.data.remote import RemoteError, is_uri, localized
from pyramid.errors import ConfigError, PyramidError
from pyramid.finalize import earlier
from pyramid.finalize.journal import JOURNAL_FILE
from pyramid.finalize.lock import alone
from pyramid.finalize.mirror import Mirror, download, inside
from pyramid.finalize.store import Store
from pyramid.finalize.workspace import FINAL_MODEL_FILE, UNFINISHED, check_output

#: Letters of the URI in the name of its folder.
_SHOWN = 60


class Newest(Enum):
    """Where the last state of a job is; neither, when both have gone on."""

    HERE, THERE, NEITHER = range(3)


@dataclass(frozen=True)
class Output:
    """Where a job writes.

    Attributes:
        folder: on this machine.
        uri: where a mirror puts it; None when it stays.
    """

    folder: str
    uri: str | None = None

    def told(self, report: dict[str, Any]) -> dict[str, Any]:
        """``report`` with the model's name as a person has it."""
        return report | {"final_model": inside(self.uri, FINAL_MODEL_FILE)} if self.uri else report


def local_folder(output: str) -> str:
    """Where a job with the `output_directory` ``output`` works on this machine.

    Raises:
        RemoteError: a ``file://`` URI that stands for no path.
    """
    return str(_home(output)) if _is_remote(output) else localized(output)


def _is_remote(output: str) -> bool:
    return is_uri(localized(output))


def _home(uri: str) -> Path:
    """Below the user's cache folder; one URI has one folder."""
    uri = uri.rstrip("/")
    given = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(given) if os.path.isabs(given) else Path.home() / ".cache"
    shown = re.sub(r"\W+", "_", uri, flags=re.ASCII)[-_SHOWN:].strip("_")
    return cache / "pyramid" / "jobs" / f"{shown}-{hashlib.sha256(uri.encode()).hexdigest()[:12]}"


def at_home(document: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """``document`` with a folder of this machine as `output_directory`, and why nothing could be written to a URI."""
    output = document.get("output_directory")
    if not isinstance(output, str) or not is_uri(output):
        return document, []
    problems = check_output(output)
    return document if problems else document | {"output_directory": local_folder(output)}, problems


@contextmanager
def mirrored(output: str, fresh: bool, tell: Callable[[str], None] = lambda text: None) -> Iterator[Output]:
    """Where a job with the `output_directory` ``output`` works as long as the block lasts.

    Behind a URI, what was written is there at the end. The folder of this machine stays when the job is unfinished, or
    could not be copied.

    Args:
        fresh: the job begins. Otherwise what an earlier process has left is fetched, unless it is on this machine.
        tell: called when a copy fails that is tried again.

    Raises:
        ConfigError: nothing can be written there, or another process of this machine works there.
        PyramidError: the last copy failed.
    """
    with _plain(output):
        folder = Path(local_folder(output))
        if not _is_remote(output):
            yield Output(local_folder(output))
            return
        with _plain(output, str(folder)), alone(folder / UNFINISHED):
            fetched = False if fresh else _fetch(output, folder)
            if fresh:
                shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with Mirror(folder, output, tell, same=fetched), _plain(output, str(folder)):
                yield Output(str(folder), output)
            if not (folder / UNFINISHED).exists():
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            with suppress(OSError):  # it is not empty, or gone
                folder.rmdir()


@contextmanager
def looked_at(output: str) -> Iterator[str]:
    """A folder with what a job tells of itself: its journal and results, without networks and data.

    Raises:
        ConfigError: nothing can be read there.
    """
    with _plain(output), tempfile.TemporaryDirectory(prefix="pyramid-status-") as temporary:
        folder = local_folder(output)
        if _is_remote(output) and _newest(output, Path(folder)) != Newest.HERE:
            folder = f"{temporary}/job"
            download(output, Path(folder), _is_told)
        with _plain(output, folder):
            yield folder


def check_empty(output: str) -> list[str]:
    """Why a new search may not write to ``output``: it holds another one."""
    try:
        with looked_at(output) as folder:
            return [problem.replace(folder, output) for problem in earlier.check_empty(folder)]
    except ConfigError as error:
        return error.problems


def _is_told(name: str) -> bool:
    is_json = name.endswith((".json", ".jsonl"))
    return is_json and "/" not in name.removeprefix(UNFINISHED + "/") and not name.endswith(FINAL_MODEL_FILE)


def _fetch(uri: str, folder: Path) -> bool:
    """Bring what is at ``uri`` unless it is in ``folder``; whether it was brought.

    Raises:
        RemoteError: they are two jobs, or cannot be compared.
    """
    newest = _newest(uri, folder)
    if newest == Newest.NEITHER:
        raise RemoteError(f"{uri} and {folder}, its copy, have gone apart; remove the copy to go on with the first")
    if newest == Newest.THERE:
        download(uri, folder)
    return newest == Newest.THERE


def _newest(uri: str, folder: Path) -> Newest:
    """Where the last state of the job is: journals only grow, and clocks of two machines do not compare."""
    store, names = Store(uri), [f"{UNFINISHED}/{JOURNAL_FILE}", JOURNAL_FILE]
    there = _lines(next((content for name in names if (content := store.read(name))), b""))
    here = _lines(next((path.read_bytes() for name in names if (path := folder / name).is_file()), b""))
    if here.startswith(there):
        return Newest.HERE
    return Newest.THERE if there.startswith(here) else Newest.NEITHER


def _lines(journal: bytes) -> bytes:
    """Without a last line that is half written."""
    return journal[: journal.rfind(b"\n") + 1]


@contextmanager
def _plain(output: str, folder: str | None = None) -> Iterator[None]:
    """Errors name the ``output`` that the person knows, not the ``folder`` that stands for it."""
    try:
        yield
    except RemoteError as error:
        raise ConfigError([f"output_directory: {error}"]) from error
    except PyramidError as error:
        if folder not in (None, output):
            error.replace(str(folder), output)
        raise
