"""How a session begins and ends."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest


@pytest.mark.usefixtures("ray_session")
def test_a_session_of_our_own_asks_for_a_token() -> None:
    environments = [child.environ() for child in psutil.Process().children() if child.name() == "gcs_server"]
    assert environments
    assert all(env.get("RAY_AUTH_MODE") == "token" and env.get("RAY_AUTH_TOKEN") for env in environments)


def test_an_address_where_nobody_listens_is_told_at_once() -> None:
    """In a process of its own: this one has a session."""
    code = "from pyramid.engine.session import session\nwith session(): pass"
    run = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"RAY_ADDRESS": "127.0.0.1:9"}, capture_output=True, text=True
    )
    assert "ConfigError: RAY_ADDRESS: no Ray cluster answers at 127.0.0.1:9" in run.stderr


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
