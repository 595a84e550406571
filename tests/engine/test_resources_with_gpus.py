"""What a trial gets of a machine that says it has 8 cores and 2 GPUs."""

import os
from collections.abc import Iterator

import pytest

from pyramid.engine.resources import resources
from pyramid.engine.session import ray


@pytest.fixture(scope="module", autouse=True)
def two_gpus() -> Iterator[None]:
    ray.init("local", num_cpus=8, num_gpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.parametrize(
    ("cpus", "gpus", "placement", "expected"),
    [
        (None, None, "trial", (4, 1, 0, 4, 2)),
        (None, None, "auto", (2, 1, 2, 4, 2)),  # the trial may use the other cores when it needs no workers
        (None, None, "workers", (2, 1, 2, 2, 2)),
        (1, None, "workers", (1, 1, 3, 1, 2)),
        (3, None, "auto", (3, 1, 1, 4, 2)),
        (7, None, "workers", (7, 1, 1, 7, 1)),
        (8, 2, "trial", (8, 2, 0, 8, 1)),
        (None, 0, "trial", (8, 0, 0, 8, 1)),
        (None, 0, "auto", (8, 0, 0, 8, 1)),
        (None, 0, "workers", (4, 0, 4, 4, 1)),
        (2, 0, "workers", (2, 0, 2, 2, 2)),
        (2, 0, "auto", (2, 0, 0, 2, 4)),
    ],
)
def test_cores_are_shared_between_trials_and_their_workers(cpus, gpus, placement, expected) -> None:
    given = resources(cpus, gpus, placement)
    assert (given.cpus, given.gpus, given.workers, given.threads, given.slots) == expected
    assert given.slots * (given.cpus + given.workers) <= 8


@ray.remote
def seen() -> tuple[str, int]:
    """What a trial sees of its GPUs, and on how many devices it would train."""
    from pyramid.tf import limit_devices
    from pyramid.training.devices import available

    limit_devices(1)
    return os.environ["CUDA_VISIBLE_DEVICES"], available(2, 32).count


def test_a_trial_has_a_gpu_of_its_own_unless_it_asks_for_two() -> None:
    """Ray promises GPUs that are not there: TensorFlow sees none, and trains on the CPU."""
    alone, together = resources(None, None), resources(None, 2)
    assert (alone.gpus, alone.slots) == (1, 2)
    assert (together.gpus, together.slots) == (2, 1)
    one, other = ray.get([seen.options(num_gpus=alone.gpus, num_cpus=alone.cpus).remote() for _ in range(2)])
    assert {one[0], other[0]} == {"0", "1"}
    both = ray.get(seen.options(num_gpus=together.gpus, num_cpus=together.cpus).remote())
    assert sorted(both[0].split(",")) == ["0", "1"]
    assert {one[1], other[1], both[1]} == {1}
