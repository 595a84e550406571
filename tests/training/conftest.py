"""Tiny pictures of two obvious classes, and candidates that learn them in a second of made up time."""

from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from pyramid.data.dataset import Dataset
from tests.candidates import CANDIDATE


@pytest.fixture
def make_candidate():
    """Make a candidate that differs from a plain one in what is given."""

    def make(**changes):
        return replace(CANDIDATE, **changes)

    return make


@pytest.fixture
def make_dataset():
    """Make a dataset from targets; each row is trained on and held out, unless it is said which are."""

    def make(targets, weights=None, training=None, holdout=None, classes=("dark", "light"), mean=0.0, stdev=1.0):
        rows = np.arange(len(targets), dtype=np.int64)
        weights = np.ones(len(targets)) if weights is None else np.asarray(weights, np.float64)
        return Dataset(
            targets=np.asarray(targets, np.float32),
            weights=(weights / weights.mean()).astype(np.float32),
            training=rows if training is None else np.asarray(training, np.int64),
            holdout=rows if holdout is None else np.asarray(holdout, np.int64),
            classes=list(classes),
            mean=mean,
            stdev=stdev,
        )

    return make


@pytest.fixture
def dark_and_light(make_dataset):
    """60 noisy pictures, uint8 [60, 8, 8, 3], dark ones of class 0 and light ones of class 1; 20 are held out."""
    rng = np.random.default_rng(11)
    targets = np.arange(60) % 2
    levels = np.where(targets == 0, 60, 190)[:, np.newaxis, np.newaxis, np.newaxis]
    pictures = (levels + rng.integers(-40, 41, (60, 8, 8, 3))).astype(np.uint8)
    return pictures, make_dataset(targets, training=np.arange(40), holdout=np.arange(40, 60))


@pytest.fixture
def brightness_as_value(make_dataset):
    """60 grey pictures whose value grows with their brightness: mean 1000, standard deviation 50."""
    levels = np.linspace(20, 235, 60).round().astype(np.uint8)
    pictures = np.repeat(levels, 8 * 8 * 3).reshape(60, 8, 8, 3)
    values = (levels - levels.mean()) / levels.std() * 50 + 1000
    holdout = np.arange(2, 60, 4)
    training = np.setdiff1d(np.arange(60), holdout)
    return pictures, make_dataset(values, training=training, holdout=holdout, classes=[], mean=1000.0, stdev=50.0)


@dataclass
class MadeUpTime:
    """A clock that moves by what the work is said to cost, whatever the machine really needs.

    Attributes:
        step: seconds of a step of descent.
        row: seconds to predict a row.
        saving: seconds to write the weights.
        tracing: seconds of the first step, on top.
        feature: seconds of the frozen layers for a picture whose features are kept, when it is first asked for.
        kept: what a step or a row costs on features that are kept, as a share of ``step`` or ``row``.
    """

    step: float = 0.01
    row: float = 0.0001
    saving: float = 0.01
    tracing: float = 1.0
    feature: float = 0.0
    kept: float = 1.0
    now: float = 500.0

    def __call__(self):
        return self.now


@pytest.fixture
def time(monkeypatch):
    """Let all that a training does take made up time."""
    from pyramid.training import descent, holdout, trial
    from pyramid.training.clock import Stopwatch
    from pyramid.training.features import Features
    from pyramid.training.learners.pictures import PictureLearner

    made_up = MadeUpTime()
    run, predict, fill, save = PictureLearner.run, PictureLearner.predict, Features.fill, descent.save

    def share(learner):
        return made_up.kept if isinstance(learner._inputs, Features) else 1.0

    def timed_run(self, steps):
        made_up.now += steps * made_up.step * share(self) + (made_up.tracing if self.iterations == 0 else 0.0)
        return run(self, steps)

    def timed_predict(self, rows, batch_size):
        made_up.now += len(rows) * made_up.row * share(self)
        return predict(self, rows, batch_size)

    def timed_fill(self, rows):
        before = self._known.sum()
        fill(self, rows)
        made_up.now += made_up.feature * int(self._known.sum() - before)

    def timed_save(*arguments):
        made_up.now += made_up.saving
        save(*arguments)

    monkeypatch.setattr(PictureLearner, "run", timed_run)
    monkeypatch.setattr(PictureLearner, "predict", timed_predict)
    monkeypatch.setattr(Features, "fill", timed_fill)
    monkeypatch.setattr(descent, "save", timed_save)
    monkeypatch.setattr(trial, "Stopwatch", partial(Stopwatch, made_up))
    monkeypatch.setattr(holdout, "time", SimpleNamespace(monotonic=made_up))
    return made_up


@pytest.fixture
def start(tmp_path, time):
    """Make the training of a candidate; its files will be in ``tmp_path / candidate.folder``.

    ``options`` are those of `CandidateTraining`, such as the weights that it starts from.
    """
    from pyramid.tf import tf
    from pyramid.training.trial import CandidateTraining

    def make(candidate, pictures, dataset, **options):
        return CandidateTraining(candidate, pictures, dataset, tmp_path / candidate.folder, **options)

    yield make
    tf.keras.backend.clear_session()  # else Keras keeps every network, and each test is slower than the one before


@pytest.fixture
def train(start):
    """Train a candidate to its end and return its result; ``seconds_left`` never runs out unless it is given."""

    def run(candidate, pictures, dataset, seconds_left=1_000_000.0, **options):
        training = start(candidate, pictures, dataset, **options)
        while (progress := training.advance(seconds_left)).result is None:
            pass
        return progress.result

    return run


@pytest.fixture
def published():
    """Make weights of a candidate's layers up to the features, such as no seed of a test gives."""
    from pyramid.training.network import build_network

    def make(candidate):
        rng = np.random.default_rng(21)
        body = [layer for layer in build_network(replace(candidate, seed=999)).body if layer.weights]
        # Four arrays are those of a batch normalization: its moments must differ from what it starts with.
        return [
            [np.exp(rng.normal(0, 0.1, array.shape)).astype(np.float32) for array in arrays]
            if len(arrays) == 4
            else arrays
            for arrays in (layer.get_weights() for layer in body)
        ]

    return make


@pytest.fixture
def saved_network(tmp_path):
    """Load the network whose weights a candidate's training left on the disk."""
    from pyramid.training.candidate import WEIGHTS_FILE
    from pyramid.training.network import build_network

    def load(candidate):
        network = build_network(replace(candidate, seed=999))
        network.model.load_weights(tmp_path / candidate.folder / WEIGHTS_FILE)
        return network.model

    return load
