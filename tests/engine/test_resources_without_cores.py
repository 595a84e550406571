"""A cluster whose head has no cores for trials, before its first worker is there."""

import threading
from collections.abc import Iterator

import pytest
from ray.cluster_utils import Cluster

from pyramid.engine.events import Event, Stage, nobody
from pyramid.engine.resources import await_cores, resources
from pyramid.engine.session import ray
from pyramid.errors import ConfigError, Interrupted
from tests.engine.searches import wait_until


@pytest.fixture(scope="module")
def head() -> Iterator[Cluster]:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def test_a_worker_is_waited_for_and_its_absence_is_told(head: Cluster) -> None:
    said = "no machine of the cluster has a core for a trial: its workers are not there yet"
    with pytest.raises(ConfigError, match=said):
        resources(None, None)
    with pytest.raises(ConfigError, match=said):
        await_cores(nobody, lambda: False, patience=0.1)
    with pytest.raises(Interrupted):
        await_cores(nobody, lambda: True)
    told: list[Event] = []
    waiting = threading.Thread(target=await_cores, args=(told.append, lambda: False), daemon=True)
    waiting.start()
    wait_until(lambda: told, 20)
    head.add_node(num_cpus=2)
    waiting.join(60)
    assert not waiting.is_alive()
    assert told == [Stage("waiting for a worker of the cluster")]
    await_cores(told.append, lambda: False)
    assert len(told) == 1
    assert resources(1, None).slots == 2
