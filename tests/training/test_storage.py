"""Files of a candidate: whole, or as they were before."""

import json
from pathlib import Path

import numpy as np
import pytest

from pyramid.networks.build import build
from pyramid.training.candidate import FIT_INFO_FILE, WEIGHTS_FILE, Candidate, Result, Status
from pyramid.training.storage import load_fit_info, save, write_document, write_json


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_json_is_written_readably_and_in_unicode(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"naïve": [1, 2.5, None, "日本"]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"naïve": [1, 2.5, None, "日本"]}
    assert "日本" in path.read_text(encoding="utf-8")
    assert names(tmp_path) == ["a.json"]


def test_a_document_has_the_numbers_of_its_arrays(tmp_path):
    path = tmp_path / "a.json"
    kernel = np.float32([[0.1, -2.5e-30], [3.4e38, 7]])
    write_document(path, {"naïve": [1, 2.5, None, "日本"], "kernel": kernel})
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read["naïve"] == [1, 2.5, None, "日本"]
    np.testing.assert_array_equal(np.float32(read["kernel"]), kernel)
    assert names(tmp_path) == ["a.json"]


WRITERS = pytest.mark.parametrize("write", [write_json, write_document])


@WRITERS
def test_a_file_is_replaced(tmp_path, write):
    path = tmp_path / "a.json"
    write(path, {"long": "x" * 1_000})
    write(path, 1)
    assert path.read_text() == "1"


@WRITERS
@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": float("inf")}, {"a": object()}, {"a": {1, 2}}])
def test_a_value_that_is_not_json_leaves_the_old_file(tmp_path, write, value):
    path = tmp_path / "a.json"
    write(path, "old")
    with pytest.raises((TypeError, ValueError)):
        write(path, value)
    assert json.loads(path.read_text()) == "old"
    assert names(tmp_path) == ["a.json"]


@WRITERS
def test_a_disk_that_fills_up_while_writing_leaves_the_old_file(tmp_path, monkeypatch, write):
    path = tmp_path / "a.json"
    write(path, "old")

    def fill_up(name):
        whole = getattr(Path, name)

        def half(self, content, **keys):
            whole(self, content[: len(content) // 2], **keys)
            raise OSError("No space left on device")

        monkeypatch.setattr(Path, name, half)

    fill_up("write_text")
    fill_up("write_bytes")
    with pytest.raises(OSError, match="No space"):
        write(path, {"new": "x" * 1_000})
    assert json.loads(path.read_text()) == "old"


@pytest.fixture
def network():
    return build("simple", 8, 8, 2, True, 1)


def result_of(candidate, **changes):
    values = {"status": Status.FINISHED, "reason": "its time was up", "metrics": {"likelihood": 0.5, "auc": None}}
    return Result(candidate.name, candidate.network, candidate.method, **{**values, **changes})


def test_what_was_saved_is_loaded(tmp_path, make_candidate, network):
    folder = tmp_path / "results" / "submodel"
    candidate = make_candidate(hyperparameters={"beta1": 0.5}, max_iterations=7)
    result = result_of(candidate, iterations=7, checks=2, checked_rows=20, seconds={"elapsed": 1.5})
    save(folder, network.model, candidate, result)
    assert names(folder) == [FIT_INFO_FILE, WEIGHTS_FILE]
    loaded = load_fit_info(folder)
    assert loaded == (candidate, result)
    assert isinstance(loaded[0], Candidate)
    assert loaded[1].status is Status.FINISHED


def test_saved_weights_are_those_of_the_model(tmp_path, make_candidate, network):
    candidate = make_candidate()
    save(tmp_path, network.model, candidate, result_of(candidate))
    other = build("simple", 8, 8, 2, True, 2)
    other.model.load_weights(tmp_path / WEIGHTS_FILE)
    for mine, theirs in zip(network.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_saving_again_replaces_both_files(tmp_path, make_candidate, network):
    candidate = make_candidate()
    save(tmp_path, network.model, candidate, result_of(candidate, checks=1))
    network.model.set_weights([np.full_like(weights, 0.25) for weights in network.model.get_weights()])
    save(tmp_path, network.model, candidate, result_of(candidate, checks=2))
    other = build("simple", 8, 8, 2, True, 2)
    other.model.load_weights(tmp_path / WEIGHTS_FILE)
    assert all((weights == 0.25).all() for weights in other.model.get_weights())
    assert load_fit_info(tmp_path)[1].checks == 2


class DiskIsFull:
    """A model whose weights are half written when the disk is full."""

    def save_weights(self, path):
        Path(path).write_bytes(b"half")
        raise OSError("No space left on device")


def test_weights_that_cannot_be_written_leave_the_old_ones(tmp_path, make_candidate, network):
    candidate = make_candidate()
    save(tmp_path, network.model, candidate, result_of(candidate, checks=1))
    before = (tmp_path / WEIGHTS_FILE).read_bytes()
    with pytest.raises(OSError, match="No space"):
        save(tmp_path, DiskIsFull(), candidate, result_of(candidate, checks=2))
    assert (tmp_path / WEIGHTS_FILE).read_bytes() == before
    assert load_fit_info(tmp_path)[1].checks == 1


def test_nothing_is_known_of_a_candidate_that_never_saved(tmp_path):
    assert load_fit_info(tmp_path) is None
    assert load_fit_info(tmp_path / "absent") is None


def test_a_name_that_is_no_unicode_is_written_as_an_escape(tmp_path):
    """As Python has a file's name that is not UTF-8."""
    write_json(tmp_path / "a.json", {"file": "caf\udce9.png"})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"file": "caf\udce9.png"}
