"""What all trials of a search read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import Dataset
from pyramid.data.pictures import Pictures
from pyramid.engine.node_file import NodeFile, node_file
from pyramid.engine.nodes import Sight
from pyramid.engine.session import ray
from pyramid.networks.weights.published import Weights
from pyramid.training.candidate import Candidate, Look


@dataclass
class View:
    """The data as networks of one input see them.

    Attributes:
        pixels: reference to the decoded pictures in the object store, or None when they lie in ``path``.
        path: a file that every process of the session can open, unless ``spread`` tells another place.
        shape: [rows, height, width, 3].
        dataset: labels or boxes, weights and the split.
        spread: the file on several machines.
    """

    pixels: Any
    path: str
    shape: tuple[int, ...]
    dataset: Dataset
    spread: NodeFile | None = None

    def pictures(self) -> npt.NDArray[np.uint8]:
        """uint8 [rows, height, width, 3], without a copy of its own.

        Raises:
            OSError: this machine has no room for the file.
        """
        if self.pixels is not None:
            return ray.get(self.pixels)
        path = self.spread.here() if self.spread else self.path
        return np.memmap(path, np.uint8, "r", shape=self.shape)


@dataclass(kw_only=True)
class Common:
    """What trials of any kind want to know.

    Attributes:
        folder: receives a folder for each candidate; nodes that see it find the file ``marker`` in it.
        threads: cores that a trial may use.
        board: the actor that tells how long a trial may go on.
        keeper: the actor that takes the files of trials that do not see ``folder``.
        resumes: whether candidates may go on from what an earlier run has left.
    """

    folder: str
    marker: str
    threads: int
    board: Any
    keeper: Any
    resumes: bool


@dataclass(kw_only=True)
class Shared(Common):
    """What all trials on pictures read, and their workers.

    Attributes:
        views: for the inputs of all candidates.
        candidates: plain data of `Candidate`.
        workers: cores beside a trial that augment.
        starts: name of a candidate -> reference to the weights that it starts from.
    """

    views: dict[Look, View]
    candidates: list[dict[str, Any]]
    workers: int
    starts: dict[str, Any] = field(default_factory=dict)

    def candidate(self, name: str) -> Candidate:
        return next(Candidate(**values) for values in self.candidates if values["name"] == name)

    def view(self, candidate: Candidate) -> View:
        """The data as ``candidate`` sees them."""
        return self.views[candidate.look]

    def start(self, candidate: Candidate) -> Weights | None:
        """What ``candidate`` starts from; None for new weights."""
        reference = self.starts.get(candidate.name)
        return None if reference is None else ray.get(reference)


def share(pictures: Pictures, dataset: Dataset, sight: Sight | None = None) -> View:
    """Put ``pictures`` where every trial can read them.

    A file is copied once to each machine that reads it, and a driver that runs on no machine of the session (Ray
    Client) leaves them to the object store, which has a disk to spill to.

    Args:
        sight: of the session's machines; by default there is one.
    """
    shape = pictures.pixels.shape
    if pictures.path is None or (sight and not sight.driver):
        return View(ray.put(np.asarray(pictures.pixels)), "", shape, dataset)
    spread = None if sight is None or sight.alone else node_file(pictures.path, sight.driver)
    return View(None, str(pictures.path), shape, dataset, spread)


def release(views: Iterable[View]) -> None:
    """Remove what `share` and the trials have put on other machines."""
    for view in views:
        if view.spread:
            view.spread.forget()


def put_once(weights: dict[str, Weights]) -> dict[str, Any]:
    """References to ``weights`` in the object store, where what several candidates start from lies once."""
    references = {
        id(arrays): ray.put(arrays) for arrays in {id(arrays): arrays for arrays in weights.values()}.values()
    }
    return {name: references[id(arrays)] for name, arrays in weights.items()}
