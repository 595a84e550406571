"""What is learned in frozen and in free phases, on tiny pictures, and from what the steps are made."""

import itertools

import numpy as np
import pytest

from pyramid.data.dataset import Dataset
from pyramid.data.pipeline import BatchSource
from pyramid.tf import tf
from pyramid.training.batches import batch_source
from pyramid.training.features import Features
from pyramid.training.loop import TrainingLoop
from pyramid.training.network import set_weights
from pyramid.training.schedule import PHASES

AUGMENTED = {"horizontal_flip": 1.0}


def arrays(layers):
    return [array for layer in layers for array in layer.get_weights()]


def body_of(training):
    return arrays(training._learner._network.body)


def readout_of(training):
    return arrays(training._learner._network.readout)


def flat(weights):
    return [array for layer in weights for array in layer]


def are_same(ones, others):
    """For each array, whether it is the same to the bit."""
    return [np.array_equal(one, other) for one, other in zip(ones, others, strict=True)]


def most_moved(before, after):
    return max(np.abs(one - other).max() for one, other in zip(before, after, strict=True))


#: How the inputs of a frozen readout are had -> what of a candidate decides it.
WAYS = {"kept": {}, "augmented": {"augmentations": AUGMENTED}, "too large to keep": {"max_data_size": 1000}}


@pytest.mark.parametrize("way", WAYS)
def test_use_pretrained_learns_the_readout_and_nothing_else(make_candidate, dark_and_light, start, published, way):
    """Moments of batch normalizations included, to the bit, through every phase."""
    candidate = make_candidate(method="use_pretrained", learning_rate=0.01, **WAYS[way])
    weights = published(candidate)
    training = start(candidate, *dark_and_light, start=weights)
    assert isinstance(training._learner._inputs, Features) == (way == "kept")
    before = readout_of(training)
    for phase in PHASES["use_pretrained"]:
        training._learner.enter(phase)
        training._learner.run(6)
    assert all(are_same(flat(weights), body_of(training)))
    assert not any(are_same(before, readout_of(training)))


def test_what_use_pretrained_leaves_on_the_disk_has_the_weights_that_it_started_from(
    make_candidate, dark_and_light, train, published, saved_network
):
    candidate = make_candidate(method="use_pretrained", learning_rate=0.01, max_iterations=40)
    weights = flat(published(candidate))
    assert train(candidate, *dark_and_light, start=published(candidate)).metrics["accuracy"] == 1.0
    assert all(are_same(weights, saved_network(candidate).get_weights()[: len(weights)]))


def test_features_are_computed_once_for_each_picture(make_candidate, dark_and_light, start, published):
    candidate = make_candidate(method="use_pretrained")
    learner = start(candidate, *dark_and_light, start=published(candidate))._learner
    features, computed = learner._features, []
    known, compute = int(features._known.sum()), features._compute
    features._compute = lambda pixels: computed.append(len(pixels)) or compute(pixels)
    for _ in range(3):  # 40 pictures are five steps
        learner.run(5)
        learner.predict(np.arange(40, 60), 64)
    assert known + sum(computed) == 60


def test_kept_features_make_the_steps_that_pictures_make(make_candidate, dark_and_light, start, published):
    """The same rows in the same order, in every epoch, and after a step down."""
    losses = {}
    for name, size in (("kept", 2**30), ("computed_again", 1000)):
        candidate = make_candidate(
            name=name, method="use_pretrained", max_data_size=size, batch_size=7, balance_objective=True
        )
        learner = start(candidate, *dark_and_light, start=published(candidate))._learner
        losses[name] = [learner.run(1) for _ in range(8)]
        learner.enter(PHASES["use_pretrained"][1])
        losses[name] += [learner.run(1) for _ in range(3)]
    assert losses["kept"] == pytest.approx(losses["computed_again"], rel=1e-5)
    assert len(set(losses["kept"])) == 11


def test_batches_of_kept_features_never_wait_for_a_picture(
    make_candidate, dark_and_light, start, published, monkeypatch
):
    """Whoever makes batches ahead would compute features in a thread that waits for itself."""
    running, asked, unknown = [], [], []
    run, get = TrainingLoop.run, Features.__getitem__

    def watched_run(self, steps):
        running.append(steps)
        try:
            return run(self, steps)
        finally:
            running.pop()

    def watched_get(self, rows):
        if running:
            asked.append(len(rows))
            unknown.append(int((~self._known[rows]).sum()))
        return get(self, rows)

    monkeypatch.setattr(TrainingLoop, "run", watched_run)
    monkeypatch.setattr(Features, "__getitem__", watched_get)
    candidate = make_candidate(method="use_pretrained", batch_size=3)
    learner = start(candidate, *dark_and_light, start=published(candidate))._learner
    for steps, phase in zip((1, 4, 2), PHASES["use_pretrained"], strict=True):
        learner.enter(phase)
        learner.run(steps)
    assert sum(asked) == 3 * learner.iterations
    assert sum(unknown) == 0


def test_fine_tune_is_frozen_at_first_and_then_learns_everything(make_candidate, dark_and_light, start, published):
    candidate = make_candidate(method="fine_tune", learning_rate=0.01)
    weights = flat(published(candidate))
    training = start(candidate, *dark_and_light, start=published(candidate))
    learner, phases = training._learner, PHASES["fine_tune"]
    learner.run(10)
    assert all(are_same(weights, body_of(training)))
    for phase, factor in zip(phases[1:], (1 / 8, 1 / 64), strict=True):
        before = body_of(training), readout_of(training)
        learner.enter(phase)
        assert float(learner._rate.rate) == pytest.approx(0.01 * factor)
        learner.run(3)
        assert not any(are_same(before[0], body_of(training)))
        assert not any(are_same(before[1], readout_of(training)))


def test_the_free_phase_goes_on_with_the_next_batch(make_candidate, dark_and_light, start, published, monkeypatch):
    numbers = []
    gather = BatchSource.gather

    def noted(self, k, most=None):
        if most is None:
            numbers.append(k)
        return gather(self, k, most)

    monkeypatch.setattr(BatchSource, "gather", noted)
    candidate = make_candidate(method="fine_tune")
    learner = start(candidate, *dark_and_light, start=published(candidate))._learner
    learner.run(6)
    assert numbers == [*range(7)]  # the first step was part of the tracing
    numbers.clear()
    learner.enter(PHASES["fine_tune"][1])
    learner.run(3)
    assert numbers[:3] == [7, 8, 9]


def test_the_warm_up_begins_again_with_the_free_phase(make_candidate, dark_and_light, start, published):
    """A step of Adam without a past is as long as its rate: r/8 · (1/4)² after a warm-up of four that is new."""
    candidate = make_candidate(method="fine_tune", learning_rate=0.01, learning_rate_warmup_iterations=4)
    training = start(candidate, *dark_and_light, start=published(candidate))
    training._learner.run(8)
    before = readout_of(training)
    training._learner.enter(PHASES["fine_tune"][1])
    training._learner.run(1)
    assert most_moved(before, readout_of(training)) == pytest.approx(0.01 / 8 / 16, rel=0.05)


def test_a_free_phase_is_free_also_when_workers_make_its_batches(make_candidate, dark_and_light, start, published):
    """Batches from elsewhere may not have the graph compiled again, with layers that are frozen by then."""
    candidate = make_candidate(
        method="fine_tune", learning_rate=0.01, augmentations=AUGMENTED, augmentation_placement="workers"
    )
    source = batch_source(candidate, *dark_and_light)
    training = start(
        candidate,
        *dark_and_light,
        start=published(candidate),
        workers=lambda first: map(source.batch, itertools.count(first)),
    )
    training._learner.run(2)
    assert all(are_same(flat(published(candidate)), body_of(training)))
    training._learner.enter(PHASES["fine_tune"][1])
    training._learner.run(3)
    assert not any(are_same(flat(published(candidate)), body_of(training)))


def test_a_step_down_goes_on_with_the_stream_of_the_workers(make_candidate, dark_and_light, start):
    """A new one takes seconds until its first batch, which no estimate of the time that is left knows of."""
    candidate = make_candidate(augmentations=AUGMENTED, augmentation_placement="workers")
    source, opened = batch_source(candidate, *dark_and_light), []

    def workers(first):
        opened.append(first)
        return map(source.batch, itertools.count(first))

    learner = start(candidate, *dark_and_light, workers=workers)._learner
    for phase in PHASES["randomly_initialize"][1:]:
        learner.enter(phase)
        learner.run(1)
    assert opened == [0]


def test_a_detector_learns_its_branches_on_a_frozen_body(make_candidate, start, published):
    rows = np.arange(4)
    targets = np.full((4, 1, 5), [10, 12, 40, 44, 0], np.float32)
    dataset = Dataset(targets, np.ones(4, np.float32), rows, rows, ["thing"], 0.0, 1.0, np.full(4, 64, np.float32))
    pictures = np.random.default_rng(6).integers(0, 256, (4, 64, 64, 3)).astype(np.uint8)
    candidate = make_candidate(
        network="tinyyolov4",
        method="use_pretrained",
        objective="bounding_box",
        classes=["thing"],
        anchors=[[10.0, 10.0], [20.0, 20.0], [30.0, 30.0], [40.0, 40.0], [50.0, 50.0], [60.0, 60.0]],
        width=64,
        height=64,
        batch_size=4,
        selection_metric="map_50",
    )
    weights = published(candidate)
    training = start(candidate, pictures, dataset, start=weights)
    before = readout_of(training)
    first = training._learner.run(1)
    assert training._learner.run(15) < first
    assert all(are_same(flat(weights), body_of(training)))
    assert not any(are_same(before, readout_of(training)))


@pytest.fixture
def layers():
    """A convolution with a bias, something without weights, and a dense layer."""
    pixels = tf.keras.Input((4, 4, 3))
    made = [tf.keras.layers.Conv2D(2, 3), tf.keras.layers.Flatten(), tf.keras.layers.Dense(5)]
    tf.keras.Sequential([pixels, *made])
    return made


KERNEL, BIAS = np.full((3, 3, 3, 2), 0.5, np.float32), np.full(2, 7.0, np.float32)
DENSE = [np.full((8, 5), 2.0, np.float32), np.full(5, 3.0, np.float32)]


def test_layers_get_their_weights_in_order(layers):
    set_weights(layers, [[KERNEL, BIAS], DENSE])
    assert all(are_same(arrays(layers), [KERNEL, BIAS, *DENSE]))


def test_a_bias_that_nothing_is_said_of_stays(layers):
    layers[0].bias.assign([4.0, 5.0])
    set_weights(layers, [[KERNEL], DENSE])
    assert all(are_same(arrays(layers), [KERNEL, [4.0, 5.0], *DENSE]))


@pytest.mark.parametrize(
    "weights",
    [
        [[KERNEL, BIAS]],
        [[KERNEL, BIAS], DENSE, DENSE],
        [[KERNEL, BIAS, BIAS], DENSE],
        [[KERNEL[:1], BIAS], DENSE],
        [DENSE, [KERNEL, BIAS]],
    ],
    ids=["a layer too few", "a layer too many", "an array too many", "another shape", "another order"],
)
def test_weights_of_another_network_are_refused(layers, weights):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are those of Keras
        set_weights(layers, weights)
