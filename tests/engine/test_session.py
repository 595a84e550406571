"""How a session begins and ends."""

import os
import subprocess
import sys

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


def test_a_sigterm_at_any_time_of_the_end_reaches_its_handler() -> None:
    """Ray drops the handler while it ends; the default one would leave unfinished files."""
    code = """
import os, signal, threading, time
from pyramid.engine.session import session
got = []
signal.signal(signal.SIGTERM, lambda *_: got.append(1))
over = threading.Event()
def send():
    while not over.wait(0.05):
        os.kill(os.getpid(), signal.SIGTERM)
sender = threading.Thread(target=send)
with session():
    sender.start()
over.set()
sender.join()
print(len(got))
"""
    run = subprocess.run([sys.executable, "-c", code], env=os.environ | {"RAY_ADDRESS": ""}, stdout=subprocess.PIPE)
    assert run.returncode == 0
    assert int(run.stdout) > 5
