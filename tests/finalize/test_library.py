"""The networks of a running search: added as they come, whole ones only, and each once."""

import os
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pyramid.data.tabular.names import EVALUATION
from pyramid.finalize import library as library_module
from pyramid.finalize.library import Library, Wish
from pyramid.settings.columns import NumericColumn, Table
from pyramid.training.candidate import FIT_INFO_FILE, Result, Status
from pyramid.training.storage import save, write_json
from pyramid.training.submodel import (
    EVALUATIONS_FILE,
    PREDICTIONS_FILE,
    Submodel,
    read_predictions,
    write_predictions,
)
from pyramid.training.table import build_network
from tests.training.tables import NUMERIC

TRUTH = np.linspace(-100, 100, 40).astype(np.float32)
TABLE = Table([NumericColumn(type="numeric", index=i, mean=0.0, stdev=50.0) for i in range(5)], False)
GREEDY = Wish("greedy", None, 10)

Leave = Callable[..., Path]


@pytest.fixture
def leave(tmp_path: Path) -> Leave:
    """Leave a network that predicts the truth and ``error``, as a trial does."""

    def make(name: str, error: float) -> Path:
        folder = tmp_path / f"submodel_{name}"
        folder.mkdir(exist_ok=True)
        candidate = replace(NUMERIC, name=name)
        worth = 1 - abs(error) / 100 if np.isfinite(error) else None
        result = Result(name, "deepnet", "", Status.FINISHED, metrics={"r_squared": worth})
        np.save(folder / PREDICTIONS_FILE, (TRUTH + error)[:, None])
        write_json(folder / EVALUATIONS_FILE, [{"r_squared": worth}] * 2)
        submodel = Submodel(candidate, result, [0.25] * 4, {"r_squared": 0.5}, {}, {})
        write_json(folder / FIT_INFO_FILE, submodel.to_dict())
        return folder

    return make


@pytest.fixture
def library(tmp_path: Path) -> Callable[..., Library]:
    """What a finalizer has of the folder."""
    (tmp_path / "arrays").mkdir()
    rows = np.zeros((len(TRUTH), 5), np.float32)
    rows[:, -1] = TRUTH / 50
    np.save(tmp_path / "arrays" / EVALUATION, rows)
    return lambda wish=GREEDY: Library(tmp_path, tmp_path / "arrays", TABLE, wish)


def test_without_networks_there_is_no_ensemble(library) -> None:
    assert library().told() == {"method": "greedy", "members": [], "scores": {}, "notes": []}


def test_a_library_that_is_made_anew_has_the_same_ensemble(library, leave: Leave) -> None:
    first = library()
    for name, error in (("00000", 20.0), ("00001", -20.0), ("00002", 300.0)):
        leave(name, error)
        assert first.add(name)
        assert not first.add(name)
    again = library()
    again.add_all()
    assert again.told() == first.told()
    assert set(first.told()["members"]) == {"00000", "00001"}
    assert first.told()["scores"]["greedy"]["mean_squared_error"] == pytest.approx(0, abs=1)


@pytest.mark.parametrize("missing", [FIT_INFO_FILE, PREDICTIONS_FILE])
def test_a_folder_that_is_not_whole_is_no_network(library, leave: Leave, missing: str) -> None:
    folder = leave("00000", 1.0)
    os.remove(folder / missing)
    made = library()
    assert not made.add("00000")
    made.add_all()
    assert not made.names
    leave("00000", 1.0)
    assert made.add("00000")


@pytest.mark.parametrize("bytes_left", [0, 5, 100, 200])
def test_predictions_that_are_half_written_are_none(library, leave: Leave, bytes_left: int) -> None:
    """A finalizer that comes back reads all folders: one that a killed trial has left must not end it."""
    leave("00000", 1.0)
    half = leave("00001", 2.0) / PREDICTIONS_FILE
    os.truncate(half, bytes_left)
    made = library()
    made.add_all()
    assert list(made.names) == ["00000"]


def test_predictions_are_replaced_as_a_whole(leave: Leave) -> None:
    folder = leave("00000", 1.0)
    before = (folder / PREDICTIONS_FILE).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # as on a disk that is full
    try:
        with pytest.raises(OSError, match="requested and"):
            write_predictions(folder, np.zeros((10_000, 1), np.float32))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (folder / PREDICTIONS_FILE).read_bytes() == before
    write_predictions(folder, np.ones((3, 1), np.float32))
    assert sorted(path.name for path in folder.iterdir()) == sorted([FIT_INFO_FILE, EVALUATIONS_FILE, PREDICTIONS_FILE])
    assert read_predictions(folder).tolist() == [[1], [1], [1]]


def test_weights_of_a_training_that_was_cut_off_are_no_network(library, leave: Leave) -> None:
    folder = leave("00000", 1.0)
    candidate = replace(NUMERIC, name="00000")
    save(folder, build_network(candidate).model, candidate, Result("00000", "deepnet", "", Status.FAILED))
    assert not library().add("00000")


def test_a_network_that_got_more_time_replaces_what_it_was(library, leave: Leave) -> None:
    made = library()
    leave("00000", 50.0)
    leave("00001", 20.0)
    made.add_all()
    assert made.told()["scores"]["greedy"]["mean_squared_error"] == pytest.approx(-400)
    os.utime(leave("00000", 0.0) / FIT_INFO_FILE, (1, 1))
    assert made.add("00000")
    assert made.told()["scores"]["greedy"]["mean_squared_error"] == pytest.approx(0, abs=1e-6)
    assert len(made.names) == 2


def test_of_many_networks_the_best_may_be_members(library, leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "POOL", 3)
    for i, error in enumerate((90.0, 10.0, 80.0, 20.0, 30.0)):
        leave(f"{i:05d}", error)
    made = library(Wish("rank", 1.0, None))
    made.add_all()
    assert len(made.names) == 5
    assert sorted(made.told()["members"]) == ["00001", "00003", "00004"]


def test_a_network_whose_predictions_are_not_finite_is_the_last_choice(library, leave: Leave) -> None:
    leave("00000", np.nan)
    made = library(Wish("rank", None, 5))
    made.add_all()
    assert made.told()["members"] == ["00000"]  # better than none
    assert made.told()["scores"]["rank"] == {"r_squared": None, "mean_squared_error": None}
    leave("00001", 90.0)
    made.add_all()
    assert made.told()["members"] == ["00001"]
    assert len(made.names) == 2
