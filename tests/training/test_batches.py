"""Where batches are made: as it is asked for, or where it is found to be faster."""

import time

import numpy as np
import pytest

from pyramid.data.pipeline import BatchSource
from pyramid.training.batches import Batches, batch_source

AUGMENTED = {"zoom": 0.2, "gaussian_noise": 0.1}


@pytest.fixture
def source(make_candidate, dark_and_light):
    """Augmented batches of a candidate; where they are made is of no account."""
    return batch_source(make_candidate(augmentations=AUGMENTED), *dark_and_light)


class Slow(BatchSource):
    """The trial needs 30 ms and more to gather a batch."""

    def __init__(self, source):
        self.__dict__.update(vars(source))

    def gather(self, k, most=None):
        time.sleep(0.03)
        return super().gather(k, most)


def workers(source, seconds=0.0):
    """Workers that need so long for a batch."""

    def batches(first):
        k = first
        while True:
            time.sleep(seconds)
            yield source.batch(k)
            k += 1

    return batches


@pytest.fixture
def made(make_candidate):
    """Batches for a wish, with or without workers."""

    def make(source, wish, helpers=None, augmentations=AUGMENTED):
        candidate = make_candidate(augmentations=augmentations, augmentation_placement=wish)
        return Batches(candidate, source, helpers, threads=1)

    return make


def first_batches(batches, number, count=3):
    return list(batches.dataset(number).take(count).as_numpy_iterator())


@pytest.mark.parametrize("wish", ["trial", "workers"])
def test_both_places_give_the_same_batches(made, source, wish):
    batches = made(source, wish, workers(source))
    assert batches.placement.where == wish
    assert not batches.choose(0, lambda: 0.0)
    for k, batch in enumerate(first_batches(batches, 5), 5):
        for found, expected in zip(batch, source.batch(k), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_nothing_to_augment_has_no_place(made, make_candidate, dark_and_light):
    plain = batch_source(make_candidate(), *dark_and_light)
    batches = made(plain, "workers", workers(plain), augmentations={})
    assert batches.placement is None
    assert not batches.choose(0, lambda: 0.0)
    assert len(first_batches(batches, 0)) == 3


def test_auto_without_free_cores_stays_in_the_trial(made, source):
    batches = made(source, "auto")
    assert not batches.choose(0, lambda: 0.0)
    assert (batches.placement.where, batches.placement.why) == ("trial", "no core is free beside the trials")


def test_auto_stays_in_the_trial_that_keeps_up(made, source):
    batches = made(source, "auto", workers(source))
    assert not batches.choose(0, lambda: 10.0)
    assert batches.placement.where == "trial"
    assert "ms in the trial, a step 10000 ms" in batches.placement.why


def test_auto_goes_to_faster_workers(made, source):
    batches = made(Slow(source), "auto", workers(source))
    assert batches.choose(3, lambda: 0.001)
    assert batches.placement.where == "workers"
    assert "ms in the trial, " in batches.placement.why
    assert "ms from the workers" in batches.placement.why
    for k, batch in enumerate(first_batches(batches, 3), 3):
        np.testing.assert_array_equal(batch[0], source.batch(k)[0])


def test_auto_stays_with_slower_workers(made, source):
    batches = made(source, "auto", workers(source, seconds=0.2))
    assert not batches.choose(0, lambda: 0.0001)
    assert batches.placement.where == "trial"
    assert "ms from the workers" in batches.placement.why


def test_auto_does_without_workers_that_fail(made, source):
    def broken(first):
        raise OSError("no more")
        yield

    batches = made(source, "auto", broken)
    assert not batches.choose(0, lambda: 0.0001)
    assert batches.placement.where == "trial"
    assert "the workers failed" in batches.placement.why
