"""What all trials of a search read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import Dataset
from pyramid.engine.session import ray
from pyramid.training.candidate import Candidate


@dataclass
class Shared:
    """What all trials of a search read, and their workers.

    Attributes:
        pixels: reference to the decoded pictures in the object store, or None when they lie in ``pixels_path``.
        pixels_shape: [rows, height, width, 3].
        dataset: labels, weights and the split.
        candidates: plain data of `Candidate`.
        folder: receives a folder for each candidate.
        threads: cores that a trial may use.
        workers: cores beside it that augment.
        board: the actor that tells how long a trial may go on.
    """

    pixels: Any
    pixels_path: str
    pixels_shape: tuple[int, ...]
    dataset: Dataset
    candidates: list[dict[str, Any]]
    folder: str
    threads: int
    workers: int
    board: Any

    def pictures(self) -> npt.NDArray[np.uint8]:
        """uint8 [rows, height, width, 3], without a copy."""
        if self.pixels is not None:
            return ray.get(self.pixels)
        return np.memmap(self.pixels_path, np.uint8, "r", shape=self.pixels_shape)

    def candidate(self, name: str) -> Candidate:
        return next(Candidate(**values) for values in self.candidates if values["name"] == name)
