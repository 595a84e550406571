import hashlib
import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

from pyramid.errors import ConfigError
from pyramid.networks.weights import files
from tests.networks.weights.h5_files import NETWORK, OTHER, random_weights, save


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def file(folder):
    (folder / "resnet18_weights_1.h5").write_bytes(b"some weights")
    return folder / "resnet18_weights_1.h5"


def record_of(file):
    return file.with_name(file.name + ".sha256")


def test_the_folder_is_what_the_environment_says(monkeypatch, tmp_path):
    assert files.folder() == tmp_path
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", "~/weights")
    assert files.folder() == Path("/home/somebody/weights")
    monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", "weights")
    assert files.folder() == Path.cwd() / "weights"


@pytest.mark.parametrize("value", [None, ""])
def test_else_it_is_the_one_that_sensenet_has(monkeypatch, value):
    from sensenet.pretrained import CACHE_DIRECTORY

    monkeypatch.delenv("BIGML_SENSENET_CACHE_PATH")
    if value is not None:
        monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", value)
    assert files.folder() == Path(CACHE_DIRECTORY)


def test_a_file_has_the_name_that_sensenet_wants(folder):
    assert files.path("resnet18") == folder / "resnet18_weights_cb5ddcb5.h5"


def test_a_network_without_published_weights_is_told_with_those_that_have_some():
    with pytest.raises(ConfigError, match="simple: no weights of it are published; choose one of mobilenet, mobile"):
        files.path("simple")


def test_at_first_use_the_sha256_is_recorded_as_sha256sum_wants_it(file):
    files.ensure_same(file)
    assert record_of(file).read_text() == hashlib.sha256(b"some weights").hexdigest() + "  resnet18_weights_1.h5\n"
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", record_of(file).name], cwd=file.parent, check=True)
    assert len(list(file.parent.iterdir())) == 2


def test_the_same_file_is_fine_and_the_record_stays(file):
    files.ensure_same(file)
    before = record_of(file).stat().st_mtime_ns
    files.ensure_same(file)
    assert record_of(file).stat().st_mtime_ns == before


def test_another_file_is_told_with_two_ways_out_until_the_record_is_deleted(file):
    files.ensure_same(file)
    file.write_bytes(b"other weights")
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            files.ensure_same(file)
    text = str(caught.value)
    assert text.startswith(f"{file}: is not the file that was first used: its SHA-256 is ")
    assert hashlib.sha256(b"other weights").hexdigest() in text
    assert hashlib.sha256(b"some weights").hexdigest() in text
    assert f"run `pyramid_weights fetch resnet18`, or delete {record_of(file)} if the change was meant" in text
    record_of(file).unlink()
    files.ensure_same(file)


def test_a_record_that_says_nothing_fits_no_file(file):
    record_of(file).write_bytes(b"\xff\n")
    with pytest.raises(ConfigError, match="is not the file that was first used"):
        files.ensure_same(file)
    record_of(file).write_bytes(b"")
    with pytest.raises(ConfigError, match="is not the file that was first used"):
        files.ensure_same(file)


def test_a_record_in_capital_letters_fits(file):
    record_of(file).write_text(hashlib.sha256(b"some weights").hexdigest().upper())
    files.ensure_same(file)


def test_a_missing_file_or_a_record_that_cannot_be_read_is_told(file):
    with pytest.raises(ConfigError, match=r"x\.h5: cannot be read: No such file"):
        files.ensure_same(file.parent / "x.h5")
    record_of(file).mkdir()
    with pytest.raises(ConfigError, match=r"\.sha256: cannot be read: Is a directory; delete it"):
        files.ensure_same(file)


def test_a_file_longer_than_a_chunk_is_read_to_its_end(file, monkeypatch):
    content = os.urandom(10_001)
    file.write_bytes(content)
    monkeypatch.setattr(files, "CHUNK", 1000)
    assert files.sha256(file) == hashlib.sha256(content).hexdigest()


def test_where_nothing_can_be_written_nothing_is_recorded(file):
    # The tests may run as root, for whom no folder is closed. Nobody can write a name of more than 255 bytes, as the
    # record's temporary name would be.
    long = file.with_name("w" * 244 + ".h5")
    file.rename(long)
    files.ensure_same(long)
    assert [path.name for path in long.parent.iterdir()] == [long.name]


def test_a_missing_file_is_one_problem(folder):
    (text,) = files.problems(NETWORK)
    assert text.startswith(f"{files.path(NETWORK)}: is missing; run `pyramid_weights fetch {NETWORK}`, or `pyramid_w")


def test_a_folder_that_is_none_is_a_problem(folder, monkeypatch):
    (folder / "file").write_bytes(b"")
    monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", str(folder / "file"))
    assert "cannot be read: Not a directory" in files.problems(NETWORK)[0]


def test_a_good_file_has_no_problems_and_nothing_is_recorded(folder):
    save(files.path(NETWORK), random_weights())
    assert files.problems(NETWORK) == []
    assert list(folder.iterdir()) == [files.path(NETWORK)]


def test_what_is_wrong_with_a_file_is_told_and_it_stays(folder):
    content = save(files.path(NETWORK), random_weights()).read_bytes()[:1_000_000]
    files.path(NETWORK).write_bytes(content)
    (text,) = files.problems(NETWORK)
    assert "is cut short: it ends after 1,000,000 of" in text
    assert files.path(NETWORK).read_bytes() == content


def test_weights_of_another_network_and_such_as_are_not_finite_are_problems():
    save(files.path(OTHER), random_weights())
    assert f"holds weights of {NETWORK}, not of {OTHER}" in files.problems(OTHER)[0]
    weights = [[np.full_like(array, np.inf) for array in layer] for layer in random_weights()]
    save(files.path(NETWORK), weights)
    assert "864 of 864 values are NaN or infinite" in files.problems(NETWORK)[0]


def test_a_file_other_than_the_first_one_is_a_problem():
    files.ensure_same(save(files.path(NETWORK), random_weights()))
    save(files.path(NETWORK), random_weights()[:-1])
    (text,) = files.problems(NETWORK)
    assert "is not the file that was first used" in text


def test_a_file_is_put_in_place_of_another_and_its_record_too(file):
    files.ensure_same(file)
    part = file.with_name("part")
    part.write_bytes(b"new weights")
    files.put(part, file)
    assert file.read_bytes() == b"new weights"
    files.ensure_same(file)
    assert record_of(file).read_text().startswith(hashlib.sha256(b"new weights").hexdigest())
    assert len(list(file.parent.iterdir())) == 2


def test_one_holds_the_lock_and_others_wait(file):
    order = []

    def other():
        with files.locked(file):
            order.append("other")

    thread = threading.Thread(target=other)
    with files.locked(file):
        thread.start()
        thread.join(0.3)
        order.append("one")
    thread.join(10)
    assert order == ["one", "other"]


def test_a_folder_that_cannot_be_made_for_a_lock_is_told(file):
    with (
        pytest.raises(ConfigError, match=r"weights_1\.h5: cannot be written to: .*set BIGML_SENSENET_CACHE_PATH"),
        files.locked(file / "x.h5"),
    ):
        pass
