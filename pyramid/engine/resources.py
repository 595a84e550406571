"""What one trial gets of the machines."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from pyramid.engine.events import Stage, Tell
from pyramid.engine.session import ray
from pyramid.errors import ConfigError, Interrupted

#: Seconds for which the first worker of a cluster is waited for.
PATIENCE = 180.0

Node = dict[str, float]


@dataclass(frozen=True)
class Resources:
    """What one trial gets, and how many run at once.

    Attributes:
        cpus, gpus: of the trial itself.
        workers: cores beside it that augment pictures.
        threads: that the trial may run; also on cores for workers, when it may turn out to need none.
        slots: trials that run at once.
    """

    cpus: int
    gpus: int
    workers: int
    threads: int
    slots: int


_NO_CORES = (
    "RAY_ADDRESS: no machine of the cluster has a core for a trial: its workers are not there yet, or were started with"
    " no CPUs; `ray status` shows them"
)


def _nodes() -> list[Node]:
    """What the machines have on which a trial can run."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]


def await_cores(tell: Tell, stopped: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for the first machine with a core: the head of a cluster has none, and is there before the workers.

    Args:
        stopped: when it turns true, nobody is waited for.
        patience: seconds.

    Raises:
        ConfigError: there is none.
        Interrupted: stopped before there was one.
    """
    end = time.monotonic() + patience
    if not _nodes():
        tell(Stage("waiting for a worker of the cluster"))
    while not _nodes():
        if stopped():
            raise Interrupted("stopped while waiting for a worker of the cluster: nothing was trained")
        if time.monotonic() > end:
            raise ConfigError([_NO_CORES])
        time.sleep(0.5)


def resources(cpus_per_trial: int | None, gpus_per_trial: int | None, placement: str = "trial") -> Resources:
    """What each trial gets: one GPU and its part of the cores, or without GPUs all cores of a machine.

    Args:
        placement: with `workers`, and with `auto` beside a GPU, half of the trial's cores are theirs unless
            ``cpus_per_trial`` is given: then what that leaves over.

    Raises:
        ConfigError: no machine of the session has that much.
    """
    nodes = _nodes()
    if not nodes:
        raise ConfigError([_NO_CORES])
    most_gpus = max(int(node.get("GPU", 0)) for node in nodes)
    gpus = min(1, most_gpus) if gpus_per_trial is None else gpus_per_trial
    fit = [node for node in nodes if int(node.get("GPU", 0)) >= gpus]
    if not fit:
        raise ConfigError([f"gpus_per_trial: no machine has {gpus} GPUs; the most is {most_gpus}"])
    part = min(_part_of_cores(node, gpus) for node in fit)
    shares = placement == "workers" or (placement == "auto" and gpus > 0)
    cpus = cpus_per_trial or (part - part // 2 if shares else part)
    least = cpus + 1 if placement == "workers" else cpus
    slots = {i: count for i, node in enumerate(fit) if (count := _slots(node, least, gpus))}
    if not slots:
        raise ConfigError([_too_few(max(int(node["CPU"]) for node in fit), cpus, placement)])
    workers = 0 if placement == "trial" else min(int(fit[i]["CPU"]) // count - cpus for i, count in slots.items())
    threads = cpus + workers if placement == "auto" else cpus
    return Resources(cpus, gpus, workers, threads, sum(slots.values()))


def _too_few(most: int, cpus: int, placement: str) -> str:
    if placement == "workers":
        return (
            f"augmentation_placement: no machine has {cpus} cores for a trial and one more for workers; the most is"
            f" {most}: use a lower cpus_per_trial, or trial"
        )
    return f"cpus_per_trial: no machine has {cpus} free cores for a trial; the most is {most}"


def _part_of_cores(node: Node, gpus: int) -> int:
    return max(1, int(node["CPU"]) // max(1, int(node.get("GPU", 0)) // gpus)) if gpus else int(node["CPU"])


def _slots(node: Node, cpus: int, gpus: int) -> int:
    by_cpu = int(node["CPU"]) // cpus
    return min(by_cpu, int(node.get("GPU", 0)) // gpus) if gpus else by_cpu
