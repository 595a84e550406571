"""`tracking_uri` is checked before anything is trained; nobody is asked whether it answers."""

import sys
from typing import Any

import pytest

from pyramid.settings.check_search import check_search
from pyramid.settings.load import check
from pyramid.settings.tracking import is_folder, tracking_problems

pytest.importorskip("mlflow", reason="the extra mlflow is not installed")

GOOD = ["runs", "./runs", "/a/b", "file:///a/b", "http://host:5000", "https://host", "sqlite:///runs.db"]


@pytest.mark.parametrize("uri", [*GOOD, "postgresql+psycopg2://host/db", "databricks"])
def test_what_mlflow_knows_is_good(uri: str) -> None:
    assert tracking_problems(uri) == []


@pytest.mark.parametrize(("uri", "scheme"), [("ftp://host/x", "ftp"), ("s3://bucket/runs", "s3")])
def test_what_it_does_not_know_is_told_with_what_it_does(uri: str, scheme: str) -> None:
    (problem,) = tracking_problems(uri)
    assert problem.startswith(f"tracking_uri: MLflow knows no {scheme}: URIs; use a folder, or one of http:, ")


@pytest.mark.parametrize("uri", GOOD)
def test_a_folder_is_told_from_an_address(uri: str) -> None:
    assert is_folder(uri) == (uri in GOOD[:4])


@pytest.mark.parametrize("read", [check, check_search])
def test_a_missing_package_is_a_problem_of_the_configuration(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    document = {"training_data": "t.csv", "output_directory": "out", "tracking_uri": "runs"}
    _, problems = read(document | ({"objective": "y"} if read is check_search else {}))
    way = "pip install 'bigml-pyramid[mlflow]', or leave the key out"
    assert problems == [f"tracking_uri: MLflow is not installed; {way}"]


def test_without_the_key_nothing_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert tracking_problems(None) == []
