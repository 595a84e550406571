"""Which machines of a cluster see the pictures, and which the folder that receives the results."""

import contextlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyramid.data.remote import RemoteError, info, is_uri
from pyramid.engine import once
from pyramid.engine.session import ray

#: Seconds in which a machine must answer, the start of a process included.
PATIENCE = 20.0

#: Pictures that are looked for: one of a large data set may well be missing.
_PROBES = 16

_Sizes = list[int | None]


@dataclass(frozen=True)
class Sight:
    """What the machines of a session see; each is known by Ray's id of its node.

    Attributes:
        nodes: all that are alive.
        driver: the one that this process runs on, "" when it runs on none (Ray Client).
        pictures: those that read the same pictures as this process, or as most do when it reads none.
        folder: those that see what this process writes into its folder for results.
        here: whether this process reads pictures.
    """

    nodes: frozenset[str]
    driver: str
    pictures: frozenset[str]
    folder: frozenset[str]
    here: bool = True

    @property
    def alone(self) -> bool:
        """Whether there is nothing but this machine."""
        return self.nodes == {self.driver}


def sight(files: Sequence[str], folder: Path) -> Sight:
    """Ask every machine for some of ``files`` and for a file that is written into ``folder``.

    With a single machine nothing is asked. A machine that does not answer in `PATIENCE` seconds sees nothing. When
    nobody reads any of the pictures, everybody counts as a reader: the reading will tell what is wrong with each.
    """
    nodes, driver = _alive(), driver_node()
    if nodes == {driver}:
        return Sight(nodes, driver, nodes, nodes)
    probes = list(files)[:: max(1, len(files) // _PROBES)][:_PROBES]
    marker = folder / f"seen-{uuid.uuid4().hex}"
    marker.touch()
    try:
        answers = _ask(nodes, [_absolute(file) for file in probes], str(marker.absolute()))
    finally:
        marker.unlink(missing_ok=True)
    mine = [_size(file) for file in probes]
    wanted = max([mine, *(sizes for sizes, _ in answers.values())], key=_readable)
    if _readable(mine):
        wanted = mine
    pictures = frozenset(node for node, (sizes, _) in answers.items() if sizes == wanted)
    seen = frozenset(node for node, (_, sees) in answers.items() if sees)
    return Sight(nodes, driver, pictures if _readable(wanted) else nodes, seen, bool(_readable(mine)))


def driver_node() -> str:
    """Ray's id of the node that this process runs on; "" when it runs on none."""
    if ray.util.client.ray.is_connected():
        return ""
    return str(ray.get_runtime_context().get_node_id())


def here() -> dict[str, Any]:
    """`on` the node of this process: no other node's loss takes along what runs there."""
    return on(str(ray.get_runtime_context().get_node_id()))


def on(node: str) -> dict[str, Any]:
    """Options of a small task or actor that runs on ``node`` or nowhere, also when its cores are taken."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return {"num_cpus": 0, "scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}


def cores(nodes: frozenset[str]) -> int:
    """The cores that ``nodes`` have for tasks."""
    return sum(int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["NodeID"] in nodes)


def on_all(task: Any, *arguments: Any, nodes: frozenset[str] | None = None) -> dict[str, Any]:
    """What ``task``, a remote function, returns on each of ``nodes`` (by default on all) that answers in time."""
    asked = {task.options(**on(node), max_retries=0).remote(*arguments): node for node in nodes or _alive()}
    ready, late = ray.wait(list(asked), num_returns=len(asked), timeout=PATIENCE)
    for reference in late:
        with contextlib.suppress(Exception):
            ray.cancel(reference, force=True)
    answers = {}
    for reference in ready:
        with contextlib.suppress(Exception):  # the machine was lost: it has no answer
            answers[asked[reference]] = ray.get(reference)
    return answers


def _alive() -> frozenset[str]:
    return frozenset(str(node["NodeID"]) for node in ray.nodes() if node["Alive"])


def _ask(nodes: frozenset[str], files: list[str], marker: str) -> dict[str, tuple[_Sizes, bool]]:
    return on_all(ray.remote(_look), files, marker, nodes=nodes)


def _look(files: list[str], marker: str) -> tuple[_Sizes, bool]:
    with contextlib.suppress(OSError):
        once.sweep(once.folder())  # what killed searches have left on this machine
    return [_size(file) for file in files], os.path.exists(marker)


def _size(file: str) -> int | None:
    """Bytes of ``file``; None when it cannot be read here."""
    try:
        if is_uri(file):
            size: int | None = info(file).size
            return size
        with open(file, "rb") as opened:
            return os.fstat(opened.fileno()).st_size
    except (OSError, RemoteError):
        return None


def _readable(sizes: _Sizes) -> int:
    return sum(size is not None for size in sizes)


def _absolute(file: str) -> str:
    return file if is_uri(file) else os.path.abspath(file)
