"""Files of trials on nodes that do not see the folder of the search: they are sent to the driver's node."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from pyramid.data.tabular.names import FULL
from pyramid.engine.nodes import here
from pyramid.engine.session import ray

#: By this file in it a node knows that it sees the folder of the search.
MARKER = ".pyramid_{}"


class _Keeper:
    """Writes files into the folder of the search, and reads them for a trial that goes on elsewhere."""

    def __init__(self, folder: str):
        self._folder = Path(folder)

    def keep(self, name: str, files: dict[str, bytes]) -> None:
        """Put ``files`` into the folder ``name``, each as a whole."""
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (folder / f"{file}.sent").write_bytes(content)
        for file in files:
            os.replace(folder / f"{file}.sent", folder / file)

    def kept(self, name: str) -> dict[str, bytes]:
        """The files in the folder ``name``, but for what lies in the object store."""
        files = (path for path in (self._folder / name).glob("*") if path.is_file() and path.name != FULL)
        return {path.name: path.read_bytes() for path in files}


def start_keeper(folder: Path) -> Any:
    """An actor on this node that keeps files in ``folder``."""
    made = ray.remote(_Keeper).options(max_restarts=-1, max_task_retries=-1, **here())
    return made.remote(str(folder))


class Place:
    """Where a trial writes: its folder in that of the search, or where that is out of sight, one of its own.

    Attributes:
        folder: of the trial; it may not be there yet.
    """

    def __init__(self, search: str, marker: str, name: str, keeper: Any):
        """
        Args:
            search: the folder of the search, with the file ``marker``.
            name: of the trial's folder in it.
            keeper: the actor that receives what is written elsewhere.
        """
        self._keeper, self._name = keeper, name
        self._elsewhere = None if os.path.isfile(os.path.join(search, marker)) else tempfile.mkdtemp(prefix="pyramid-")
        self._sent: dict[str, tuple[int, int]] = {}
        self.folder = Path(self._elsewhere or search) / name

    def fetch(self) -> None:
        """Bring what an earlier process of this trial has sent."""
        if self._elsewhere:
            self.folder.mkdir(exist_ok=True)
            for file, content in ray.get(self._keeper.kept.remote(self._name)).items():
                (self.folder / file).write_bytes(content)
            self._sent = self._states()

    def send(self) -> None:
        """Send what was written since the last time."""
        if not self._elsewhere:
            return
        states = self._states()
        changed = [file for file, state in states.items() if self._sent.get(file) != state]
        if changed:
            ray.get(self._keeper.keep.remote(self._name, {file: (self.folder / file).read_bytes() for file in changed}))
        self._sent = states

    def leave(self) -> None:
        """Nothing more will be written."""
        if self._elsewhere:
            shutil.rmtree(self._elsewhere, ignore_errors=True)

    def _states(self) -> dict[str, tuple[int, int]]:
        """The size and the time of the last change of each whole file."""
        found = [path for path in self.folder.glob("*") if path.is_file() and "part" not in path.name]
        return {path.name: ((stat := path.stat()).st_size, stat.st_mtime_ns) for path in found}
