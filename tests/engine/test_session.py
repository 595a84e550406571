"""How a session begins and ends."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from pyramid.engine.session import ray


@pytest.mark.usefixtures("ray_session")
def test_a_session_of_our_own_asks_for_a_token() -> None:
    environments = [
        child.environ()
        for child in psutil.Process().children()
        if child.name() == "gcs_server" and child.status() != psutil.STATUS_ZOMBIE  # of another test's machines
    ]
    assert environments
    assert all(env.get("RAY_AUTH_MODE") == "token" and env.get("RAY_AUTH_TOKEN") for env in environments)


def join(address: str, **environment: str) -> tuple[str, float]:
    """What a process of its own (this one has a session) says that joins this address, and after how many seconds."""
    code = "from pyramid.engine.session import session\nwith session(): pass"
    begin = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"RAY_ADDRESS": address} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = run.stderr.strip().splitlines() or [""]
    return lines[-1], time.monotonic() - begin


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "no Ray cluster answers at 127.0.0.1:9: "),
        ("ray://127.0.0.1:9", "no Ray cluster answers at ray://127.0.0.1:9: "),
        ("no-such-host.invalid:6379", "no Ray cluster answers at no-such-host.invalid:6379: "),
        ("somewhere", "no Ray cluster at 'somewhere': "),
        ("http://127.0.0.1:8265", "'http://127.0.0.1:8265' is no address of a cluster; use host:port, auto or "),
    ],
)
def test_an_address_where_nobody_listens_is_told_at_once(address: str, said: str) -> None:
    line, seconds = join(address)
    assert f"ConfigError: RAY_ADDRESS: {said}" in line
    assert seconds < 15


def test_an_address_that_never_answers_is_told_in_15_seconds() -> None:
    """One takes connections and is silent; the queue of the other is full, so that packets to it are swallowed."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("", 0), backlog=0)) for _ in range(2)]
        silent, full = (listener.getsockname()[1] for listener in listeners)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", full))
        addresses = [f"{scheme}127.0.0.1:{port}" for scheme in ("", "ray://") for port in (silent, full)]
        with ThreadPoolExecutor() as pool:
            said = list(pool.map(join, addresses))
    for address, (line, seconds) in zip(addresses, said, strict=True):
        assert f"ConfigError: RAY_ADDRESS: no Ray cluster answers at {address}: " in line
        assert seconds < 15


@pytest.mark.usefixtures("ray_session")
def test_a_cluster_with_another_token_is_told_at_once() -> None:
    address = ray.get_runtime_context().gcs_address
    line, seconds = join(address, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="another")
    assert f"no Ray cluster answers at {address}: its token is another one: set RAY_AUTH_MODE=token" in line
    assert seconds < 15


@pytest.mark.usefixtures("ray_session")
def test_a_file_with_the_token_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    address = ray.get_runtime_context().gcs_address
    line, _ = join(address, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="", RAY_AUTH_TOKEN_PATH=str(file))
    assert f"ConfigError: RAY_ADDRESS: {address} cannot be asked: " in line
    assert str(file) in line


@pytest.mark.usefixtures("ray_session")
def test_a_cluster_of_other_machines_is_told_in_15_seconds() -> None:
    """Hidden from ps, the node of the session is as one of another machine."""
    address = ray.get_runtime_context().gcs_address
    code = """
from pyramid.engine.session import session
from ray._private import services
services.find_node_ids = set
with session(): pass
"""
    begin = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"RAY_ADDRESS": address}, capture_output=True, text=True
    )
    assert f"this machine is no node of the Ray cluster at {address}; make it one with `ray start" in run.stderr
    assert time.monotonic() - begin < 15


@pytest.mark.usefixtures("ray_session")
def test_a_cluster_that_is_there_is_joined() -> None:
    line, _ = join(ray.get_runtime_context().gcs_address)
    assert "Error" not in line


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells which signals are caught")
def test_the_handler_of_sigterm_is_there_until_the_end() -> None:
    """Ray drops it while it ends, which takes a second; the default one would leave unfinished files."""
    code = """
import signal, threading
from pyramid.engine.session import session
signal.signal(signal.SIGTERM, lambda *_: None)
over, looks, missing = threading.Event(), 0, 0
def watch():
    global looks, missing
    while not over.wait(0.001):
        [line] = [line for line in open("/proc/self/status") if line.startswith("SigCgt")]
        missing += not int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1
        looks += 1
watcher = threading.Thread(target=watch)
with session():
    watcher.start()
over.set()
watcher.join()
print(looks, missing)
"""
    run = subprocess.run([sys.executable, "-c", code], env=os.environ | {"RAY_ADDRESS": ""}, stdout=subprocess.PIPE)
    looks, missing = map(int, run.stdout.split())
    assert looks > 20
    assert missing <= 0.1 * looks


_GARBAGE = """
import gc, threading, time
from pyramid.engine.session import ray, session
ending, refs = threading.Event(), []

def litter():
    while refs and not ending.is_set():
        cycle = [refs.pop()]
        cycle.append(cycle)
        del cycle
        time.sleep(0.0002)

thread = threading.Thread(target=litter)
with session():
    refs += [ray.put(0) for _ in range(20_000)]
    gc.set_threshold(2, 1, 1)
    thread.start()
ending.set()
thread.join()
print(gc.isenabled())
"""


def test_garbage_with_references_of_ray_does_not_end_the_process_when_the_session_ends() -> None:
    run = subprocess.run([sys.executable, "-c", _GARBAGE], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout) == (0, "True\n"), run.stderr
