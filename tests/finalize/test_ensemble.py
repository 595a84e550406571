"""Trained submodels: which form the ensemble, and the document of it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pyramid.finalize.ensemble import Attempt, choose, ensemble_document, read_attempts
from pyramid.search.ensembles import relative_values
from pyramid.settings.columns import CategoricalColumn, NumericColumn, Table
from pyramid.tf import tf
from pyramid.training.candidate import WEIGHTS_FILE, Result, Status
from pyramid.training.storage import write_document, write_json
from pyramid.training.submodel import EVALUATIONS_FILE, FIT_INFO_FILE, PREDICTIONS_FILE, Submodel
from pyramid.training.table import build_network
from tests.training.tables import CANDIDATE, NUMERIC

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.wrappers import create_model  # isort: skip

TRUTH = np.arange(12).astype(np.float32) % 3


@pytest.fixture(autouse=True)
def forget():
    yield
    tf.keras.backend.clear_session()  # else Keras keeps every network, and each test is slower than the one before


def attempt(name, folder=None, likelihood=0.5, evaluations=None, predicted=None, candidate=CANDIDATE, **submodel):
    """A submodel whose evaluations are ``evaluations``, two resamples of one metric each."""
    metrics = {candidate.selection_metric: likelihood, "accuracy": 0.5}
    result = Result(name, "deepnet", "randomly_initialize", Status.FINISHED, metrics=metrics, iterations=10)
    result.seconds = {"elapsed": 2.0}
    plain = {"importances": [0.5, 0.25, 0.15, 0.1], "evaluation_metrics": {"accuracy": 0.4}}
    plain |= {"configuration_parameters": {"seed": len(name)}, "trained_on": {}}
    made = Submodel(candidate=replace(candidate, name=name), result=result, **plain | submodel)
    resamples = None if evaluations is None else [{"accuracy": value} for value in evaluations]
    return Attempt(folder, made, resamples, predicted)


def certain(*right):
    """Probabilities that give the rows ``right`` to their true class, and the others to none in particular."""
    made = np.full((12, 3), 1 / 3, np.float32)
    for row in right:
        made[row] = 0.05
        made[row, int(TRUTH[row])] = 0.9
    return made


def test_without_evaluations_the_best_by_its_holdout_is_the_only_member():
    choice = choose([attempt("a", likelihood=0.3), attempt("b", likelihood=0.6), attempt("c")], "greedy", 1.0, TRUTH)
    assert (choice.method, choice.members, choice.values) == ("rank", [1], [None] * 3)


def test_a_submodel_without_the_metric_is_not_the_best():
    assert choose([attempt("a", likelihood=None), attempt("b", likelihood=-3.0)], "rank", 0.1, None).members == [1]


def test_where_no_submodel_has_the_metric_there_is_still_one_member():
    assert choose([attempt("a", likelihood=None), attempt("b", likelihood=None)], "rank", 0.1, None).members == [0]


FOUR = [(0.1, 0.2), (0.8, 0.9), (0.5, 0.6), (0.95, 0.0)]


@pytest.mark.parametrize(("fraction", "members"), [(0.0, [1]), (0.25, [1]), (0.5, [1, 2]), (1.0, [1, 2, 0, 3])])
def test_rank_takes_the_best_share_by_their_worst_resample(fraction, members):
    choice = choose([attempt(str(i), evaluations=one) for i, one in enumerate(FOUR)], "rank", fraction, None)
    assert (choice.method, choice.members, choice.notes) == ("rank", members, [])
    assert choice.values == relative_values([[{"accuracy": value} for value in one] for one in FOUR])


def test_submodels_that_were_not_searched_are_no_members():
    attempts = [attempt("x", likelihood=0.99), *(attempt(str(i), evaluations=one) for i, one in enumerate(FOUR))]
    choice = choose(attempts, "rank", 1.0, None)
    assert sorted(choice.members) == [1, 2, 3, 4]
    assert choice.values[0] is None
    assert None not in choice.values[1:]


def searched(*predicted, **more):
    """The first is the best by rank."""
    return [
        attempt(str(i), evaluations=(1 - i / 10, 1 - i / 10), predicted=one, **more) for i, one in enumerate(predicted)
    ]


def test_greedy_takes_submodels_that_complete_each_other():
    attempts = searched(certain(*range(6)), certain(*range(5)), certain(*range(6, 12)))
    choice = choose(attempts, "greedy", 0.3, TRUTH)
    assert (choice.method, sorted(set(choice.members)), choice.notes) == ("greedy", [0, 2], [])
    assert choice.scores["greedy"]["likelihood"] > choice.scores["rank"]["likelihood"]
    mean = np.mean([certain(*range(6)) if i == 0 else certain(*range(6, 12)) for i in choice.members], axis=0)
    expected = np.exp(np.mean(np.log(mean[np.arange(12), TRUTH.astype(int)])))
    assert choice.scores["greedy"]["likelihood"] == pytest.approx(expected, rel=1e-5)


def test_rank_is_the_choice_where_it_is_asked_for_and_greedy_is_told():
    attempts = searched(certain(*range(6)), certain(*range(5)), certain(*range(6, 12)))
    choice = choose(attempts, "rank", 0.3, TRUTH)
    assert (choice.method, choice.members) == ("rank", [0])
    assert set(choice.scores) == {"rank", "greedy"}


def test_greedy_places_are_those_of_all_attempts():
    """Not of those alone that were searched."""
    attempts = [attempt("x"), *searched(certain(), certain(*range(12)))]
    assert set(choose(attempts, "greedy", 0.5, TRUTH).members) == {2}


def test_greedy_works_on_values():
    truth = np.linspace(-2, 2, 12).astype(np.float32)
    attempts = searched(truth + 1, truth + 3, truth - 1, candidate=NUMERIC)
    choice = choose(attempts, "greedy", 0.3, truth)
    assert sorted(choice.members) == [0, 2]
    assert choice.scores["greedy"]["mean_squared_error"] == pytest.approx(0, abs=1e-9)
    assert choice.scores["rank"]["mean_squared_error"] == pytest.approx(-1)


@pytest.mark.parametrize("broken", [None, np.ones((5, 3), np.float32)], ids=["missing", "of other rows"])
def test_greedy_falls_back_to_rank_where_predictions_are_missing(broken):
    attempts = searched(certain(1), certain(2), broken)
    choice = choose(attempts, "greedy", 0.3, TRUTH)
    assert (choice.method, choice.members) == ("rank", [0])
    assert choice.notes == ["greedy needs predictions of every submodel: those of 2 are missing, so rank was used"]
    assert choice.scores["rank"]["likelihood"] == pytest.approx(np.exp(np.log([0.9] + [1 / 3] * 11).mean()), rel=1e-4)


def test_the_score_of_members_without_predictions_cannot_be_known():
    assert choose(searched(None, certain(2)), "rank", 0.3, TRUTH).scores == {"rank": None}


def test_greedy_falls_back_to_rank_without_an_evaluation_set():
    choice = choose(searched(certain(1), certain(2)), "greedy", 0.3, None)
    assert (choice.method, choice.scores) == ("rank", {"rank": None})
    assert "the evaluation set" in choice.notes[0]


def test_a_submodel_whose_predictions_are_not_finite_is_no_member_of_greedy():
    choice = choose(searched(certain(*range(12)) * np.nan, certain(1)), "greedy", 0.3, TRUTH)
    assert set(choice.members) == {1}


INPUTS = [
    NumericColumn(type="numeric", index=0, name="length", mean=5.0, stdev=2.0),
    NumericColumn(type="numeric", index=1, zero_value=10.0, one_value=14.0),
    CategoricalColumn(type="categorical", index=2, values=["x", "y"]),
]
CLASSES = CategoricalColumn(type="categorical", index=3, values=["ant", "bee", "cat"])
VALUE = NumericColumn(type="numeric", index=3, mean=1000.0, stdev=50.0)
WEIGHT = NumericColumn(type="numeric", index=9, mean=0.0, stdev=1.0)


@pytest.fixture
def trained(tmp_path):
    """A submodel in a folder, with weights that its seed does not give, and its network."""

    def make(name, candidate=CANDIDATE, **more):
        folder = tmp_path / f"submodel_{name}"
        folder.mkdir()
        network = build_network(replace(candidate, seed=500 + len(list(tmp_path.iterdir()))))
        network.model.save_weights(folder / WEIGHTS_FILE)
        made = attempt(name, folder, candidate=candidate, **more)
        write_json(folder / FIT_INFO_FILE, made.submodel.to_dict())
        return made, network

    return make


def document(attempts, members, objective=CLASSES, weighted=False, trees=None):
    choice = choose(attempts, "rank", 1.0, None)
    choice.members = members
    columns = [*INPUTS, *([WEIGHT] if weighted else []), objective]
    return ensemble_document(attempts, choice, Table(columns, weighted), trees, None, None)


POINTS = [[5.0, 10.0, "x"], [7.0, 12.0, "y"], [1.0, 16.0, "y"], [4.0, 9.0, "neither"]]
FEATURES = np.array([[0, 0, 1, 0], [1, 0.5, 0, 1], [-2, 1.5, 0, 1], [-0.5, -0.25, 0, 0]], np.float32)


@pytest.mark.parametrize("candidate", [CANDIDATE, NUMERIC], ids=["classes", "value"])
def test_sensenet_predicts_the_mean_of_the_members_a_repeated_one_twice(trained, candidate, tmp_path):
    (a, first), (b, second), (c, _) = (trained(name, candidate) for name in "abc")
    objective = CLASSES if candidate.categorical else VALUE
    write_document(tmp_path / "model.json", document([a, b, c], [1, 0, 1], objective))
    predicted = create_model(str(tmp_path / "model.json"))(POINTS)
    mean = (first.served(FEATURES).numpy() + 2 * second.served(FEATURES).numpy()) / 3
    expected = mean if candidate.categorical else 1000 + 50 * mean
    np.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-5)


def test_the_document_has_the_means_of_its_members_a_repeated_one_twice(trained):
    a, _ = trained("a", likelihood=0.3, importances=[0.3, 0.3, 0.4])
    b, _ = trained("b", likelihood=0.6, importances=[0.6, 0.3, 0.1])
    made = document([a, b], [0, 1, 1])
    assert made["importances"] == pytest.approx([0.5, 0.3, 0.2])
    assert made["validation_metrics"] == pytest.approx({"likelihood": 0.5, "accuracy": 0.5})
    assert (made["iterations"], made["elapsed_time"]) == (20, 4.0)


def test_means_are_over_what_is_known(trained):
    a, _ = trained("a", likelihood=None, importances=[])
    b, _ = trained("b", likelihood=0.6, importances=[0.6, 0.3, 0.1])
    made = document([a, b], [0, 1])
    assert made["importances"] == [0.6, 0.3, 0.1]
    assert made["validation_metrics"] == {"likelihood": 0.6, "accuracy": 0.5}
    made = document([a], [0])
    assert made["importances"] is None
    assert made["validation_metrics"] == {"likelihood": None, "accuracy": 0.5}


def test_every_attempt_is_told_members_or_not(trained):
    a, _ = trained("a", evaluations=(0.1, 0.2))
    b, _ = trained("bb", evaluations=(0.6, 0.7))
    made = document([a, b], [1])
    assert [one["job_id"] for one in made["candidates"]] == ["a", "bb"]
    for one, value in zip(made["candidates"], [0.25, 0.75], strict=True):
        assert one["relative_value"] == value
        assert set(one) >= {"evaluation_metrics", "iterations", "elapsed_time", "configuration_parameters"}
    assert made["candidates"][1]["configuration_parameters"] == {"seed": 2}


@pytest.mark.parametrize("weighted", [True, False])
def test_the_document_says_what_the_columns_are(trained, weighted):
    made = document([trained("a")[0]], [0], weighted=weighted)
    assert set(made) == {
        *("networks", "preprocess", "output_exposition", "optypes", "class_index", "weight_index", "trees"),
        *("image_network", "importances", "validation_metrics", "candidates", "iterations", "elapsed_time"),
    }
    assert made["preprocess"] == [
        {"type": "numeric", "index": 0, "mean": 5.0, "stdev": 2.0},
        {"type": "numeric", "index": 1, "zero_value": 10.0, "one_value": 14.0, "mean": 10.0, "stdev": 4.0},
        {"type": "categorical", "index": 2, "values": ["x", "y"]},
    ]
    assert made["output_exposition"] == {"type": "categorical", "values": ["ant", "bee", "cat"]}
    weight = ["numeric"] if weighted else []
    assert made["optypes"] == ["numeric", "numeric", "categorical", *weight, "categorical"]
    assert (made["class_index"], made["weight_index"]) == ((4, 3) if weighted else (3, None))


def test_trees_are_there_only_if_a_member_uses_them(trained):
    trees = [[[0, 3], ["made up"]]]
    plain, _ = trained("a")
    with_trees, _ = trained("b", candidate=replace(CANDIDATE, trees=True))
    mixed = document([plain, with_trees], [0, 1], trees=trees)
    assert mixed["trees"] == trees
    assert [network["trees"] for network in mixed["networks"]] == [False, True]
    assert document([plain, with_trees], [0], trees=trees)["trees"] is None


def test_attempts_are_read_in_the_order_of_their_names(trained, tmp_path):
    for name in ("c", "a", "b"):
        trained(name)
    write_json(tmp_path / "submodel_b" / EVALUATIONS_FILE, [{"accuracy": 0.5}])
    np.save(tmp_path / "submodel_b" / PREDICTIONS_FILE, certain(1))
    (tmp_path / "submodel_d").mkdir()  # a job that broke, or pictures
    (tmp_path / "submodel_e").write_text("no folder")
    (tmp_path / "unfinished_f").mkdir()
    a, b, c = read_attempts(tmp_path)
    assert [one.submodel.candidate.name for one in (a, b, c)] == ["a", "b", "c"]
    assert b.evaluations == [{"accuracy": 0.5}]
    np.testing.assert_array_equal(b.predicted, certain(1))
    assert (a.evaluations, c.predicted) == (None, None)
    assert json.loads((a.folder / FIT_INFO_FILE).read_text())["candidate"]["name"] == "a"
