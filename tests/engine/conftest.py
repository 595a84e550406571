"""One Ray session for each module, and plain candidates."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from pyramid.data.dataset import Dataset
from pyramid.engine.images import Pictures
from pyramid.engine.session import session
from pyramid.training.candidate import Candidate
from tests.candidates import CANDIDATE


@pytest.fixture(scope="module")
def ray_session() -> Iterator[None]:
    """A real session on this machine."""
    with session():
        yield


def candidate(name: str, network: str = "simple", **changes: object) -> Candidate:
    """A candidate for `dark_and_light`."""
    values = {"seed": 0, "width": 16, "height": 16, "batch_size": 16, "patience": 8192} | changes
    return replace(CANDIDATE, name=name, network=network, **values)  # type: ignore[arg-type]


@pytest.fixture(name="candidate", scope="session")
def candidate_maker():
    return candidate


@pytest.fixture(scope="session")
def dark_and_light() -> tuple[Pictures, Dataset]:
    """80 noisy pictures of two obvious classes, 60 to train on."""
    rng = np.random.default_rng(1)
    targets = np.arange(80, dtype=np.float32) % 2
    pixels = (rng.integers(0, 100, (80, 16, 16, 3)) + 120 * targets[:, None, None, None]).astype(np.uint8)
    ones = np.ones(80, np.float32)
    dataset = Dataset(targets, ones, np.arange(60), np.arange(60, 80), ["dark", "light"], 0.0, 1.0)
    return Pictures(pixels, None, {}, np.full((80, 2), 16, np.int32)), dataset
