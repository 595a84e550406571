"""Every optimizer descends, takes its hyperparameters, and warms up."""

import numpy as np
import pytest

from pyramid.settings.optimizers import OPTIMIZERS as FACTS
from pyramid.tf import tf
from pyramid.training import optimizers
from pyramid.training.losses import categorical_loss
from pyramid.training.optimizers import OPTIMIZERS, SteppedRate, make_optimizer

#: Rates at which each comes down within 100 steps.
RATES = {
    "adadelta": 10.0,
    "adagrad": 0.5,
    "adam": 0.05,
    "adamax": 0.1,
    "ftrl": 0.5,
    "momentum": 0.02,
    "nadam": 0.05,
    "rms_prop": 0.02,
    "sgd": 0.1,
}

KERAS_NAMES = {
    "beta1": "beta_1",
    "beta2": "beta_2",
    "epsilon": "epsilon",
    "rho": "rho",
    "momentum": "momentum",
    "init_accumulator": "initial_accumulator_value",
    "learning_rate_power": "learning_rate_power",
}


def optimizer_of(name, rate=None, warmup=0, **hyperparameters):
    return make_optimizer(name, SteppedRate(RATES[name] if rate is None else rate, warmup), hyperparameters)


def descend(optimizer, variables, loss, steps=100):
    """Take ``steps`` in one graph; returns the loss before and after."""

    @tf.function
    def run():
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                value = loss()
            optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

    before = float(loss())
    run()
    return before, float(loss())


def test_there_is_a_rate_for_every_optimizer():
    assert set(RATES) == set(FACTS) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_solves_a_small_regression(name):
    rng = np.random.default_rng(0)
    inputs = tf.constant(rng.normal(size=(64, 3)), tf.float32)
    values = tf.linalg.matvec(inputs, [1.0, -1.0, 0.5])
    slopes = tf.Variable(tf.zeros(3))
    before, after = descend(
        optimizer_of(name), [slopes], lambda: tf.reduce_mean(tf.square(tf.linalg.matvec(inputs, slopes) - values))
    )
    assert after < 0.1 * before


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_solves_a_small_classification(name):
    rng = np.random.default_rng(1)
    classes = np.arange(60) % 3
    inputs = tf.constant(2 * np.eye(3)[classes] + 0.3 * rng.normal(size=(60, 3)), tf.float32)
    kernel = tf.Variable(tf.zeros((3, 3)))
    loss, truth = categorical_loss("crossentropy", 3, 0.0), tf.constant(classes, tf.float32)
    before, after = descend(optimizer_of(name), [kernel], lambda: tf.reduce_mean(loss(truth, inputs @ kernel)))
    assert after < 0.5 * before


@pytest.mark.parametrize(("name", "hyperparameter"), [(name, key) for name, keys in FACTS.items() for key in keys])
def test_a_hyperparameter_arrives(name, hyperparameter):
    value = -0.25 if hyperparameter == "learning_rate_power" else 0.25
    config = optimizer_of(name, **{hyperparameter: value}).get_config()
    assert config[KERAS_NAMES[hyperparameter]] == pytest.approx(value)


def test_momentum_is_nesterov_s_and_sgd_is_plain():
    momentum, sgd = optimizer_of("momentum").get_config(), optimizer_of("sgd").get_config()
    assert momentum["nesterov"]
    assert momentum["momentum"] == 0.9
    assert sgd["momentum"] == 0.0


def test_the_rate_warms_up_with_the_square_of_the_iteration():
    rate = SteppedRate(2.0, 4)
    rates = [float(rate(tf.constant(i, tf.int64))) for i in (1, 2, 3, 4, 5, 100)]
    assert rates == pytest.approx([2 / 16, 2 / 4, 2 * 9 / 16, 2, 2, 2])


def test_without_warm_up_the_rate_is_full_from_the_first_iteration():
    assert float(SteppedRate(0.5, 0)(tf.constant(1, tf.int64))) == 0.5


def test_sgd_takes_steps_of_the_warming_rate_counted_from_one():
    """With a slope of 1 each step is the rate: 1/16, 4/16, 9/16, then 1 of it."""
    place = tf.Variable(0.0)
    optimizer = optimizer_of("sgd", rate=0.8, warmup=4)
    places = [0.0]
    for _ in range(6):
        optimizer.apply_gradients([(tf.constant(1.0), place)])
        places.append(float(place))
    assert -np.diff(places) == pytest.approx(0.8 * np.array([1 / 16, 4 / 16, 9 / 16, 1, 1, 1]))


def test_a_step_down_reaches_a_graph_that_is_already_traced():
    place, rate = tf.Variable(0.0), SteppedRate(1.0, 0)
    optimizer = make_optimizer("sgd", rate, {})

    @tf.function
    def step():
        optimizer.apply_gradients([(tf.constant(1.0), place)])

    step()
    rate.rate.assign(0.25)
    step()
    assert float(place) == pytest.approx(-1.25)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "ftrl"])  # ftrl divides by the rate
def test_a_rate_of_nothing_changes_nothing(name):
    place = tf.Variable([1.0, 2.0])
    optimizer = optimizer_of(name, rate=0.0)
    for _ in range(3):
        optimizer.apply_gradients([(tf.constant([1.0, -1.0]), place)])
    assert place.numpy().tolist() == [1.0, 2.0]


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_descent_is_what_keras_does(name):
    """Its own `apply_gradients` leaves graphs in memory, so ours is another way to the same."""
    start, gradients = np.linspace(-1, 1, 6, dtype=np.float32), [tf.constant([0.5, -0.2, 0.1, 0.0, 2.0, -1.0]), None]
    ours, theirs = ([tf.Variable(start), tf.Variable(start)] for _ in range(2))
    mine, keras = optimizer_of(name, rate=0.1, warmup=3), optimizer_of(name, rate=0.1, warmup=3)
    step = tf.function(lambda: optimizers.descend(mine, gradients, ours))
    for _ in range(5):
        step()
        keras.apply_gradients([(gradients[0], theirs[0])])
    assert int(mine.iterations) == int(keras.iterations) == 5
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    np.testing.assert_array_equal(ours[1], start)
