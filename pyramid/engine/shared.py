"""What all trials of a search read."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import Dataset
from pyramid.engine.images import Pictures
from pyramid.engine.session import ray
from pyramid.networks.weights.published import Weights
from pyramid.training.candidate import Candidate, Look


@dataclass
class View:
    """The data as networks of one input see them.

    Attributes:
        pixels: reference to the decoded pictures in the object store, or None when they lie in ``path``.
        shape: [rows, height, width, 3].
        dataset: labels or boxes, weights and the split.
    """

    pixels: Any
    path: str
    shape: tuple[int, ...]
    dataset: Dataset

    def pictures(self) -> npt.NDArray[np.uint8]:
        """uint8 [rows, height, width, 3], without a copy."""
        if self.pixels is not None:
            return ray.get(self.pixels)
        return np.memmap(self.path, np.uint8, "r", shape=self.shape)


@dataclass
class Shared:
    """What all trials of a search read, and their workers.

    Attributes:
        views: for the inputs of all candidates.
        candidates: plain data of `Candidate`.
        folder: receives a folder for each candidate.
        threads: cores that a trial may use.
        workers: cores beside it that augment.
        board: the actor that tells how long a trial may go on.
        starts: name of a candidate -> reference to the weights that it starts from.
    """

    views: dict[Look, View]
    candidates: list[dict[str, Any]]
    folder: str
    threads: int
    workers: int
    board: Any
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


def share(pictures: Pictures, dataset: Dataset) -> View:
    """Put ``pictures`` where every trial can read them."""
    pixels = None if pictures.path else ray.put(pictures.pixels)
    return View(pixels, str(pictures.path or ""), pictures.pixels.shape, dataset)


def put_once(weights: dict[str, Weights]) -> dict[str, Any]:
    """References to ``weights`` in the object store, where what several candidates start from lies once."""
    references = {
        id(arrays): ray.put(arrays) for arrays in {id(arrays): arrays for arrays in weights.values()}.values()
    }
    return {name: references[id(arrays)] for name, arrays in weights.items()}
