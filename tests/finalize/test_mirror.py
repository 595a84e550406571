"""A folder of results behind a URI: what is there is whole, in order, and nobody else's files are touched."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from pyramid.data.remote import RemoteError
from pyramid.errors import ConfigError, PyramidError
from pyramid.finalize.delivery import deliver
from pyramid.finalize.earlier import read_earlier
from pyramid.finalize.journal import JOB, SPENT, Journal, job_entry
from pyramid.finalize.mirror import Mirror, belongs, download, inside, is_whole
from pyramid.finalize.outputs import at_home, check_empty, local_folder, looked_at, mirrored
from pyramid.finalize.store import Store
from pyramid.finalize.workspace import UNFINISHED, check_output, workspace
from pyramid.training.candidate import FIT_INFO_FILE
from tests.finalize.shelf import Shelf, register, shelf_uri
from tests.finalize.test_workspace import fill, tree

EVERY = 0.05
FIT = f"submodel_0/{FIT_INFO_FILE}"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def memory() -> Iterator[str]:
    yield "memory://bucket/results"
    store = fsspec.filesystem("memory")
    if store.exists("/bucket"):
        store.rm("/bucket", recursive=True)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Path]:
    """The folder behind a URI of its own, see `shelf_uri`."""
    register()
    yield tmp_path / "shelf"
    Shelf.down = False


@pytest.fixture(params=["memory", "shelf"])
def uri(request: pytest.FixtureRequest) -> str:
    """Of two file systems that are not short-cut to a path of this machine."""
    value = request.getfixturevalue(request.param)
    return value if isinstance(value, str) else shelf_uri(value)


def write(folder: Path, name: str, text: str = "x") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def begin(work: Path) -> Journal:
    """The journal of a search that begins."""
    work.mkdir(parents=True, exist_ok=True)
    journal = Journal(work)
    journal.write(JOB, job_entry("pyramid_search", {"training_data": "x.csv", "output_directory": "elsewhere"}))
    return journal


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


# The store


def test_what_is_put_is_there_and_what_is_removed_leaves_no_folder(uri: str) -> None:
    store = Store(uri)
    assert store.names() == []
    assert store.read("a/b c%20ü#.json") == b""
    for content in (b"one", b"another"):
        store.put("a/b c%20ü#.json", io.BytesIO(content))
    store.put("x", io.BytesIO(b""))
    assert store.names() == ["a/b c%20ü#.json", "x"]
    assert store.read("a/b c%20ü#.json") == b"another"
    store.remove(["a/b c%20ü#.json", "absent"])
    assert store.names() == ["x"]


def test_an_upload_that_breaks_off_leaves_the_file_of_before(shelf: Path) -> None:
    store = Store(shelf_uri(shelf))
    store.put("results.json", io.BytesIO(b"whole"))

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("gone")
            return super().read(3)

    with pytest.raises(RemoteError, match="gone"):
        store.put("results.json", Broken(b"torn"))
    assert store.read("results.json") == b"whole"


def test_a_killed_upload_leaves_whole_files_and_the_next_mirror_sweeps(shelf: Path, tmp_path: Path) -> None:
    """A process is killed while it uploads one file again and again."""
    script = (
        "import io, sys; from shelf import register; register()\n"
        "from pyramid.finalize.store import Store\n"
        "store, n = Store(sys.argv[1]), 0\n"
        "while True:\n"
        "    n += 1; store.put('unfinished/x.npy', io.BytesIO(bytes([n % 256]) * 20_000_000)); print(n, flush=True)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    sizes = set()
    for pause in (0.0, 0.013, 0.029):
        command = [sys.executable, "-c", script, shelf_uri(shelf)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        assert process.stdout
        process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        content = (shelf / UNFINISHED / "x.npy").read_bytes()
        sizes.add((len(content), len(set(content))))
    assert sizes == {(20_000_000, 1)}
    (shelf / UNFINISHED / ".x.npy.part").touch()
    with Mirror(tmp_path / "local", shelf_uri(shelf)):
        assert not shelf.exists() or tree(shelf) == {}


# The mirror


def test_files_change_there_as_they_change_here(uri: str, tmp_path: Path) -> None:
    local, store = tmp_path / "local", Store(uri)
    with Mirror(local, uri, every=EVERY):
        write(local, f"{UNFINISHED}/submodel_0/weights.h5", "one")
        wait_for(lambda: store.read(f"{UNFINISHED}/submodel_0/weights.h5") == b"one")
        write(local, f"{UNFINISHED}/submodel_0/weights.h5", "two")
        wait_for(lambda: store.read(f"{UNFINISHED}/submodel_0/weights.h5") == b"two")
        shutil.rmtree(local / UNFINISHED)
    assert store.names() == []


def test_temporary_files_and_what_is_read_anew_stay_here(memory: str, tmp_path: Path) -> None:
    names = ["arrays/full_dataset.npy", "ensemble.json", "submodel_0/weights.h5", "images/submodel_a/fit_info.json"]
    left = ["x.json.part", "submodel_0/part_x.h5", "a.csv", ".pyramid_x", "pictures_8.uint8", "images/p_1.uint8"]
    left += ["submodel_0/x.npy.sent", "a.lock"]
    for name in names + left:
        write(tmp_path, f"{UNFINISHED}/{name}")
    write(tmp_path, f"{UNFINISHED}_host_1_x/y.json")
    with Mirror(tmp_path, memory):
        pass
    assert Store(memory).names() == sorted(f"{UNFINISHED}/{name}" for name in names)


def test_what_the_journal_tells_of_is_there(shelf: Path, tmp_path: Path) -> None:
    """At any moment: a network is written, then told of, while the mirror works without a pause."""
    work = tmp_path / "local" / UNFINISHED
    with Mirror(tmp_path / "local", shelf_uri(shelf), every=0.001):
        journal, seen, number, deadline = begin(work), {-1}, 0, time.monotonic() + 60
        while len(seen) < 10 and time.monotonic() < deadline:
            write(work, f"submodel_{number}/weights.h5", "w" * 1000)
            journal.write(SPENT, number)
            lines = Store(shelf_uri(shelf)).read(f"{UNFINISHED}/journal.jsonl").splitlines()
            told = max((json.loads(line)[1] for line in lines[1:]), default=-1)
            assert all((shelf / UNFINISHED / f"submodel_{n}" / "weights.h5").exists() for n in range(told + 1))
            seen.add(told)
            number += 1
    assert len(seen) >= 10
    assert (shelf / UNFINISHED / "journal.jsonl").read_bytes() == (work / "journal.jsonl").read_bytes()


def test_a_delivered_model_replaces_an_earlier_one_and_nothing_else(uri: str, tmp_path: Path) -> None:
    store = Store(uri)
    for name in ("submodel_old/fit_info.json", "images/x.json", "notes.txt", f"{UNFINISHED}/submodel_z/weights.h5"):
        store.put(name, io.BytesIO(b"old"))
    local = tmp_path / "local"
    with Mirror(local, uri, every=EVERY):
        assert f"{UNFINISHED}/submodel_z/weights.h5" not in store.names(), "it is no network of this job"
        assert "submodel_old/fit_info.json" in store.names()
        with workspace(local) as work:
            fill(work, "new", "a")
            for name in ("results.json", "config.json"):
                write(work, name, '{"best": "a", "final_model": "/here/final_model.json"}')
            deliver(work, local)
    names = ["config.json", "final_model.json", "notes.txt", "results.json", f"submodel_a/{FIT_INFO_FILE}"]
    assert store.names() == names
    assert json.loads(store.read("results.json")) == {"best": "a", "final_model": f"{uri}/final_model.json"}
    assert json.loads(store.read("config.json"))["output_directory"] == uri


def test_a_job_that_fails_leaves_the_earlier_results(memory: str, tmp_path: Path) -> None:
    Store(memory).put("submodel_old/fit_info.json", io.BytesIO(b"old"))
    with pytest.raises(ValueError, match="broken"), Mirror(tmp_path / "local", memory):
        raise ValueError("broken")
    assert Store(memory).names() == ["submodel_old/fit_info.json"]


def test_a_store_that_is_out_of_reach_for_a_while_is_told_once(shelf: Path, tmp_path: Path) -> None:
    told: list[str] = []
    with Mirror(tmp_path, shelf_uri(shelf), told.append, every=EVERY):
        Shelf.down = True
        write(tmp_path, f"{UNFINISHED}/ensemble.json")
        wait_for(lambda: bool(told))
        time.sleep(5 * EVERY)
        Shelf.down = False
        wait_for(lambda: (shelf / UNFINISHED / "ensemble.json").exists())
    [line] = told
    assert line.startswith(f"{shelf_uri(shelf)} cannot be written to: the shelf is out of reach")


def test_a_last_upload_that_fails_says_where_the_copy_is(shelf: Path, tmp_path: Path) -> None:
    def end(error: Exception | None = None) -> None:
        with Mirror(tmp_path, shelf_uri(shelf), told.append, every=EVERY):
            Shelf.down = True
            write(tmp_path, "results.json", "{}")
            if error:
                raise error

    told: list[str] = []
    with pytest.raises(PyramidError, match="the shelf is out of reach") as raised:
        end()
    assert str(tmp_path) in str(raised.value)
    Shelf.down = False
    with pytest.raises(ValueError, match="broken"):
        end(ValueError("broken"))
    assert any(f"last state is in {tmp_path}" in line for line in told)


def test_what_is_downloaded_is_what_the_job_left(uri: str, tmp_path: Path) -> None:
    fill(tmp_path / "made", "run", "a", "b")
    begin(tmp_path / "made" / UNFINISHED)
    write(tmp_path, "copy/submodel_stale/fit_info.json")
    Store(uri).put("notes.txt", io.BytesIO(b"of somebody else"))
    with Mirror(tmp_path / "made", uri):
        pass
    download(uri, tmp_path / "copy")
    left, right = tree(tmp_path / "made"), tree(tmp_path / "copy")
    assert left.keys() == right.keys()
    assert left[f"{UNFINISHED}/journal.jsonl"] == right[f"{UNFINISHED}/journal.jsonl"]


# Output directories


def test_a_uri_has_a_folder_in_the_cache_and_a_file_uri_its_path(cache: Path, tmp_path: Path) -> None:
    folder = Path(local_folder("s3://bucket/my results/1?region=x"))
    assert folder.parent == cache / "pyramid" / "jobs"
    assert folder.name.startswith("s3_bucket_my_results_1_region_x-")
    assert local_folder("s3://bucket/a") == local_folder("s3://bucket/a/") != local_folder("s3://bucket/b")
    assert local_folder((tmp_path / "a b").as_uri()) == str(tmp_path / "a b")
    assert local_folder("results") == "results"


def test_names_of_files() -> None:
    assert inside("s3://b/c/?region=x", "final_model.json") == "s3://b/c/final_model.json?region=x"
    assert belongs("results.json")
    assert not belongs("notes.json")
    assert not belongs("pictures/x.png")
    assert not is_whole("submodel_1/.x.npy.part")


def test_a_uri_that_can_be_written_is_no_problem_and_nothing_is_left(uri: str, shelf: Path) -> None:
    assert check_output(uri) == []
    assert at_home({"output_directory": uri, "seed": 1}) == ({"output_directory": local_folder(uri), "seed": 1}, [])
    assert not shelf.exists()
    assert fsspec.filesystem("memory").find("/") == []


def test_a_uri_that_cannot_be_written_is_one_problem(shelf: Path, tmp_path: Path) -> None:
    [problem] = check_output("nope://bucket/x")
    assert problem.startswith("output_directory: nope://bucket/x: neither pyarrow nor fsspec knows nope://")
    [problem] = check_output("sftp://host/x")
    assert problem.startswith("output_directory: sftp://host/x needs a package that is not installed")
    Shelf.down = True
    [problem] = check_output(shelf_uri(shelf))
    assert problem.startswith(f"output_directory: {shelf_uri(shelf)} cannot be written to: the shelf is out of reach")
    Shelf.down = False
    (tmp_path / "file").touch()
    [problem] = check_output(shelf_uri(tmp_path / "file"))
    assert problem == f"output_directory: {shelf_uri(tmp_path / 'file')} is a file; name a folder"
    [problem] = check_output("file://host/x")
    assert problem.startswith("output_directory: ")


def test_a_store_that_nobody_answers_for_is_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    uri = "s3://bucket/results?region=here&scheme=http&endpoint_override=127.0.0.1:1"
    [problem] = check_output(uri)
    assert problem.startswith(f"output_directory: {uri} cannot be written to: ")


def test_a_local_output_directory_is_as_it_was(tmp_path: Path) -> None:
    for output in (str(tmp_path / "a"), (tmp_path / "a").as_uri()):
        with mirrored(output, fresh=True) as found:
            assert (found.folder, found.uri) == (str(tmp_path / "a"), None)
        assert found.told({"best": 1}) == {"best": 1}
    assert tree(tmp_path) == {}


def end_unfinished(uri: str) -> None:
    """A search that fails after a network."""
    with mirrored(uri, fresh=True) as output, workspace(Path(output.folder)) as work:
        begin(work).write(SPENT, 3.0)
        write(work, FIT, "{}")
        raise ValueError("broken")


def test_an_unfinished_job_goes_on_here_and_on_another_machine(
    uri: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="broken"):
        end_unfinished(uri)
    with mirrored(uri, fresh=False) as output:
        assert Path(output.folder).is_relative_to(cache)
        assert read_earlier(output.folder, "pyramid_search").spent == 3
        Journal(Path(output.folder) / UNFINISHED).write(SPENT, 4.0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    with looked_at(uri) as folder:
        assert read_earlier(folder, "pyramid_search").spent == 4
    [problem] = check_empty(uri)
    assert problem.startswith(f"output_directory: {uri} holds an unfinished search")
    with mirrored(uri, fresh=False) as output:
        local = Path(output.folder)
        assert local.is_relative_to(tmp_path / "another")
        assert (local / UNFINISHED / FIT).exists()
        os.replace(local / UNFINISHED / "submodel_0", local / "submodel_0")
        Journal(local / UNFINISHED).write(SPENT, 5.0)
        os.replace(local / UNFINISHED / "journal.jsonl", local / "journal.jsonl")
        shutil.rmtree(local / UNFINISHED)
        write(local, "results.json", "{}")
    assert output.told({"best": 1}) == {"best": 1, "final_model": f"{uri}/final_model.json"}
    assert not local.exists(), "it is finished, and there"
    assert Store(uri).names() == ["journal.jsonl", "results.json", FIT]
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    with mirrored(uri, fresh=False) as output:
        assert read_earlier(output.folder, "pyramid_search").spent == 5, "the copy here was older"


def test_copies_that_have_gone_apart_are_not_thrown_away(memory: str) -> None:
    with pytest.raises(ValueError, match="broken"):
        end_unfinished(memory)
    Journal(Path(local_folder(memory)) / UNFINISHED).write(SPENT, 7.0)
    there = Store(memory).read(f"{UNFINISHED}/journal.jsonl") + b'["spent", 8.0]\n'
    Store(memory).put(f"{UNFINISHED}/journal.jsonl", io.BytesIO(there))
    with pytest.raises(ConfigError, match="have gone apart") as raised, mirrored(memory, fresh=False):
        pytest.fail("there are two jobs")
    assert local_folder(memory) in str(raised.value)
    assert Path(local_folder(memory)).exists()


def test_a_uri_without_a_job_is_named(memory: str, cache: Path) -> None:
    for look in (lambda: mirrored(memory, fresh=False), lambda: looked_at(memory)):
        with pytest.raises(ConfigError) as raised, look() as found:
            read_earlier(found if isinstance(found, str) else found.folder, "pyramid_search")
        assert raised.value.problems == [f"{memory}: holds no job of pyramid; name the output_directory of one"]
    assert check_empty(memory) == []
    assert list((cache / "pyramid" / "jobs").iterdir()) == []
