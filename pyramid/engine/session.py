"""A Ray session: joined, or started on this machine and ended with the job, whatever its end."""

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

# Read by Ray when it is imported; what the user has set stays.
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")

# A session of our own listens on every address of the machine, so it wants a token: one that it makes itself.
if "ray" not in sys.modules and not os.environ.get("RAY_ADDRESS"):
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if not os.environ.get("RAY_AUTH_TOKEN_PATH"):
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))

import ray

from pyramid.errors import ConfigError

__all__ = ["Resources", "ray", "resources", "session"]


@dataclass(frozen=True)
class Resources:
    """What one trial gets, and how many run at once."""

    cpus: int
    gpus: int
    slots: int


@contextmanager
def session() -> Iterator[None]:
    """Join the cluster that RAY_ADDRESS names, or the session that is there already; else start one on this machine.

    A session that was started here is ended with the block.
    """
    if ray.is_initialized():
        yield
        return
    address = os.environ.get("RAY_ADDRESS")
    if address:
        _probe(address)
        _init()
    else:
        _init(include_dashboard=False)
    reaper = None if address else _start_reaper()
    try:
        yield
    finally:
        _shut_down()
        if reaper:
            reaper.kill()
            reaper.wait()


def _init(**options: Any) -> None:
    with _kept_sigterm():
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)


@contextmanager
def _kept_sigterm() -> Iterator[None]:
    """Keep the caller's handler of SIGTERM: Ray replaces it when it starts."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def _shut_down() -> None:
    """End Ray's session; the caller's handler of SIGTERM stays.

    Ray drops it in the operating system (not in Python) early in a shutdown of a second or more, in which a SIGTERM
    would end the process and leave unfinished files. Only the main thread may set it again, so another one waits.
    """
    if threading.current_thread() is not threading.main_thread():
        ray.shutdown()
        return
    ending = threading.Thread(target=ray.shutdown)
    ending.start()
    while ending.is_alive():
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))
        ending.join(0.01)
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


def _start_reaper() -> subprocess.Popen[bytes]:
    """When this process is killed, its end of the pipe closes, and the reaper ends what Ray has left."""
    started = [str(child.pid) for child in psutil.Process().children(recursive=True)]
    command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py")), *started]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def _probe(address: str) -> None:
    """Ray itself would try for minutes to reach an address where nobody listens."""
    host, _, port = address.rpartition(":")
    if "//" in address or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise ConfigError([f"RAY_ADDRESS: no Ray cluster answers at {address} ({error})"]) from error


def resources(cpus_per_trial: int | None, gpus_per_trial: int | None) -> Resources:
    """What each trial gets: one GPU and its part of the cores, or without GPUs all cores of a machine.

    Raises:
        ConfigError: no machine of the session has that much.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    most_gpus = max(int(node.get("GPU", 0)) for node in nodes)
    gpus = min(1, most_gpus) if gpus_per_trial is None else gpus_per_trial
    fit = [node for node in nodes if int(node.get("GPU", 0)) >= gpus]
    if not fit:
        raise ConfigError([f"gpus_per_trial: no machine has {gpus} GPUs; the most is {most_gpus}"])
    cpus = cpus_per_trial or min(_part_of_cores(node, gpus) for node in fit)
    slots = sum(_slots(node, cpus, gpus) for node in fit)
    if not slots:
        most = max(int(node["CPU"]) for node in fit)
        raise ConfigError([f"cpus_per_trial: no machine has {cpus} free cores for a trial; the most is {most}"])
    return Resources(cpus, gpus, slots)


def _part_of_cores(node: dict[str, float], gpus: int) -> int:
    return max(1, int(node["CPU"]) // max(1, int(node.get("GPU", 0)) // gpus)) if gpus else int(node["CPU"])


def _slots(node: dict[str, float], cpus: int, gpus: int) -> int:
    by_cpu = int(node["CPU"]) // cpus
    return min(by_cpu, int(node.get("GPU", 0)) // gpus) if gpus else by_cpu
