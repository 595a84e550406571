"""The training of one candidate, on tiny pictures: what it learns, how it ends, and what it leaves on the disk."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from pyramid.networks.initial.read import read_initial
from pyramid.settings.metrics import METRICS
from pyramid.training.candidate import FIT_INFO_FILE, WEIGHTS_FILE, Candidate, Result, Status
from pyramid.training.metrics import measure
from pyramid.training.network import build_network
from pyramid.training.predicted import PREDICTED_FILE
from pyramid.training.storage import load_fit_info
from tests.networks.initial.models import write_model

PLENTY = 1_000_000.0


def numeric(make_candidate, **changes):
    values = {
        "objective": "numeric",
        "classes": [],
        "mean": 1000.0,
        "stdev": 50.0,
        "loss_function": "mean_squared_error",
        "selection_metric": "r_squared",
    }
    return make_candidate(**{**values, **changes})


def served(model, pictures):
    return model(pictures.astype(np.float32), training=False)[1].numpy()


def test_it_learns_two_obvious_classes_and_ends_exactly_with_max_iterations(make_candidate, dark_and_light, train):
    result = train(make_candidate(max_iterations=59), *dark_and_light)
    assert result.status is Status.FINISHED
    assert result.reason == "max_iterations (59) was reached"
    assert result.iterations == 59
    assert result.metrics["accuracy"] == 1.0
    assert result.metrics["likelihood"] > 0.9
    assert set(result.metrics) == set(METRICS["categorical"])


def test_it_learns_values_and_answers_in_their_unit(make_candidate, brightness_as_value, train):
    """Values around 1000 with a standard deviation of 50: half a deviation off would be 25."""
    result = train(numeric(make_candidate, max_iterations=200), *brightness_as_value)
    assert result.status is Status.FINISHED
    assert set(result.metrics) == set(METRICS["numeric"])
    assert result.metrics["r_squared"] > 0.9
    assert -15 < result.metrics["mean_absolute_error"] < 0
    assert result.metrics["mean_squared_error"] == pytest.approx(-2500 * (1 - result.metrics["r_squared"]), rel=0.2)


@pytest.mark.parametrize("loss", ["huber", "mean_percentage_error"])
def test_it_learns_values_with_the_other_losses(make_candidate, brightness_as_value, train, loss):
    result = train(numeric(make_candidate, max_iterations=200, loss_function=loss), *brightness_as_value)
    assert result.metrics["r_squared"] > 0.7


def same_picture(count):
    """Pictures that nothing can tell apart: what is learned of them is how often a class comes."""
    return np.tile(np.random.default_rng(2).integers(0, 256, (1, 8, 8, 3)).astype(np.uint8), (count, 1, 1, 1))


def learned(training, steps=150):
    """The probabilities of `same_picture` after so many steps, whatever the checks would say of them."""
    training._learner.run(steps)
    return served(training._learner.model, same_picture(1))[0]


def test_a_heavier_example_outweighs_a_lighter_one(make_candidate, make_dataset, start):
    """One picture with both labels, 1 to 3: the probabilities are a quarter and three quarters."""
    training = start(make_candidate(), same_picture(2), make_dataset([0, 1], weights=[1, 3]))
    assert learned(training) == pytest.approx([0.25, 0.75], abs=0.05)


@pytest.mark.parametrize(("balance", "share"), [(False, 0.9), (True, 0.5)])
def test_balance_objective_draws_the_classes_equally_often(make_candidate, make_dataset, start, balance, share):
    """One picture, nine times of class 0 and once of class 1."""
    candidate = make_candidate(balance_objective=balance, batch_size=10)
    training = start(candidate, same_picture(10), make_dataset([0] * 9 + [1]))
    assert learned(training)[0] == pytest.approx(share, abs=0.05)


def test_an_example_without_weight_has_no_influence(make_candidate, make_dataset, start):
    """Whatever picture and label the last row has, the network is the same to the bit."""
    rng = np.random.default_rng(5)
    pictures = rng.integers(0, 256, (7, 8, 8, 3)).astype(np.uint8)
    weights = []
    for label, brightness in ((0, 0), (1, 255)):
        pictures[6] = brightness
        dataset = make_dataset([0, 1, 0, 1, 0, 1, label], weights=[1, 1, 1, 1, 1, 1, 0], holdout=range(6))
        candidate = make_candidate(name=f"label_{label}", max_iterations=8, batch_size=6)
        training = start(candidate, pictures, dataset)
        training._learner.run(6)
        weights.append(training._learner.model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_label_smoothing_keeps_the_network_from_certainty(make_candidate, dark_and_light, start):
    """With 0.5 and two classes it aims at three quarters."""
    training = start(make_candidate(label_smoothing_factor=0.5), *dark_and_light)
    training._learner.run(150)
    certainty = served(training._learner.model, dark_and_light[0]).max(axis=1)
    assert certainty.mean() == pytest.approx(0.75, abs=0.08)


def test_one_iteration_is_enough_for_a_result(make_candidate, dark_and_light, train):
    result = train(make_candidate(max_iterations=1), *dark_and_light)
    assert (result.status, result.iterations, result.checks) == (Status.FINISHED, 1, 1)
    assert result.metrics["likelihood"] is not None


def test_it_ends_when_no_seconds_are_left(make_candidate, dark_and_light, train):
    """What it has by then is measured and kept."""
    result = train(make_candidate(), *dark_and_light, seconds_left=0.0)
    assert result.reason == "its time was up"
    assert result.status is Status.FINISHED
    assert result.metrics["accuracy"] is not None


def test_it_ends_when_patience_is_used_up_in_every_phase(make_candidate, dark_and_light, train):
    """Once the accuracy is 1 nothing can improve."""
    result = train(make_candidate(patience=2, selection_metric="accuracy"), *dark_and_light)
    assert "2 checks in a row brought nothing" in result.reason
    assert result.status is Status.FINISHED
    assert result.metrics["accuracy"] == 1.0
    assert result.checks >= 1 + 3 * 2


def test_patience_does_not_end_the_warm_up(make_candidate, dark_and_light, train):
    candidate = make_candidate(
        patience=1, selection_metric="accuracy", learning_rate_warmup_iterations=10_000, max_iterations=150
    )
    result = train(candidate, *dark_and_light)
    assert result.reason == "max_iterations (150) was reached"
    assert result.checks > 4


def test_what_diverges_before_its_first_check_has_failed(make_candidate, dark_and_light, train, tmp_path):
    candidate = make_candidate(descent_algorithm="sgd", learning_rate=1e38)
    result = train(candidate, *dark_and_light)
    assert result.status is Status.FAILED
    assert "diverged at iteration" in result.reason
    assert "before its first check" in result.reason
    assert result.metrics == {}
    assert not (tmp_path / candidate.folder).exists()


@pytest.mark.parametrize(("max_iterations", "seconds_left"), [(1, PLENTY), (None, 0.0)])
def test_what_only_its_last_check_finds_diverged_says_so(
    make_candidate, dark_and_light, train, max_iterations, seconds_left
):
    """The first step ruins the weights, and no second one is taken that would see it in its loss."""
    candidate = make_candidate(descent_algorithm="sgd", learning_rate=1e38, max_iterations=max_iterations)
    result = train(candidate, *dark_and_light, seconds_left)
    assert result.status is Status.FAILED
    assert "diverged" in result.reason


def test_what_diverges_later_keeps_its_best_weights(make_candidate, dark_and_light, start, saved_network):
    pictures, dataset = dark_and_light
    candidate = make_candidate(descent_algorithm="sgd", learning_rate=0.01)
    training = start(candidate, pictures, dataset)
    while training.advance(PLENTY).checks < 3:
        pass
    training._learner._rate.rate.assign(1e38)
    while (progress := training.advance(PLENTY)).result is None:
        pass
    result = progress.result
    assert result.status is Status.FINISHED
    assert "diverged at iteration" in result.reason
    predicted = served(saved_network(candidate), pictures[dataset.holdout])
    assert np.isfinite(predicted).all()
    assert measure(["likelihood"], dataset.targets[dataset.holdout], predicted)["likelihood"] == pytest.approx(
        result.metrics["likelihood"], rel=1e-4
    )


@pytest.mark.parametrize(
    ("objective", "metric", "holdout"), [("categorical", "auc", [0, 2, 4]), ("numeric", "r_squared", [1])]
)
def test_a_metric_that_the_holdout_does_not_define_is_no_divergence(
    make_candidate, dark_and_light, brightness_as_value, train, objective, metric, holdout
):
    """A holdout of one class has no auc, one of one row no r²: the predictions are fine, and the reason must not
    send anybody to look for infinite ones.
    """
    pictures, dataset = dark_and_light if objective == "categorical" else brightness_as_value
    dataset.holdout = np.array(holdout)
    make = make_candidate if objective == "categorical" else lambda **changes: numeric(make_candidate, **changes)
    result = train(make(selection_metric=metric, max_iterations=20), pictures, dataset)
    assert "diverged" not in result.reason
    assert "not finite" not in result.reason


def spoil(training):
    """Make the network predict the same for all pictures, and badly."""
    model = training._learner.model
    weights = [np.zeros_like(values) for values in model.get_weights()]
    weights[-1] = np.array([6.0, -6.0], np.float32)
    model.set_weights(weights)


@pytest.fixture
def trained(make_candidate, dark_and_light, start):
    """A training that has learned its classes."""
    candidate = make_candidate()
    training = start(candidate, *dark_and_light)
    while training._best is None or training._best.measured.metrics["accuracy"] < 1.0:
        training.advance(PLENTY)
    return training


def test_a_step_down_goes_on_from_the_best_weights_at_a_quarter_of_the_rate(trained):
    trained._schedule._patience = 1
    spoil(trained)
    trained._check()
    assert float(trained._learner._rate.rate) == pytest.approx(0.001 / 4)
    for best, now in zip(trained._best.weights, trained._learner.model.get_weights(), strict=True):
        np.testing.assert_array_equal(best, now)


def test_a_bad_end_is_not_what_is_kept(trained, saved_network, dark_and_light):
    pictures, dataset = dark_and_light
    best = trained._best.value
    trained._schedule._place = 2  # no step down will restore the weights
    spoil(trained)
    trained._learner.iterations += 1  # as steps that spoil would have counted
    result = trained.advance(0.0).result
    assert result.metrics["likelihood"] == pytest.approx(best)
    predicted = served(saved_network(trained._fit), pictures[dataset.holdout])
    assert measure(["accuracy"], dataset.targets[dataset.holdout], predicted)["accuracy"] == 1.0


@pytest.mark.parametrize("objective", ["categorical", "numeric"])
def test_the_weights_on_the_disk_give_the_metrics_that_are_reported(
    make_candidate, dark_and_light, brightness_as_value, train, saved_network, objective
):
    if objective == "categorical":
        candidate, (pictures, dataset) = make_candidate(max_iterations=45), dark_and_light
    else:
        candidate, (pictures, dataset) = numeric(make_candidate, max_iterations=45), brightness_as_value
    result = train(candidate, pictures, dataset)
    predicted = served(saved_network(candidate), pictures[dataset.holdout])
    if objective == "numeric":
        predicted = predicted[:, 0] * 50.0 + 1000.0
    metrics = measure(METRICS[objective], dataset.targets[dataset.holdout], predicted)
    assert result.metrics == pytest.approx(metrics, rel=1e-3)


def test_the_first_check_that_improves_is_on_the_disk_at_once(make_candidate, dark_and_light, start, tmp_path):
    """Killed from here on, the candidate still has a model."""
    candidate = make_candidate()
    training = start(candidate, *dark_and_light)
    while (progress := training.advance(PLENTY)).checks == 0:
        pass
    saved = load_fit_info(tmp_path / candidate.folder)
    assert progress.result is None
    assert saved[0] == candidate
    assert saved[1].status is Status.FAILED
    assert saved[1].metrics["likelihood"] is not None


def test_the_fit_info_is_complete(make_candidate, dark_and_light, train, tmp_path):
    candidate = make_candidate(max_iterations=20)
    result = train(candidate, *dark_and_light)
    folder = tmp_path / candidate.folder
    assert sorted(path.name for path in folder.iterdir()) == [PREDICTED_FILE, FIT_INFO_FILE, WEIGHTS_FILE]
    info = json.loads((folder / FIT_INFO_FILE).read_text())
    assert set(info) == {"candidate", "result"}
    assert set(info["candidate"]) == {field.name for field in fields(Candidate)}
    assert set(info["result"]) == {field.name for field in fields(Result)}
    assert load_fit_info(folder) == (candidate, result)
    assert info["result"]["status"] == "finished"
    assert info["result"]["iterations"] == 20
    assert info["result"]["checked_rows"] == 20
    assert info["result"]["images_per_second"] > 0
    assert {"tracing", "training", "checking", "elapsed"} <= set(info["result"]["seconds"])


def test_every_word_tells_how_far_it_is(make_candidate, dark_and_light, start):
    candidate = make_candidate(max_iterations=10_000)
    training = start(candidate, *dark_and_light)
    words = [training.advance(PLENTY) for _ in range(3)]
    assert [word.iterations for word in words] == sorted({word.iterations for word in words})
    assert words[0].iterations > 1
    for word in words:
        assert word.result is None
        assert 0 < word.tracing_seconds <= word.elapsed
        assert 0 < word.seconds_left <= PLENTY
        assert word.images_per_second > 0
    assert 0 < words[-1].value <= 1


def test_the_same_seed_gives_the_same_losses(make_candidate, dark_and_light, start):
    """Weights and batches follow from the seed alone."""
    losses = {}
    for name, seed in (("first", 4), ("again", 4), ("other", 5)):
        training = start(make_candidate(seed=seed), *dark_and_light)
        losses[name] = [training._learner.run(1) for _ in range(4)]
    assert losses["again"] == pytest.approx(losses["first"], rel=1e-5)
    assert losses["other"] != pytest.approx(losses["first"], rel=1e-2)


def test_pictures_that_cannot_be_written_to_are_fine(make_candidate, dark_and_light, train, tmp_path):
    """Shared memory and memory-mapped files are read-only."""
    pictures, dataset = dark_and_light
    path = tmp_path / "pictures"
    pictures.tofile(path)
    mapped = np.memmap(path, np.uint8, "r", shape=pictures.shape)
    assert train(make_candidate(max_iterations=3), mapped, dataset).iterations == 3


def body_of(training):
    return [array for layer in training._learner._network.body for array in layer.get_weights()]


def rate_of(training):
    return float(training._learner._rate.rate)


@pytest.fixture
def more(dark_and_light, make_dataset):
    """The same pictures eight times: a holdout of 160 rows is checked in several batches."""
    pictures, dataset = dark_and_light
    rows = np.arange(480)
    held = rows % 60 >= 40
    return np.tile(pictures, (8, 1, 1, 1)), make_dataset(
        np.tile(dataset.targets, 8), training=rows[~held], holdout=rows[held]
    )


def test_fine_tune_is_freed_when_a_part_of_its_time_is_over(make_candidate, dark_and_light, start, published, time):
    """After 30 % at an eighth of the rate, after 80 % at a sixty-fourth."""
    time.step = 0.2
    candidate = make_candidate(method="fine_tune")
    weights = [array for layer in published(candidate) for array in layer]
    began = time.now
    training = start(candidate, *dark_and_light, start=published(candidate))
    rates = {}
    while (progress := training.advance(began + 20.0 - time.now)).result is None:
        share = (time.now - began) / 20.0
        rates[share] = rate_of(training) / 0.001
        if rates[share] == pytest.approx(1.0):
            assert all(map(np.array_equal, weights, body_of(training)))
    assert progress.result.status is Status.FINISHED
    assert not any(map(np.array_equal, weights, body_of(training)))
    for begin, end, factor in ((0.0, 0.3, 1.0), (0.4, 0.8, 1 / 8), (0.9, 1.0, 1 / 64)):
        within = [rate for share, rate in rates.items() if begin < share < end]
        assert within == pytest.approx([factor] * len(within), rel=1e-4)
        assert within


def test_fine_tune_is_freed_when_patience_is_used_up(make_candidate, dark_and_light, start, published):
    """Whatever time is left; it goes on from the best weights, and with the iterations that it has."""
    training = start(make_candidate(method="fine_tune", patience=1), *dark_and_light, start=published(make_candidate()))
    training._check()
    best, iterations = training._learner.model.get_weights(), training._learner.iterations
    for factor in (1 / 8, 1 / 64):
        spoil(training)
        training._check()
        assert not training._learner.frozen
        assert rate_of(training) == pytest.approx(0.001 * factor)
        assert all(map(np.array_equal, best, training._learner.model.get_weights()))
    assert training._learner.iterations == iterations
    spoil(training)
    training._check()
    assert training._reason == "1 checks in a row brought nothing at the lowest learning rate"


def test_patience_does_not_end_the_second_warm_up(make_candidate, dark_and_light, start, published):
    """The rate begins again at nearly nothing when the layers are freed: then nothing can improve."""
    candidate = make_candidate(method="fine_tune", patience=1, learning_rate_warmup_iterations=10)
    training = start(candidate, *dark_and_light, start=published(candidate))
    training._learner.run(10)
    training._check()
    spoil(training)
    training._check()
    assert not training._learner.frozen
    training._learner.run(1)
    spoil(training)
    training._check()
    assert rate_of(training) == pytest.approx(0.001 / 8)


def test_the_first_free_check_is_expected_to_take_what_pictures_take(make_candidate, more, start, published, time):
    """Checks of kept features took nothing: they tell nothing of those to come."""
    time.row, time.feature, time.kept = 0.05, 0.05, 0.001
    candidate = make_candidate(method="fine_tune", patience=2, max_seconds_per_update=1000.0)
    training = start(candidate, *more, start=published(candidate))
    training._check()
    training._check()  # the features are known by now
    assert training._holdout.seconds == pytest.approx(160 * 0.05 * 0.001)
    training._check()
    assert not training._learner.frozen
    assert training._holdout.seconds == pytest.approx(160 * 0.05, rel=0.01)
    assert training._step_seconds == pytest.approx(3 * 8 * 0.05, rel=0.01)


@pytest.mark.parametrize("holdout", ["large", "small"])
def test_it_ends_in_time_when_free_steps_take_much_longer(make_candidate, more, start, published, time, holdout):
    """A frozen step on kept features takes a hundredth of a free one; an epoch of free ones takes 60 seconds."""
    time.step, time.row, time.feature, time.kept = 0.3, 0.0125, 0.0125, 0.01
    pictures, dataset = more
    dataset.training = np.resize(dataset.training, 1600)
    if holdout == "small":
        dataset.holdout = dataset.holdout[:60]
    candidate = make_candidate(method="fine_tune", selection_metric="accuracy", patience=2)
    began = time.now
    training = start(candidate, pictures, dataset, start=published(candidate))
    while training.advance(began + 40.0 - time.now).result is None:
        pass
    assert not training._learner.frozen
    assert time.now - began <= 40.0


@pytest.fixture
def initial(make_candidate, tmp_path):
    """A candidate that starts from a model that knows nothing, and the weights of that; from its document."""

    def make(**changes):
        path = write_model(tmp_path / "model.json", make_candidate(), build_network(make_candidate(seed=77)))
        model = read_initial("initial_model", str(path))
        assert model.classes == ["dark", "light"]
        candidate = make_candidate(method="initial_model", structure=model.structure, initial_model=str(path))
        return replace(candidate, **changes), model.weights

    return make


def test_what_an_initial_model_can_is_known_before_the_first_step(initial, dark_and_light, start, tmp_path):
    """It is a check like any other: killed from here on, the candidate has a model."""
    candidate, weights = initial()
    pictures, dataset = dark_and_light
    training = start(candidate, pictures, dataset, start=weights)
    assert training.progress().checks == 1
    model = build_network(candidate).model
    model.set_weights([array for layer in weights for array in layer])
    expected = measure(["likelihood"], dataset.targets[dataset.holdout], served(model, pictures[dataset.holdout]))
    assert training.progress().value == pytest.approx(expected["likelihood"], rel=1e-4)
    assert load_fit_info(tmp_path / candidate.folder)[1].metrics["likelihood"] == training.progress().value


def test_an_initial_model_learns_on_and_tells_what_it_could_at_its_start(initial, dark_and_light, train):
    candidate, weights = initial(learning_rate=0.01, max_iterations=60)
    result = train(candidate, *dark_and_light, start=weights)
    assert result.status is Status.FINISHED
    assert set(result.at_start) >= {"likelihood", "accuracy"}
    assert result.metrics["likelihood"] > 0.9 > result.at_start["likelihood"]


@pytest.mark.parametrize(("rate", "reason"), [(1e38, "it diverged at iteration"), (30.0, "")])
def test_an_initial_model_is_kept_when_learning_only_spoils_it(
    initial, dark_and_light, train, saved_network, rate, reason
):
    candidate, weights = initial(descent_algorithm="sgd", learning_rate=rate, max_iterations=12)
    result = train(candidate, *dark_and_light, start=weights)
    assert result.status is Status.FINISHED
    assert result.reason.startswith(reason)
    assert {name: result.metrics[name] for name in result.at_start} == result.at_start
    saved = saved_network(candidate).get_weights()
    assert all(map(np.array_equal, [array for layer in weights for array in layer], saved))


@pytest.mark.parametrize("method", ["use_pretrained", "fine_tune"])
def test_values_are_learned_on_frozen_layers(make_candidate, brightness_as_value, train, published, method):
    candidate = numeric(make_candidate, method=method, max_iterations=200, learning_rate=0.01)
    result = train(candidate, *brightness_as_value, start=published(candidate))
    assert result.metrics["r_squared"] > 0.7
