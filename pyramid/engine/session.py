"""A Ray session: joined, or started on this machine and ended with the job, whatever its end."""

import gc
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

# Read by Ray when it is imported; what the user has set stays.
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")

# A session of our own listens on every address of the machine, so it wants a token: one that it makes itself.
if "ray" not in sys.modules and os.environ.get("RAY_ADDRESS", "") in ("", "local"):
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if not os.environ.get("RAY_AUTH_TOKEN_PATH"):
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))

import ray

from pyramid.engine.probe import CLIENT, probe
from pyramid.errors import ConfigError

__all__ = ["check_address", "ray", "session"]


@contextmanager
def session() -> Iterator[None]:
    """Join the cluster that RAY_ADDRESS names, or the session that is there already; else start one on this machine.

    A session that was started here is ended with the block.
    """
    if ray.is_initialized():
        yield
        return
    check_address()
    address = _address()
    if address:
        _join(address)
    else:
        _init(address="local", include_dashboard=False)
    reaper = None if address else _start_reaper()
    try:
        yield
    finally:
        _shut_down()
        if reaper:
            reaper.kill()
            reaper.wait()


def check_address(as_client: bool = True) -> None:
    """Ask the cluster that would be joined whether it is there: before work that would be lost, as `session` does.

    Args:
        as_client: this process may be a client of Ray's, which runs on no machine of the cluster.

    Raises:
        ConfigError: it is not.
    """
    if not as_client and (_address().startswith(CLIENT) or ray.util.client.ray.is_connected()):
        what = "a search reads and writes files on a machine of its cluster, which a client of Ray's is not"
        raise ConfigError([f"RAY_ADDRESS: {what}; send it there: `ray job submit -- pyramid_search config.json`"])
    if _address() and not ray.is_initialized():
        probe(_address())


def _address() -> str:
    """Of the cluster that is to be joined; "" for a session on this machine."""
    address = os.environ.get("RAY_ADDRESS", "")
    return "" if address == "local" else address


def _join(address: str) -> None:
    try:
        _init()
    except (ValueError, ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
        raise ConfigError([f"RAY_ADDRESS: no Ray cluster can be joined at {address!r}: {error}"]) from error


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
        _end()
        return
    ending = threading.Thread(target=_end)
    ending.start()
    while ending.is_alive():
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))
        ending.join(0.002)
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


def _end() -> None:
    """End Ray's session while nobody collects garbage.

    Whichever thread does may find a reference of Ray's in it, and Ray ends the process without a word when one is given
    up between the end of its own worker and the moment in which Python knows of that.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if collects:
            gc.enable()


def _start_reaper() -> subprocess.Popen[bytes]:
    """When this process is killed, its end of the pipe closes, and the reaper ends what Ray has left."""
    started = [str(child.pid) for child in psutil.Process().children(recursive=True)]
    command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py")), *started]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
