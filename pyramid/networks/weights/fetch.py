"""Fetch published weights over the network. No TensorFlow."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import requests
from sensenet.pretrained import MIN_NETWORK_SIZE, S3_BUCKET

from pyramid.errors import ConfigError
from pyramid.networks.weights import files, h5

URL_VARIABLE = "PYRAMID_WEIGHTS_URL"

#: Seconds until a connection must be there, and without a byte after that: when a file is fetched, and for `probe`.
CONNECT, SILENCE = 10.0, 30.0
PROBE_CONNECT, PROBE_SILENCE = 3.0, 5.0

#: How many bytes are received between two calls of ``tell``.
CHUNK = 1 << 20

#: The sizes of packed bytes could not be checked, and floats hardly get smaller.
_HEADERS = {"Accept-Encoding": "identity"}

#: What is told of the errors of requests; the first that fits, as some are kinds of others.
_REASONS: tuple[tuple[type[requests.RequestException], str], ...] = (
    (requests.exceptions.SSLError, "no secure connection: the server's certificate is not trusted"),
    (requests.exceptions.ProxyError, "the proxy does not let it through"),
    (requests.exceptions.ConnectTimeout, "the server cannot be reached in time"),
    (requests.exceptions.ReadTimeout, "the server does not answer in time"),
    (requests.exceptions.ConnectionError, "the server cannot be reached"),
    (requests.exceptions.TooManyRedirects, "the server redirects without end"),
)


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """Why what the server sends cannot be used."""


def base_url() -> str:
    """What the names of the files are appended to; it ends with a slash.

    Raises:
        ConfigError: the environment variable has no address of the kind http or https.
    """
    url = os.environ.get(URL_VARIABLE) or S3_BUCKET
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that is not closed
        good = False
    if not good:
        rule = "must be an address that begins with http:// or https://"
        raise ConfigError([f"{URL_VARIABLE}: {rule}, but is {_public(url)!r}; unset it to use the published weights"])
    return url.rstrip("/") + "/"


def probe(network: str) -> None:
    """Ask the server for the file of ``network`` without fetching it.

    Raises:
        ConfigError: it could not be fetched now.
    """
    url, times = _url(network), (PROBE_CONNECT, PROBE_SILENCE)
    with _told(network, url):
        answer = requests.head(url, timeout=times, allow_redirects=True, headers=_HEADERS)
        if answer.status_code in (405, 501):  # a server that knows no HEAD
            with requests.get(url, timeout=times, stream=True, headers=_HEADERS) as answer:
                pass
        size = _size(answer)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            raise _Refused("the server answers with an HTML page")
        if size is not None and size < MIN_NETWORK_SIZE:
            raise _Refused(f"the server has only {size:,} bytes")


def fetch(network: str, tell: Callable[[int, int | None], None] = lambda done, total: None) -> Path:
    """Where a good file of ``network`` is, which is downloaded if there was none.

    Of many processes one downloads it, and the others wait. A bad file is replaced once a good one has come. ``tell``
    is called with the number of bytes so far, and of all, which is None when the server does not say.

    Raises:
        ConfigError: it cannot be fetched or kept. What was in place is as it was then.
    """
    path = files.path(network)
    if files.problems(network):
        with files.locked(path):
            if files.problems(network):  # else another process was faster
                _download(network, path, tell)
    files.ensure_same(path)
    return path


def _download(network: str, path: Path, tell: Callable[[int, int | None], None]) -> None:
    url = _url(network)
    part = path.with_name(path.name + ".part")  # the lock is held: nobody else has it
    try:
        with _told(network, url):
            _receive(url, part, tell)
            size, fault = part.stat().st_size, h5.fault(network, part)
            if fault or size < MIN_NETWORK_SIZE:
                raise _Refused(f"the {size:,} bytes that came cannot be used: {fault or 'too few'}")
            files.put(part, path)
    finally:
        with suppress(OSError):
            part.unlink()


def _receive(url: str, part: Path, tell: Callable[[int, int | None], None]) -> None:
    """Write what the server sends to ``part``."""
    with requests.get(url, stream=True, timeout=(CONNECT, SILENCE), headers=_HEADERS) as answer:
        total = _size(answer)
        with open(part, "wb") as file:
            try:
                for chunk in answer.iter_content(CHUNK):
                    file.write(chunk)
                    tell(answer.raw.tell(), total)
            except requests.exceptions.ChunkedEncodingError as error:
                raise _cut(answer.raw.tell(), total) from error
            except requests.exceptions.ConnectionError as error:  # a time-out has this class here, not its own
                raise _Refused(f"no byte came for {SILENCE:g} s") from error
        if total is not None and answer.raw.tell() != total:  # as they came, before they were unpacked
            raise _cut(answer.raw.tell(), total)


def _cut(done: int, total: int | None) -> _Refused:
    return _Refused(f"the connection was cut short after {done:,} bytes" + (f" of {total:,}" if total else ""))


def _size(answer: requests.Response) -> int | None:
    """The number of bytes that the server says it has, if it does."""
    if answer.status_code != requests.codes.ok:
        raise _Refused(f"the server answers {answer.status_code} {answer.reason or ''}".rstrip())
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


@contextmanager
def _told(network: str, url: str) -> Iterator[None]:
    """Turn what may go wrong inside into one message with a way out."""
    try:
        yield
    except (_Refused, requests.RequestException, OSError, ValueError) as error:  # the last of an odd address
        path = files.path(network)
        problem = f"{path.name}: cannot be fetched from {_public(url)}: {_reason(error)}"
        offline = f"without a network, run `pyramid_weights import {network} FILE` with a file brought here"
        raise ConfigError([f"{problem}; {offline}; it will be kept in {path.parent}"]) from error


def _reason(error: Exception) -> str:
    if isinstance(error, requests.RequestException):
        known = next((text for kind, text in _REASONS if isinstance(error, kind)), None)
        return known or f"{type(error).__name__}: {error}"
    if isinstance(error, OSError):
        return f"it cannot be written: {error.strerror or error}"
    return str(error)


def _url(network: str) -> str:
    return base_url() + files.path(network).name


def _public(url: str) -> str:
    """``url`` without the name and the password that it may have."""
    return re.sub(r"//[^/]*@", "//", url)
