import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from pyramid.errors import ConfigError
from pyramid.networks.weights import fetch as fetching
from pyramid.networks.weights import files
from pyramid.networks.weights.fetch import base_url, fetch, probe
from tests.networks.weights.h5_files import NETWORK, OTHER, random_weights, save
from tests.networks.weights.weights_server import serving

NAME = "mobilenetv2_weights_31b538bd.h5"


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """The bytes of a good file."""
    return save(tmp_path_factory.mktemp("server") / "good.h5", random_weights()).read_bytes()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def server(monkeypatch, good):
    # A proxy that this machine may have cannot reach the test's own server.
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as started:
        monkeypatch.setenv("PYRAMID_WEIGHTS_URL", started.url)
        started.content = good
        yield started


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def problem(action=fetch, network=NETWORK):
    """The one message of a failure; it names the file, the folder and the way without a network."""
    with pytest.raises(ConfigError) as caught:
        action(network)
    (text,) = caught.value.problems
    assert text.startswith(f"{files.path(network).name}: cannot be fetched from {base_url()}")
    assert f"`pyramid_weights import {network} FILE`" in text
    assert text.endswith(f"kept in {files.folder()}")
    return text


def test_the_address_is_that_of_sensenet_or_of_the_environment(monkeypatch):
    from sensenet.pretrained import S3_BUCKET

    monkeypatch.delenv("PYRAMID_WEIGHTS_URL", raising=False)
    assert base_url() == S3_BUCKET
    monkeypatch.setenv("PYRAMID_WEIGHTS_URL", "http://mirror.example:8080/cnns")
    assert base_url() == "http://mirror.example:8080/cnns/"


@pytest.mark.parametrize("url", ["ftp://x/", "/srv/weights", "https://", "http://x:port/", "http://[1/", "file:///x"])
def test_any_other_address_is_told(monkeypatch, url):
    monkeypatch.setenv("PYRAMID_WEIGHTS_URL", url)
    with pytest.raises(ConfigError, match=r"PYRAMID_WEIGHTS_URL: must be an address .*; unset it") as caught:
        fetch(NETWORK)
    assert repr(url) in str(caught.value)


def test_a_password_is_not_told(monkeypatch):
    monkeypatch.setenv("PYRAMID_WEIGHTS_URL", "ftp://me:secret@x/")
    with pytest.raises(ConfigError) as caught:
        base_url()
    assert "secret" not in str(caught.value)


def test_a_good_file_is_fetched_and_its_sha256_is_recorded(server, folder, good):
    calls = []
    path = fetch(NETWORK, lambda done, total: calls.append((done, total)))
    assert path == folder / NAME
    assert path.read_bytes() == good
    assert server.requests == [("GET", f"/cnn/{NAME}")]
    assert names(folder) == [NAME, NAME + ".lock", NAME + ".sha256"]
    assert (folder / (NAME + ".sha256")).read_text() == f"{files.sha256(path)}  {NAME}\n"
    assert calls[-1] == (len(good), len(good))
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    assert len(calls) > 10
    assert files.problems(NETWORK) == []


def test_a_good_file_that_is_there_is_not_fetched_but_recorded(server, folder, good):
    folder.mkdir()
    (folder / NAME).write_bytes(good)
    assert fetch(NETWORK) == folder / NAME
    assert server.requests == []
    assert names(folder) == [NAME, NAME + ".sha256"]


def test_a_redirect_is_followed(server, folder, good):
    server.redirect = True
    probe(NETWORK)
    assert fetch(NETWORK).read_bytes() == good
    assert server.requests[-1] == ("GET", f"/moved/cnn/{NAME}")


def test_a_server_that_does_not_tell_the_size_will_do(server, good):
    server.length = 0
    calls = []
    assert fetch(NETWORK, lambda done, total: calls.append((done, total))).read_bytes() == good
    assert calls[-1] == (len(good), None)


def with_nan(tmp_path):
    weights = [list(layer) for layer in random_weights()]
    weights[0][0] = np.full_like(weights[0][0], np.nan)
    return save(tmp_path / "nan.h5", weights).read_bytes()


PAGE = b"<!DOCTYPE html>\n<title>Log in</title>"
BAD = {
    "cut": (lambda server, _: setattr(server, "length", len(server.content) + 7), "was cut short after 14,4"),
    "404": (lambda server, _: setattr(server, "status", 404), "the server answers 404 Not Found"),
    "500": (lambda server, _: setattr(server, "status", 500), "the server answers 500 Internal Server Error"),
    "page": (lambda server, _: setattr(server, "content", PAGE), "is no HDF5 file, it looks like an HTML page"),
    "nothing": (lambda server, _: setattr(server, "content", b""), "the 0 bytes that came cannot be used: is empty"),
    "part": (lambda server, _: setattr(server, "content", server.content[:500_000]), "is cut short: it ends after 500"),
    "NaN": (lambda server, tmp: setattr(server, "content", with_nan(tmp)), "864 of 864 values are NaN or infinite"),
    "other": (
        lambda server, tmp: setattr(server, "content", save(tmp / "o.h5", random_weights(OTHER)).read_bytes()),
        f"holds weights of {OTHER}, not of {NETWORK}",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_failure_is_told_and_what_was_in_place_stays(server, folder, tmp_path, kind):
    spoil, words = BAD[kind]
    spoil(server, tmp_path)
    folder.mkdir()
    (folder / NAME).write_bytes(b"old")
    (folder / (NAME + ".sha256")).write_bytes(b"of the old one")
    assert words in problem()
    assert len(server.requests) == 1
    assert names(folder) == [NAME, NAME + ".lock", NAME + ".sha256"]
    assert (folder / NAME).read_bytes() == b"old"
    assert (folder / (NAME + ".sha256")).read_bytes() == b"of the old one"


def test_good_weights_packed_into_too_few_bytes_are_told(server, monkeypatch):
    # sensenet would fetch such a file again and again.
    monkeypatch.setattr(fetching, "MIN_NETWORK_SIZE", len(server.content) + 1)
    assert "bytes that came cannot be used: too few" in problem()


def test_after_a_failure_nothing_is_there_if_nothing_was(server, folder):
    server.status = 404
    problem()
    assert names(folder) == [NAME + ".lock"]


def test_a_server_that_hangs_is_left(server, folder, monkeypatch):
    monkeypatch.setattr(fetching, "SILENCE", 0.3)
    server.hang_after = -1
    assert "the server does not answer in time" in problem()
    server.hang_after = 3_000_000
    assert "no byte came for 0.3 s;" in problem()
    assert names(folder) == [NAME + ".lock"]


def test_an_interrupt_leaves_nothing_behind_and_the_lock_is_free(server, folder, good):
    def interrupt(done, total):
        assert names(folder) == [NAME + ".lock", NAME + ".part"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(NETWORK, interrupt)
    assert names(folder) == [NAME + ".lock"]
    assert fetch(NETWORK).read_bytes() == good


@pytest.mark.parametrize("old", ["cut", "changed"])
def test_a_bad_file_in_place_is_replaced(server, folder, good, old):
    folder.mkdir()
    (folder / NAME).write_bytes(good[:200_000])
    files.ensure_same(folder / NAME)
    if old == "changed":
        save(folder / NAME, random_weights()[:-1])
    assert files.problems(NETWORK)
    assert fetch(NETWORK).read_bytes() == good
    assert files.problems(NETWORK) == []


def test_what_a_killed_process_left_is_no_hindrance(server, folder, good):
    folder.mkdir()
    (folder / (NAME + ".part")).write_bytes(good + b"more")
    assert fetch(NETWORK).read_bytes() == good
    assert NAME + ".part" not in names(folder)


def test_of_many_processes_one_fetches(server, folder):
    server.delay = 1.0
    script = f"from pyramid.networks.weights.fetch import fetch; print(fetch({NETWORK!r}))"
    started = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for process in started:
        out, _ = process.communicate(timeout=60)
        assert out == f"{folder / NAME}\n"
        assert process.returncode == 0
    assert server.requests == [("GET", f"/cnn/{NAME}")]


def test_a_folder_that_cannot_be_written_to_is_told(server, folder):
    folder.write_bytes(b"a file")
    with pytest.raises(ConfigError, match=r"weights: cannot be written to: .*; set BIGML_SENSENET_CACHE_PATH to a"):
        fetch(NETWORK)
    assert server.requests == []


def test_a_folder_in_place_of_the_file_is_told(server, folder):
    (folder / NAME).mkdir(parents=True)
    assert "it cannot be written: Is a directory" in problem()
    assert names(folder) == [NAME, NAME + ".lock"]


def test_a_probe_asks_and_fetches_nothing(server, folder):
    probe(NETWORK)
    assert server.requests == [("HEAD", f"/cnn/{NAME}")]
    assert not folder.exists()


def test_a_server_without_head_can_be_probed(server):
    server.methods = ("GET",)
    probe(NETWORK)
    server.status = 404
    assert "the server answers 404 Not Found" in problem(probe)


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("status", 403, "the server answers 403 Forbidden"),
        ("kind", "text/html; charset=utf-8", "the server answers with an HTML page"),
        ("length", 1234, "the server has only 1,234 bytes"),
    ],
)
def test_a_probe_tells_what_is_amiss(server, attribute, value, words):
    setattr(server, attribute, value)
    assert words in problem(probe)


def test_a_probe_does_not_wait_for_a_server_that_hangs(server, monkeypatch):
    monkeypatch.setattr(fetching, "PROBE_SILENCE", 0.2)
    server.hang_after = -1
    assert "the server does not answer in time" in problem(probe)


@pytest.mark.parametrize("action", [probe, fetch])
def test_a_server_that_cannot_be_reached_is_told(server, monkeypatch, action):
    with socket.socket() as bound:  # nobody listens there
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PYRAMID_WEIGHTS_URL", f"http://127.0.0.1:{bound.getsockname()[1]}")
        assert "the server cannot be reached;" in problem(action)


def test_a_proxy_that_does_not_answer_is_told(server, monkeypatch):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{bound.getsockname()[1]}")
        assert "the proxy does not let it through" in problem(probe)
    assert server.requests == []
