"""One network on a table: trained, measured, and read back from its folder."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pyramid.errors import NoModelError
from pyramid.networks.given_layers import output_layers
from pyramid.settings.metrics import METRICS
from pyramid.tf import tf
from pyramid.training.candidate import FIT_INFO_FILE, WEIGHTS_FILE, Status
from pyramid.training.metrics import measure
from pyramid.training.resamples import RESAMPLES, resampled
from pyramid.training.submodel import (
    EVALUATIONS_FILE,
    PREDICTIONS_FILE,
    Evaluation,
    Reference,
    finish,
    predict,
    read_evaluations,
    read_predictions,
    read_submodel,
    train,
)
from pyramid.training.table import build_network
from pyramid.training.table_data import TableData
from tests.training.tables import CANDIDATE, NUMERIC, table

PARAMETERS = {"seed": 3, "loss_function": "crossentropy"}


@pytest.fixture(autouse=True)
def forget():
    yield
    tf.keras.backend.clear_session()  # else Keras keeps every network, and each test is slower than the one before


def run(candidate, folder, data=None, tell=lambda progress: None):
    data = data or table(candidate.categorical)
    return data, *train(candidate, data, folder, tell)


def close(candidate, network, result, folder, data, searched=True, reference=True, evaluation=True):
    return finish(
        candidate,
        network,
        result,
        folder,
        PARAMETERS,
        {},
        Reference(data.inputs[:30], [1, 3]) if reference else None,
        Evaluation(data.inputs, data.targets, np.arange(len(data.inputs))) if evaluation else None,
        searched,
    )


@pytest.mark.parametrize("candidate", [CANDIDATE, NUMERIC], ids=["classes", "value"])
def test_what_was_written_is_read_back(candidate, tmp_path):
    data, network, result = run(candidate, tmp_path)
    submodel = close(candidate, network, result, tmp_path, data)
    read = read_submodel(tmp_path)
    assert read == submodel
    assert read.candidate == candidate
    assert read.result.status is Status.FINISHED
    assert read.result.iterations == candidate.max_iterations
    assert set(read.result.metrics) == set(METRICS[candidate.objective])
    assert read.configuration_parameters == PARAMETERS
    assert sum(read.importances) == pytest.approx(1)
    assert len(read.importances) == 2
    names = {FIT_INFO_FILE, WEIGHTS_FILE, EVALUATIONS_FILE, PREDICTIONS_FILE}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_the_weights_in_the_folder_are_those_of_the_best_check(tmp_path):
    data, network, _ = run(replace(CANDIDATE, max_iterations=100), tmp_path)
    again = build_network(replace(CANDIDATE, seed=99))
    again.model.load_weights(tmp_path / WEIGHTS_FILE)
    np.testing.assert_allclose(predict(again, data.inputs), predict(network, data.inputs), atol=1e-6)


def test_a_network_learns_what_can_be_learned(tmp_path):
    _, _, result = run(replace(CANDIDATE, max_iterations=400), tmp_path / "classes", table(rows=300))
    assert result.metrics["accuracy"] > 0.8
    _, _, result = run(replace(NUMERIC, max_iterations=400), tmp_path / "value", table(False, rows=300))
    assert result.metrics["r_squared"] > 0.9


def test_classes_are_evaluated_by_their_probabilities(tmp_path):
    data, network, result = run(CANDIDATE, tmp_path)
    submodel = close(CANDIDATE, network, result, tmp_path, data)
    predicted = network.served(data.inputs).numpy()
    names = METRICS["categorical"]
    assert submodel.evaluation_metrics == pytest.approx(measure(names, data.classes, predicted), rel=1e-6)
    evaluations = read_evaluations(tmp_path)
    assert len(evaluations) == RESAMPLES == 128
    for one, expected in zip(evaluations, resampled(names, data.classes, predicted), strict=True):
        assert one == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(read_predictions(tmp_path), predicted, atol=1e-6)


def test_values_are_evaluated_in_the_objectives_own_unit(tmp_path):
    """The standard deviation is 50, so squares are 2,500 times those of standardised values; the mean cancels."""
    data, network, result = run(NUMERIC, tmp_path)
    submodel = close(NUMERIC, network, result, tmp_path, data)
    standardised = network.served(data.inputs).numpy()[:, 0]
    plain = measure(METRICS["numeric"], data.targets, standardised)
    found = submodel.evaluation_metrics
    assert found["mean_squared_error"] == pytest.approx(2500 * plain["mean_squared_error"], rel=1e-4)
    assert found["mean_absolute_error"] == pytest.approx(50 * plain["mean_absolute_error"], rel=1e-4)
    assert found["r_squared"] == pytest.approx(plain["r_squared"], rel=1e-4)
    assert found["spearman"] == pytest.approx(plain["spearman"], abs=1e-3)
    np.testing.assert_allclose(read_predictions(tmp_path), 50 * standardised, rtol=1e-4, atol=1e-4)
    expected = resampled(METRICS["numeric"], 50 * data.targets, 50 * standardised)
    for one, other in zip(read_evaluations(tmp_path), expected, strict=True):
        assert one["mean_squared_error"] == pytest.approx(other["mean_squared_error"], rel=1e-4)


def test_the_holdout_is_measured_in_the_objectives_own_unit_too(tmp_path):
    data, network, result = run(NUMERIC, tmp_path)
    error = 50 * (network.served(data.inputs[data.holdout]).numpy()[:, 0] - data.targets[data.holdout])
    assert result.metrics["mean_squared_error"] == pytest.approx(-np.mean(error**2), rel=1e-3)


def test_only_a_search_keeps_resamples_and_predictions(tmp_path):
    data, network, result = run(CANDIDATE, tmp_path)
    submodel = close(CANDIDATE, network, result, tmp_path, data, searched=False)
    assert submodel.evaluation_metrics is not None
    assert read_evaluations(tmp_path) is None
    assert read_predictions(tmp_path) is None


def test_without_evaluation_and_reference_there_are_no_metrics_and_no_importances(tmp_path):
    data, network, result = run(CANDIDATE, tmp_path)
    close(CANDIDATE, network, result, tmp_path, data, reference=False, evaluation=False)
    read = read_submodel(tmp_path)
    assert (read.importances, read.evaluation_metrics) == ([], None)


def test_importances_find_the_columns_that_decide(tmp_path):
    data, network, result = run(replace(NUMERIC, max_iterations=300), tmp_path, table(False, rows=300))
    reference = Reference(data.inputs[:60], [1, 1, 1, 1])
    submodel = finish(NUMERIC, network, result, tmp_path, {}, {}, reference, None, False)
    assert submodel.importances[0] + submodel.importances[1] > 0.85


def test_a_training_that_diverges_at_once_has_no_model(tmp_path):
    candidate = replace(NUMERIC, learning_rate=1e30, descent_algorithm="sgd", max_iterations=1000)
    with pytest.raises(NoModelError, match="it diverged at iteration"):
        run(candidate, tmp_path)


def test_a_training_ends_with_its_time(tmp_path):
    told = []
    candidate = replace(CANDIDATE, max_iterations=None, max_training_time=3.0, patience=8192)
    _, _, result = run(candidate, tmp_path, tell=told.append)
    assert result.seconds["elapsed"] < 3.5
    assert result.reason == "its time was up"
    assert [one.iterations for one in told] == sorted(one.iterations for one in told)


def test_the_shortest_training_has_a_model(tmp_path):
    _, _, result = run(replace(CANDIDATE, max_iterations=None, max_training_time=1e-3), tmp_path)
    assert result.checks == 1
    assert 1 <= result.iterations < 200


def test_a_last_check_counts_where_the_iterations_are_over_before_the_first(tmp_path):
    _, _, result = run(replace(CANDIDATE, max_iterations=1), tmp_path)
    assert (result.iterations, result.checks) == (1, 1)
    assert result.metrics["likelihood"] > 0


def test_rows_beyond_one_batch_are_predicted_in_order():
    network = build_network(CANDIDATE)
    inputs = np.random.default_rng(0).normal(size=(9000, 4)).astype(np.float32)
    np.testing.assert_allclose(predict(network, inputs), network.served(inputs).numpy(), atol=1e-6)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3", "{}", '{"candidate": {}, "result": {}}'])
def test_another_folder_is_no_submodel(tmp_path, text):
    if text is not None:
        (tmp_path / FIT_INFO_FILE).write_text(text)
    assert read_submodel(tmp_path) is None


def test_the_folder_of_pictures_is_no_submodel_of_a_table(tmp_path):
    from tests.candidates import CANDIDATE as PICTURES

    data, network, result = run(CANDIDATE, tmp_path)
    close(CANDIDATE, network, result, tmp_path, data)
    info = json.loads((tmp_path / FIT_INFO_FILE).read_text())
    (tmp_path / FIT_INFO_FILE).write_text(json.dumps(info | {"candidate": PICTURES.to_dict()}))
    assert read_submodel(tmp_path) is None


def test_predictions_that_are_not_finite_have_no_metrics(tmp_path):
    """Finite on the holdout, but not on the evaluation set: as `resampled` has it, every metric is None."""
    data, network, result = run(NUMERIC, tmp_path)
    data.inputs[3] = 3e38
    # What it learned may lead away from any value that large.
    network.model.set_weights([np.ones_like(weights) for weights in network.model.get_weights()])
    submodel = close(NUMERIC, network, result, tmp_path, data, reference=False)
    assert set(submodel.evaluation_metrics.values()) == {None}


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("candidate", [CANDIDATE, NUMERIC], ids=["classes", "value"])
def test_a_table_of_a_row_or_two_has_a_model(candidate, rows, tmp_path):
    whole, all_rows = table(candidate.categorical), np.arange(rows)
    data = TableData(whole.inputs[:rows], whole.targets[:rows], whole.weights[:rows], all_rows, all_rows)
    _, network, result = run(candidate, tmp_path, data)
    submodel = close(candidate, network, result, tmp_path, data)
    assert set(submodel.evaluation_metrics) == set(METRICS[candidate.objective])
    assert np.isfinite(submodel.importances).all()


def test_a_constant_objective_has_a_model(tmp_path):
    data = table(False)
    data.targets[:] = 0
    _, network, result = run(NUMERIC, tmp_path, data)
    assert close(NUMERIC, network, result, tmp_path, data).evaluation_metrics["spearman"] is None


def test_an_objective_of_one_class_has_a_model(tmp_path):
    """`info_list` may give a single value."""
    data = table()
    data.targets = np.ones((len(data.inputs), 1), np.float32)
    run(replace(CANDIDATE, classes=["ant"], layers=output_layers(1, True)), tmp_path, data)
