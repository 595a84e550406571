"""Augmentation on workers beside a trial: the same batches, whatever their number."""

from collections.abc import Iterator

import numpy as np
import pytest
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from pyramid.engine.session import ray
from pyramid.engine.shared import Shared, share
from pyramid.engine.stream import worker_batches
from pyramid.settings.augmentations import AUGMENTATIONS, strengths
from pyramid.settings.objectives import CATEGORICAL
from pyramid.training.batches import batch_source

FIRST, BATCHES = 3, 40


@pytest.fixture(scope="module", autouse=True)
def six_cores() -> Iterator[None]:
    """A session with more cores than the machine may have: they are slower then, and the same otherwise."""
    ray.init(num_cpus=6, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@ray.remote(num_cpus=1)
class Trial:
    """Stands where a trial does: in the first bundle of a placement group, its workers in the second."""

    def take(self, shared: Shared, name: str, batches: int) -> list:
        stream = worker_batches(shared, name, FIRST)
        taken = [next(stream) for _ in range(batches)]
        stream.close()
        return taken


@pytest.fixture(scope="module")
def shared(candidate, dark_and_light) -> Shared:
    augmented = candidate("augmented", augmentations=strengths(AUGMENTATIONS, None, CATEGORICAL), batch_size=7)
    return Shared(
        views={augmented.look: share(*dark_and_light)},
        candidates=[candidate("plain").to_dict(), augmented.to_dict()],
        folder="",
        threads=1,
        workers=1,
        board=None,
        marker="",
        keeper=None,
        resumes=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("workers", [3, 1])
def test_any_number_of_workers_makes_the_batches_of_the_trial_bit_by_bit(shared: Shared, workers: int) -> None:
    shared.workers = workers
    group = placement_group([{"CPU": 1}, {"CPU": workers}])
    trial = Trial.options(scheduling_strategy=PlacementGroupSchedulingStrategy(group, 0)).remote()
    taken = ray.get(trial.take.remote(shared, "augmented", BATCHES), timeout=120)
    remove_placement_group(group)
    candidate = shared.candidate("augmented")
    view = shared.view(candidate)
    source = batch_source(candidate, view.pictures(), view.dataset)
    for k, batch in enumerate(taken):
        for ours, theirs in zip(source.batch(FIRST + k), batch, strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
