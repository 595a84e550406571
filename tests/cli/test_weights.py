"""`pyramid_weights` in a process of its own. What its parts do is tested in tests/networks/weights."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import pyramid
from tests.networks.weights.h5_files import random_weights, save
from tests.networks.weights.weights_server import Server, serving

NAMES = {"mobilenet": "mobilenet_weights_208b4ec4.h5", "mobilenetv2": "mobilenetv2_weights_31b538bd.h5"}
NETWORK, NAME = "mobilenetv2", NAMES["mobilenetv2"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "my [red] weights"


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """Nothing is fetched from anywhere: the address is of a port where nobody listens."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {
        "PYTHONPATH": str(Path(pyramid.__file__).parents[1]),
        "PYTHONUTF8": "1",
        "BIGML_SENSENET_CACHE_PATH": str(folder),
        "PYRAMID_WEIGHTS_URL": "http://127.0.0.1:1/",
    }


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Start the command with the given arguments; ``options`` are Python's own, ``before`` starts Python."""

    def run(*arguments: str, options: tuple[str, ...] = (), before: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        command = [*before, sys.executable, *options, "-m", "pyramid.cli.weights", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=tmp_path, env=environment, encoding="utf-8", **pipes)

    return run


@pytest.fixture
def pyramid_weights(start: Callable[..., "subprocess.Popen[str]"]) -> Run:
    def run(*arguments: str, **others: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        with start(*arguments, **others) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


@pytest.fixture
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Network -> bytes of a good file."""
    path = tmp_path_factory.mktemp("server") / "good.h5"
    return {network: save(path, random_weights(network)).read_bytes() for network in NAMES}


@pytest.fixture
def server(environment: dict[str, str], good: dict[str, bytes]) -> Iterator[Server]:
    with serving() as started:
        started.content = good[NETWORK]
        environment["PYRAMID_WEIGHTS_URL"] = started.url
        yield started


def rows(stdout: str) -> dict[str, list[str]]:
    """The table of ``list``: network -> the other columns."""
    lines = [line.split() for line in stdout.splitlines() if line.startswith("  ") and line.strip()]
    return {network: others for network, *others in lines}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line of an error."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("pyramid_weights: ")
    return line.removeprefix("pyramid_weights: ")


def test_nothing_is_there_at_first(pyramid_weights: Run, folder: Path) -> None:
    begun = time.monotonic()
    done = pyramid_weights("list", options=("-X", "importtime"))
    assert time.monotonic() - begun < 10  # about 1 s; TensorFlow alone takes more on a slow machine
    assert done.returncode == 0
    imported = re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE)
    assert "pyramid.networks.weights.files" in imported
    assert {"tensorflow", "keras", "tf_keras", "ray", "pyramid.tf"}.isdisjoint(imported)
    assert rows(done.stdout)[NETWORK] == ["31b538bd", "no", "–"]
    assert set(rows(done.stdout)) == {"network", "mobilenet", "mobilenetv2", "resnet18", "tinyyolov4", "yolov4"}
    assert done.stdout.splitlines()[-1] == f"Folder: {folder} (is not there yet)"
    assert not folder.exists()


def test_what_is_there_and_what_is_damaged_is_listed(
    pyramid_weights: Run, folder: Path, good: dict[str, bytes]
) -> None:
    folder.mkdir()
    (folder / NAME).write_bytes(good[NETWORK])
    (folder / NAMES["mobilenet"]).write_bytes(good["mobilenet"][:1_000_000])
    done = pyramid_weights("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(done.stdout)[NETWORK] == ["31b538bd", "yes", f"{len(good[NETWORK]) / 1e6:.1f}", "MB"]
    assert rows(done.stdout)["mobilenet"] == ["208b4ec4", "damaged", "1.0", "MB"]
    (told,) = [line for line in done.stdout.splitlines() if line.startswith(f"{folder}/")]
    assert told.startswith(f"{folder / NAMES['mobilenet']}: is cut short: it ends after 1,000,000 of ")
    assert "run `pyramid_weights fetch mobilenet`" in told
    assert names(folder) == sorted(NAMES.values())


def test_two_networks_are_fetched(
    pyramid_weights: Run, server: Server, folder: Path, good: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_path = {f"/cnn/{NAMES[network]}": content for network, content in good.items()}
    monkeypatch.setattr(Server, "content", property(lambda self: by_path[self.requests[-1][1]]), raising=False)
    done = pyramid_weights("fetch", *NAMES)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{network}: {folder / name}" for network, name in NAMES.items()]
    for network, name in NAMES.items():
        assert (folder / name).read_bytes() == good[network]
    again = pyramid_weights("fetch", *NAMES)
    assert again.stdout == done.stdout
    assert len(server.requests) == 2


def test_of_two_networks_the_one_before_a_failure_is_kept(pyramid_weights: Run, server: Server, folder: Path) -> None:
    done = pyramid_weights("fetch", NETWORK, "mobilenet")
    assert (done.returncode, done.stdout) == (2, f"{NETWORK}: {folder / NAME}\n")
    (line,) = done.stderr.splitlines()
    assert f"holds weights of {NETWORK}, not of mobilenet" in line
    assert names(folder) == [f"{NAMES['mobilenet']}.lock", NAME, f"{NAME}.lock", f"{NAME}.sha256"]


def test_without_a_network_the_way_out_is_told(pyramid_weights: Run, folder: Path) -> None:
    line = refused(pyramid_weights("fetch", NETWORK))
    assert line.startswith(f"{NAME}: cannot be fetched from http://127.0.0.1:1/{NAME}: the server cannot be reached; ")
    assert f"run `pyramid_weights import {NETWORK} FILE` with a file brought here; it will be kept in {folder}" in line
    assert names(folder) == [f"{NAME}.lock"]


def test_ctrl_c_while_a_file_comes_leaves_nothing_half_written(
    start: Callable[..., "subprocess.Popen[str]"], server: Server, folder: Path
) -> None:
    server.hang_after = 3_000_000
    with start("fetch", NETWORK) as process:
        part = folder / f"{NAME}.part"
        ends = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size) and time.monotonic() < ends:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "")
    assert names(folder) == [f"{NAME}.lock"]


@pytest.fixture
def plain(environment: dict[str, str], tmp_path: Path) -> Path:
    """A folder of weights without brackets: see tests/networks/weights/test_selfcheck.py."""
    environment["BIGML_SENSENET_CACHE_PATH"] = str(tmp_path / "my weights")
    return tmp_path / "my weights"


def test_a_good_file_is_imported_and_shown_photographs(pyramid_weights: Run, plain: Path, tmp_path: Path) -> None:
    # Without negative variances there are probabilities.
    save(tmp_path / "a [bold] file.h5", [[np.abs(array) for array in layer] for layer in random_weights("mobilenet")])
    done = pyramid_weights("import", "mobilenet", "a [bold] file.h5")
    assert (done.returncode, done.stderr) == (0, "")
    china, flower, last = done.stdout.splitlines()
    assert re.fullmatch(r"It sees in china\.jpg: .+ \(\d\.\d\d\), .+ \(\d\.\d\d\), .+ \(\d\.\d\d\)", china)
    assert flower.startswith("It sees in flower.jpg: ")
    path = plain / NAMES["mobilenet"]
    assert last == f"The weights of mobilenet are whole and fit: {path}"
    assert rows(pyramid_weights("list").stdout)["mobilenet"][1] == "yes"


def test_a_bad_file_is_told_in_a_line(pyramid_weights: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a [bold] page.html").write_text("<!DOCTYPE html>\n")
    assert refused(pyramid_weights("import", NETWORK, "a [bold] page.html")).startswith("a [bold] page.html: is no ")
    assert (
        refused(pyramid_weights("import", NETWORK, "missing.h5"))
        == "missing.h5: cannot be read: No such file or directory"
    )
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "the following arguments are required: command"),
        (("fetch",), "the following arguments are required: network"),
        (("fetch", "simple"), "invalid choice: 'simple' (choose from"),
        (("import", "mobilenet"), "the following arguments are required: file"),
    ],
)
def test_wrong_arguments_are_told(pyramid_weights: Run, arguments: tuple[str, ...], words: str) -> None:
    done = pyramid_weights(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: pyramid_weights ")
    assert words in done.stderr.splitlines()[-1]


def test_help_and_version(pyramid_weights: Run) -> None:
    done = pyramid_weights("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("list", "fetch", "import", "BIGML_SENSENET_CACHE_PATH", "PYRAMID_WEIGHTS_URL", ".pth", ".weights"):
        assert word in done.stdout
    done = pyramid_weights("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"pyramid_weights {pyramid.__version__}\n", "")


def test_a_folder_that_cannot_be_looked_into_is_told(pyramid_weights: Run, environment: dict[str, str]) -> None:
    # The tests may run as root, who may look into all; nobody can look into a name of more than 255 bytes.
    environment["BIGML_SENSENET_CACHE_PATH"] = "x" * 256
    done = pyramid_weights("list")
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout.rstrip().endswith("(is not there yet)")) == (0, True)


def test_a_full_disk_is_told_in_a_line(
    pyramid_weights: Run, folder: Path, tmp_path: Path, good: dict[str, bytes]
) -> None:
    (tmp_path / "good.h5").write_bytes(good[NETWORK])
    limit = ("sh", "-c", 'ulimit -f 9000; exec "$0" "$@"')  # blocks; what a full disk raises has another number only
    line = refused(pyramid_weights("import", NETWORK, "good.h5", before=limit))
    assert "cannot be written: File too large" in line
    assert names(folder) == [f"{NAME}.lock"]
