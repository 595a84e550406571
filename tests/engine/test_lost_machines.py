"""Machines that vanish or are short of memory, in sessions of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import ray
from ray.cluster_utils import Cluster

from pyramid.engine.events import Event, Update
from pyramid.engine.trial import MOST_LOSSES
from pyramid.training.candidate import Status
from tests.engine.light import count, story
from tests.engine.test_faults import Killing


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    assert not ray.is_initialized()
    yield
    ray.shutdown()


@pytest.mark.slow
def test_trials_of_a_lost_machine_go_on_elsewhere(tmp_path: Path) -> None:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        other = cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
        cluster.wait_for_nodes()
        lost: list[str] = []
        killing = Killing(tmp_path, dict.fromkeys("ab", MOST_LOSSES - 1))

        def lose(event: Event) -> None:
            """Kill each trial as often as it may be, and then remove the machine of one of them."""
            killing(event)
            if lost or not isinstance(event, Update) or not event.progress or event.progress.iterations < 20:
                return
            if all(len(story(tmp_path, name)["pids"]) == MOST_LOSSES for name in "ab"):
                cluster.remove_node(other)
                lost.append(event.name)

        results = count(tmp_path, list("abcd"), lose, steps=80)
        assert lost
        assert {name: result.status for name, result in results.items()} == dict.fromkeys("abcd", Status.FINISHED)
        stories = [story(tmp_path, name) for name in "abcd"]
        assert [told["steps"] for told in stories] == [80] * 4
        moved = [told["began_at"] for told in stories if len(told["began_at"]) in (2, MOST_LOSSES + 1)]
        assert len(moved) == 1
        assert moved[0][-1] > 0
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.mark.slow
def test_a_trial_that_ray_ends_for_its_memory_comes_back_with_half_the_batch(tmp_path: Path) -> None:
    memory = psutil.virtual_memory()
    share = (memory.total - memory.available + 1.3e9) / memory.total
    if share > 0.9 or memory.available < 5e9 or "RAY_memory_usage_threshold" in os.environ:
        pytest.skip("this machine has no memory to spare")
    config = {"memory_usage_threshold": share, "memory_monitor_refresh_ms": 100}
    ray.init(
        address="local",
        num_cpus=1,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        _system_config=config,
    )
    results = count(tmp_path, ["a", "greedy", "c"], plots={"greedy": "eats"}, slots=1)
    assert {result.status for result in results.values()} == {Status.FINISHED}
    assert story(tmp_path, "greedy")["batches"] == [32, 16]
    assert "with batches of 16, for it was out of memory" in results["greedy"].reason
