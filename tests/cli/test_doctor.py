"""`pyramid_doctor` on this machine, and on the same with something broken."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import pyramid
from pyramid.engine.session import ray, session

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def pyramid_doctor(tmp_path: Path) -> Run:
    """Run the command; ``broken`` is name of a package -> what importing it does, ``more`` are variables."""

    def run(*arguments: str, broken: dict[str, str] | None = None, **more: str) -> "subprocess.CompletedProcess[str]":
        for name, source in (broken or {}).items():
            (tmp_path / "broken" / name).mkdir(parents=True)
            (tmp_path / "broken" / name / "__init__.py").write_text(source)
        paths = [str(tmp_path / "broken"), str(Path(pyramid.__file__).parents[1])]
        kept = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
        given = kept | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"} | more
        command = [sys.executable, "-m", "pyramid.cli.doctor", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, text=True, encoding="utf-8")

    return run


@pytest.fixture(scope="module")
def ray_session() -> Iterator[None]:
    """A real session on this machine."""
    with session():
        yield


def facts(done: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    """The facts of a visit, by name."""
    return {fact["name"]: fact for fact in json.loads(done.stdout)["facts"]}


def test_a_visit_tells_every_part_and_that_all_is_well(pyramid_doctor: Run, tmp_path: Path) -> None:
    done = pyramid_doctor(BIGML_SENSENET_CACHE_PATH=str(tmp_path / "weights"))
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    headings = [line for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    parts = [
        "Versions",
        "Extras",
        "Devices",
        "Compiled operators",
        "Ray",
        "Pretrained weights",
        "Memory",
        "Disk",
        "Limits",
    ]
    assert headings[:-1] == parts
    assert "tree operator  loads" in done.stdout
    assert "pyramid_weights fetch mobilenetv2" in done.stdout
    assert "one on this machine would have" in done.stdout


def test_broken_packages_and_a_cluster_that_is_not_there_are_told(pyramid_doctor: Run, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "mobilenetv2_weights_31b538bd.h5").write_bytes(b"no weights")
    done = pyramid_doctor(
        "--json",
        broken={"tensorflow": "import os, signal; os.kill(os.getpid(), signal.SIGILL)"},
        RAY_ADDRESS="127.0.0.1:9",
        BIGML_SENSENET_CACHE_PATH=str(weights),
    )
    assert done.returncode == 1
    found = facts(done)
    assert json.loads(done.stdout)["ok"] is False
    assert found["TensorFlow"]["state"] == found["cluster"]["state"] == "wrong"
    assert found["TensorFlow"]["value"] == f"its process died of {signal.SIGILL.name}"
    assert "no Ray cluster answers at 127.0.0.1:9" in found["cluster"]["advice"]
    assert found["mobilenetv2"]["state"] == "warning"
    assert "pyramid_weights fetch mobilenetv2" in found["mobilenetv2"]["advice"]


def test_what_hangs_is_given_up(pyramid_doctor: Run) -> None:
    done = pyramid_doctor("--json", "--patience", "2", broken={"tensorflow": "import time; time.sleep(1000)"})
    assert done.returncode == 1
    assert facts(done)["TensorFlow"]["value"] == "did not answer within 2 s"


def test_a_sensenet_that_does_not_load_is_told_beside_a_tensorflow_that_does(pyramid_doctor: Run) -> None:
    done = pyramid_doctor(broken={"sensenet": "raise ImportError('undefined symbol: _ZN10tensorflow')"})
    assert done.returncode == 1
    assert "✗  sensenet  does not load: ImportError: undefined symbol" in done.stdout
    assert "→ install sensenet anew" in done.stdout
    assert "1 thing stops training" in done.stdout


def test_a_terminated_visit_leaves_no_probe_behind(tmp_path: Path) -> None:
    (tmp_path / "broken" / "tensorflow").mkdir(parents=True)
    wait = f"import os, time; open({str(tmp_path / 'probe')!r}, 'w').write(str(os.getpid())); time.sleep(1000)"
    (tmp_path / "broken" / "tensorflow" / "__init__.py").write_text(wait)
    paths = [str(tmp_path / "broken"), str(Path(pyramid.__file__).parents[1])]
    command = [sys.executable, "-m", "pyramid.cli.doctor", "--patience", "100"]
    visit = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)}, stdout=subprocess.PIPE)
    while not (tmp_path / "probe").exists() or not (tmp_path / "probe").read_text():
        assert visit.poll() is None
        time.sleep(0.05)
    visit.terminate()
    assert visit.wait(30) == 130
    probe = int((tmp_path / "probe").read_text())
    for _ in range(200):
        if is_gone(probe):
            return
        time.sleep(0.05)
    pytest.fail("the probe lives on")


def is_gone(process: int) -> bool:
    """Also when nobody has asked yet how it ended."""
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.usefixtures("ray_session")
def test_a_cluster_is_joined_and_its_machines_are_told(pyramid_doctor: Run) -> None:
    address = ray.get_runtime_context().gcs_address
    done = pyramid_doctor("--json", broken={"tensorflow": "raise ImportError('not now')"}, RAY_ADDRESS=address)
    found = facts(done)
    assert found["cluster"]["state"] == "good"
    assert found["cluster"]["value"].startswith(f"1 machine at {address}: ")
    assert any(name.startswith("machine ") for name in found)
    assert found["TensorFlow"]["value"] == "does not work: ImportError: not now"


@pytest.mark.parametrize("given", ["0", "-1", "inf", "soon"])
def test_a_patience_that_is_none_is_refused(pyramid_doctor: Run, given: str) -> None:
    done = pyramid_doctor(f"--patience={given}")
    assert done.returncode == 2
    assert f"must be above 0 and finite, but got '{given}'" in done.stderr
