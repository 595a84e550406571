"""A cluster of two machines, of which the second does not see the folder with the pictures (a private mount)."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from ray.cluster_utils import Cluster

from pyramid.data.dataset import Dataset
from pyramid.data.pictures import Pictures
from pyramid.engine import nodes, once
from pyramid.engine.images import decode
from pyramid.engine.node_file import node_file
from pyramid.engine.nodes import Sight, on, sight
from pyramid.engine.session import ray
from pyramid.engine.shared import View, release, share

SHAPE = [12, 8, 3]
UNSHARE = ["unshare", "--mount"]

pytestmark = pytest.mark.skipif(
    subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode != 0,
    reason="a mount of its own for a node wants root",
)


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the second node has another, empty one for."""
    return tmp_path_factory.mktemp("hidden")


@pytest.fixture(scope="module")
def files(hidden: Path) -> list[str]:
    rng = np.random.default_rng(0)
    names = [str(hidden / f"{i}.png") for i in range(130)]
    for name in names:
        Image.fromarray(rng.integers(0, 255, (8, 12, 3), np.uint8)).save(name)
    return [*names, str(hidden / "missing.png")]


@pytest.fixture(scope="module")
def blind(hidden: Path) -> Iterator[str]:
    """The id of the second node; the session's driver runs on the first."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    ray.init(address=cluster.address, log_to_driver=False)
    start = f"{Path(sys.executable).parent}/ray start --address={cluster.address} --num-cpus=1 --block"
    script = f"mount -t tmpfs none '{hidden}' && exec {sys.executable} {start}"
    node = subprocess.Popen([*UNSHARE, "sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield _joined(node)
    finally:
        started = psutil.Process(node.pid).children(recursive=True) if node.poll() is None else []
        node.terminate()
        ray.shutdown()
        cluster.shutdown()
        _end(node, started)


def _joined(node: subprocess.Popen[bytes]) -> str:
    here = ray.get_runtime_context().get_node_id()
    for _ in range(300):
        others = [str(one["NodeID"]) for one in ray.nodes() if one["Alive"] and one["NodeID"] != here]
        if others:
            return others[0]
        assert node.poll() is None, "the second node did not start"
        time.sleep(0.1)
    raise TimeoutError("the second node did not join")


def _end(node: subprocess.Popen[bytes], started: list[psutil.Process]) -> None:
    try:
        node.wait(10)
    except subprocess.TimeoutExpired:
        node.kill()
        node.wait()
    for process in psutil.wait_procs(started, 3)[1]:
        process.kill()


@pytest.fixture(scope="module")
def seen(blind: str, files: list[str], hidden: Path) -> Sight:
    return sight(files, hidden)


def test_a_node_that_does_not_see_a_folder_is_found(seen: Sight, blind: str) -> None:
    assert seen.nodes == {seen.driver, blind}
    assert seen.pictures == seen.folder == {seen.driver}
    assert seen.here


def test_a_folder_that_all_see_is_seen_by_all(blind: str, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(picture)
    left = once.folder() / f"of-a-killed-search-{tmp_path.name}.lock"
    left.touch()
    both = sight([str(picture)], tmp_path)
    assert not left.exists()
    assert both.pictures == both.folder == both.nodes
    assert blind in both.nodes
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]  # no marker is left


def test_pictures_that_one_node_sees_are_decoded_there(
    seen: Sight, blind: str, files: list[str], tmp_path: Path
) -> None:
    """On the other node, which has a core too, all are missing."""
    pictures = decode(files, SHAPE, "crop", 10**9, tmp_path, sight=seen)
    assert pictures.bad == {130: "missing"}
    np.testing.assert_array_equal(pictures.pixels[77], np.asarray(Image.open(files[77])))
    elsewhere = replace(seen, pictures=frozenset({blind}))
    assert len(decode(files, SHAPE, "crop", 10**9, tmp_path, sight=elsewhere).bad) == 131


def test_a_driver_decodes_itself_when_nodes_that_read_have_no_cores(
    seen: Sight, files: list[str], tmp_path: Path
) -> None:
    """Like the head of a Kubernetes cluster that lends none."""
    coreless = Sight(seen.nodes, seen.driver, frozenset(), seen.folder)
    assert set(decode(files, SHAPE, "crop", 10**9, tmp_path, sight=coreless).bad) == {130}


def test_a_large_file_of_the_driver_is_copied_once_to_a_node_and_removed(
    seen: Sight, blind: str, files: list[str], hidden: Path
) -> None:
    pictures = decode(files, SHAPE, "crop", 1000, hidden, sight=seen)
    assert pictures.path
    assert not pictures.bad.keys() - {130}
    view = share(pictures, _dataset(len(files)), seen)
    assert view.spread
    view.spread.forget()
    view.spread = node_file(pictures.path, seen.driver, piece=10_000)  # so that there are several

    def read(view: View) -> tuple[str, float]:
        pixels = view.pictures()
        return str(getattr(pixels, "filename", "")), float(pixels.sum())

    def task(node: str):
        return ray.remote(read).options(**on(node)).remote(view)

    (path, total), (again, _), (here, _) = ray.get([task(blind), task(blind), task(seen.driver)])
    assert total == float(pictures.pixels.sum()) > 0
    assert path == again != here == str(pictures.path)
    assert Path(path).parent == once.folder()
    release([view])
    assert not Path(path).exists()
    assert pictures.path.exists()


def test_pictures_that_fit_into_memory_need_no_file(seen: Sight) -> None:
    pixels = np.ones((3, 8, 12, 3), np.uint8)
    view = share(Pictures(pixels, None, {}, np.zeros((3, 2), np.int32)), _dataset(3), seen)
    assert view.spread is None
    np.testing.assert_array_equal(view.pictures(), pixels)


def test_a_node_that_does_not_answer_sees_nothing(
    blind: str, files: list[str], hidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "PATIENCE", 0.0)
    late = sight(files, hidden)
    assert late.here
    assert blind not in late.pictures | late.folder


def _dataset(rows: int) -> Dataset:
    ones = np.ones(rows, np.float32)
    return Dataset(ones, ones, np.arange(rows - 1), np.arange(rows - 1, rows), [], 0.0, 1.0)
