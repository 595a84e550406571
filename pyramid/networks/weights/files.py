"""Where the files of weights lie, whether they are good, and whether they are still the ones that were first used.

No TensorFlow. Beside a file lie ``<name>.sha256``, in the format of sha256sum, and ``<name>.lock``, which stays.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from pyramid.errors import ConfigError
from pyramid.networks.weights import h5
from pyramid.networks.weights.published import file_name
from pyramid.settings.networks import PUBLISHED

#: sensenet's documentation names this variable, but sensenet 0.7.5 does not read it.
FOLDER_VARIABLE = "BIGML_SENSENET_CACHE_PATH"
DEFAULT_FOLDER = "~/.bigml_sensenet"

#: How much of a file is in memory while it is read for its sha256, in bytes.
CHUNK = 1 << 20


def folder() -> Path:
    """The absolute path of the folder of all files of weights; it need not exist."""
    return Path(os.path.expanduser(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)).absolute()


def path(network: str) -> Path:
    """Where the weights of ``network`` are, or would be.

    Raises:
        ConfigError: no weights of ``network`` are published.
    """
    if network not in PUBLISHED:
        raise ConfigError([f"{network}: no weights of it are published; choose one of {', '.join(PUBLISHED)}"])
    return folder() / file_name(network)


def problems(network: str) -> list[str]:
    """What is wrong with the file of ``network`` that is in place, [] if nothing; all of it is read, none changed."""
    file = path(network)
    try:
        file.stat()
    except FileNotFoundError:
        return [f"{file}: is missing; {h5.way_out(network)}"]
    except OSError:
        pass  # told below
    try:
        fault = h5.fault(network, file)
        found = [f"{file}: {fault}; {h5.way_out(network)}"] if fault else []
        change = None if fault else _change(file, sha256(file))
    except ConfigError as error:
        return error.problems
    return found + ([change] if change else [])


def sha256(file: Path) -> str:
    """The SHA-256 of what is in ``file``, in hexadecimal.

    Raises:
        ConfigError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open(file, "rb") as opened:
            while chunk := opened.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from error
    return digest.hexdigest()


def ensure_same(file: Path) -> None:
    """Check that ``file`` is the one that was first used; at first use its SHA-256 is recorded beside it.

    Where nothing can be written, nothing is recorded.

    Raises:
        ConfigError: it is another file, or it or the record cannot be read.
    """
    digest = sha256(file)
    if _recorded(file) is None:
        _record_first(file, digest)
    change = _change(file, digest)
    if change:
        raise ConfigError([change])


def put(part: Path, file: Path) -> None:
    """Rename ``part`` to ``file``, in the same folder, and record its SHA-256; hold `locked` meanwhile.

    Raises:
        ConfigError: ``part`` cannot be read.
        OSError: it cannot be renamed. The old file is in place then.
    """
    digest = sha256(part)
    with open(part, "rb") as opened:
        os.fsync(opened.fileno())  # or a power cut could leave the name without the bytes
    # Between the two there is no record rather than the old one, which would not belong to the new file.
    _record_of(file).unlink(missing_ok=True)
    os.replace(part, file)
    with suppress(OSError):
        written = _written(file, digest)
        os.replace(written, _record_of(file))


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Alone among all processes that hold this lock for ``file``; its folder is made. Waits without a limit.

    The lock's file stays: if it were removed, one process could lock the old one and another a new one.

    Raises:
        ConfigError: the folder cannot be written to.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = open(file.with_name(file.name + ".lock"), "a")  # noqa: SIM115 - closed below
    except OSError as error:
        raise _unwritable(file, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            raise _unwritable(file, error) from error
        yield


def _unwritable(file: Path, error: OSError) -> ConfigError:
    way_out = f"set {FOLDER_VARIABLE} to a folder that can be"
    return ConfigError([f"{file.parent}: cannot be written to: {error.strerror}; {way_out}"])


def _record_of(file: Path) -> Path:
    return file.with_name(file.name + ".sha256")


def _recorded(file: Path) -> str | None:
    """The SHA-256 recorded for ``file``, None if there is none."""
    record = _record_of(file)
    try:
        words = record.read_text(encoding="utf-8", errors="replace").split()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError([f"{record}: cannot be read: {error.strerror}; delete it"]) from error
    return words[0].lower() if words else ""


def _change(file: Path, digest: str) -> str | None:
    """What to tell a person when ``digest`` is not the recorded one."""
    recorded = _recorded(file)
    if recorded is None or recorded == digest:
        return None
    network, record = file.name.partition("_weights_")[0], _record_of(file)
    change = f"{file}: is not the file that was first used: its SHA-256 is {digest}, but {record.name} has {recorded!r}"
    return f"{change}; run `pyramid_weights fetch {network}`, or delete {record} if the change was meant"


def _record_first(file: Path, digest: str) -> None:
    """Record ``digest`` unless another process has recorded one meanwhile, or nothing can be written."""
    with suppress(OSError):
        written = _written(file, digest)
        try:
            os.link(written, _record_of(file))  # unlike a renaming it overwrites nothing
        finally:
            written.unlink()


def _written(file: Path, digest: str) -> Path:
    """A record under a temporary name."""
    part = file.with_name(f"{file.name}.{uuid4().hex[:8]}.part")
    part.write_text(f"{digest}  {file.name}\n", encoding="utf-8")
    return part
