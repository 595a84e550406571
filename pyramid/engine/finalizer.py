"""The actor that keeps the ensemble of a search up to date and writes the model at the end."""

import time
from pathlib import Path
from typing import Any

from pyramid.engine.nodes import here
from pyramid.engine.session import ray
from pyramid.finalize.searching import STATUS_FILE, SearchPlan, write_model
from pyramid.training.storage import write_json

#: Choosing the ensemble anew may take this share of the actor's time while the search runs.
_SHARE = 0.1

NAMESPACE = "pyramid"


class _Finalizer:
    """Reads what the trials leave on disk, so that one that was killed begins where the last one was."""

    def __init__(self, plan: dict[str, Any], folder: str):
        self._plan = SearchPlan(**plan)
        self._folder = Path(folder)
        self._library = self._plan.library(self._folder)
        self._library.add_all()
        self._next = 0.0

    def add(self, name: str) -> None:
        """The network ``name`` is in its folder."""
        if self._library.add(name) and time.monotonic() > self._next:
            self._refresh()

    def _refresh(self) -> None:
        began = time.monotonic()
        write_json(self._folder / STATUS_FILE, self.status())
        took = time.monotonic() - began
        self._next = began + max(1.0, took / _SHARE)

    def status(self) -> dict[str, Any]:
        """The ensemble of now, and of how many networks it was chosen."""
        return self._library.told() | {"networks": len(self._library.names)}

    def finish(self) -> dict[str, Any]:
        """Write the model of all networks in the folder; returns what is told of the ensemble."""
        self._library.add_all()
        return write_model(self._plan, self._folder, self._library)


def start_finalizer(plan: SearchPlan, folder: Path, name: str) -> Any:
    """A named actor on this node, which comes back when it is killed."""
    made = ray.remote(_Finalizer).options(
        name=name, namespace=NAMESPACE, max_restarts=-1, max_task_retries=-1, **here()
    )
    return made.remote(plan.to_dict(), str(folder))
