"""What a trial gets of the machine."""

import pytest

from pyramid.engine.resources import resources
from pyramid.engine.session import ray
from pyramid.errors import ConfigError


@pytest.mark.usefixtures("ray_session")
def test_without_gpus_one_trial_has_all_cores() -> None:
    cores = int(ray.cluster_resources()["CPU"])
    given = resources(None, None)
    assert (given.cpus, given.gpus, given.slots) == (cores, 0, 1)


@pytest.mark.usefixtures("ray_session")
def test_one_core_for_each_trial_makes_as_many_slots_as_cores() -> None:
    assert resources(1, None).slots == int(ray.cluster_resources()["CPU"])


@pytest.mark.usefixtures("ray_session")
def test_more_than_a_machine_has_is_refused_with_what_it_has() -> None:
    with pytest.raises(ConfigError, match=r"cpus_per_trial: no machine has 4096 .* the most is"):
        resources(4096, None)
    with pytest.raises(ConfigError, match="gpus_per_trial: no machine has 64 GPUs"):
        resources(None, 64)
