"""What a job writes into its folder on this machine goes to a URI too, while it runs and at the end."""

import io
import json
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from pyramid.data.remote import RemoteError
from pyramid.errors import PyramidError
from pyramid.finalize.evaluation import EVALUATION_FILE
from pyramid.finalize.journal import JOURNAL_FILE
from pyramid.finalize.store import PART, Store
from pyramid.finalize.workspace import (
    CONFIG_FILE,
    FINAL_MODEL_FILE,
    KEPT,
    MLFLOW_FILE,
    REPORT_FILE,
    RESULTS_FILE,
    UNFINISHED,
)
from pyramid.training.candidate import SUBMODEL

#: Seconds between two looks for what has changed.
EVERY = 5.0

#: How often the last upload is tried.
TRIES = 3

_FILES = (FINAL_MODEL_FILE, RESULTS_FILE, CONFIG_FILE, JOURNAL_FILE, EVALUATION_FILE, REPORT_FILE, MLFLOW_FILE)
_FOLDERS = (UNFINISHED, *KEPT)
_THREADS = 8

#: A file's size and the time of its last change.
_State = tuple[int, int]


def belongs(name: str) -> bool:
    """Whether the file ``name`` of an output directory is a job's, and no one else's."""
    top, slash, _ = name.partition("/")
    return top in _FOLDERS or top.startswith(SUBMODEL) if slash else top.removeprefix(".").removesuffix(PART) in _FILES


def is_whole(name: str) -> bool:
    """Whether ``name`` is of a file that another process can use; tables and pictures are read anew."""
    parts = name.split("/")
    if any(part.startswith((".", "part_")) or part.endswith((PART, ".sent", ".lock")) for part in parts):
        return False
    if parts[0] == UNFINISHED and len(parts) == 2:
        return name.endswith((".json", ".jsonl"))
    return not name.endswith(".uint8")


def inside(uri: str, name: str) -> str:
    """The URI of the file ``name`` in the folder ``uri``."""
    path, mark, options = uri.partition("?")
    return f"{path.rstrip('/')}/{name}{mark}{options}"


class Mirror:
    """Keeps the folder ``uri`` like the folder ``local``, as long as the block lasts and at its end.

    Of the journal a copy is made before anything else is looked at, and it goes last: what it tells of is there.
    """

    def __init__(
        self,
        local: Path,
        uri: str,
        tell: Callable[[str], None] = lambda text: None,
        every: float = EVERY,
        same: bool = False,
    ):
        """
        Args:
            tell: called when an upload fails that will be tried again; once.
            every: seconds between two looks.
            same: ``local`` is what lies at ``uri``.

        Raises:
            RemoteError: the URI leads nowhere.
        """
        self._local, self._uri, self._tell, self._every = local, uri, tell, every
        self._store = Store(uri)
        self._sent: dict[str, _State] = _states(local) if same else {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def __enter__(self) -> "Mirror":
        self._remove(UNFINISHED + "/")  # an earlier job's networks must not be taken for this one's
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        failure = self._finish()
        if failure is None:
            return
        text = f"{failure}\nThe last state is in {self._local}: copy it from there"
        if error is None:
            raise PyramidError(text) from failure
        self._tell(text)

    def _run(self) -> None:
        told = False
        while not self._ended.wait(self._every):
            try:
                self._upload()
            except (RemoteError, OSError) as error:
                if not told:
                    self._tell(f"{error}; it will be tried again every {self._every:g} s")
                told = True

    def _finish(self) -> Exception | None:
        """Upload what is left and remove what is gone; why that cannot be done."""
        for left in reversed(range(TRIES)):
            try:
                self._upload()
                self._remove("" if (self._local / RESULTS_FILE).exists() else UNFINISHED + "/")
                return None
            except (RemoteError, OSError) as error:
                failure = error
                if left:
                    threading.Event().wait(self._every)
        return failure

    def _upload(self) -> None:
        """What tells of other files goes after them; of a journal, what it held before these were looked for."""
        journals = [(name, state, self._content(name)) for name, state in self._changed() if _is_journal(name)]
        changed = [(name, state) for name, state in self._changed() if not _is_journal(name)]
        with ThreadPoolExecutor(_THREADS) as pool:
            for turn in range(3):
                list(pool.map(lambda item: self._put(*item), [item for item in changed if _turn(item[0]) == turn]))
        for name, state, content in journals:
            self._put(name, state, content)

    def _changed(self) -> list[tuple[str, _State]]:
        return [(name, state) for name, state in sorted(_states(self._local).items()) if self._sent.get(name) != state]

    def _content(self, name: str) -> bytes | None:
        """Of a small file, as it is to be read at the URI; None when it is gone."""
        try:
            content = (self._local / name).read_bytes()
        except FileNotFoundError:
            return None
        return _as_seen(name.removeprefix(UNFINISHED + "/"), content, self._uri)

    def _put(self, name: str, state: _State, content: bytes | None = None) -> None:
        if content is None and name.endswith((RESULTS_FILE, CONFIG_FILE)):
            content = self._content(name)
        try:
            with (self._local / name).open("rb") if content is None else io.BytesIO(content) as source:
                self._store.put(name, source)
        except FileNotFoundError:  # it has been put elsewhere meanwhile
            return
        self._sent[name] = state

    def _remove(self, start: str) -> None:
        """Remove what is gone here of a job's files whose names begin so."""
        here = _states(self._local)
        there = [name for name in self._store.names() if name.startswith(start) and belongs(name)]
        self._store.remove([name for name in there if name not in here])


def _states(folder: Path) -> dict[str, _State]:
    """The size and the time of the last change of each whole file of a job."""
    found = {}
    for place, _, files in os.walk(folder):
        for file in files:
            path = Path(place, file)
            name = path.relative_to(folder).as_posix()
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            if belongs(name) and is_whole(name):
                found[name] = (stat.st_size, stat.st_mtime_ns)
    return found


def _turn(name: str) -> int:
    """JSON tells that data are whole, results tell of a model."""
    return 2 if name.endswith(RESULTS_FILE) else int(name.endswith(".json"))


def _is_journal(name: str) -> bool:
    return name.rpartition("/")[2] == JOURNAL_FILE


def _as_seen(name: str, content: bytes, uri: str) -> bytes:
    """Results and configuration name the URI, not the folder on this machine."""
    keys = {RESULTS_FILE: ("final_model", inside(uri, FINAL_MODEL_FILE)), CONFIG_FILE: ("output_directory", uri)}
    if name not in keys:
        return content
    key, value = keys[name]
    try:
        return json.dumps(json.loads(content) | {key: value}, indent=1, ensure_ascii=False).encode("utf-8")
    except (ValueError, TypeError):  # nobody of ours wrote it
        return content


def download(uri: str, local: Path, wanted: Callable[[str], bool] = lambda name: True) -> None:
    """Make the folder ``local`` what a job has left at ``uri``; it is replaced as a whole, at the end.

    Args:
        wanted: which files.

    Raises:
        RemoteError: it cannot be read.
    """
    store, part = Store(uri), local.with_name(local.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    names = [name for name in store.names() if belongs(name) and is_whole(name) and wanted(name)]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda name: store.get(name, part / name), names))
    shutil.rmtree(local, ignore_errors=True)
    part.rename(local)
