"""The batches of a table that lies on the device."""

import time

import numpy as np
import pytest

from pyramid.data.pipeline import Sampler
from pyramid.tf import tf
from pyramid.training.feeds import CHUNK, Rows

ROWS = 50


def feed(sampler, mixup=0.0, seed=5, targets=None, weights=None):
    """A table in which every row tells its number, in its inputs, its target and its weight."""
    numbers = np.arange(ROWS, dtype=np.float32)
    inputs = np.stack([numbers, -numbers, numbers**2], axis=1)
    targets = numbers * 10 if targets is None else targets
    return Rows(inputs, targets, numbers + 0.5 if weights is None else weights, sampler, mixup, seed)


def batches(rows, *pieces):
    """All batches of ``pieces`` of so many steps."""
    made = []
    for steps in pieces:
        for source, some in rows.take(steps):
            made += [tuple(part.numpy() for part in rows.batch(source, tf.constant(i))) for i in range(some)]
    return made


def sampler(batch_size=8, seed=5, classes=None, rows=ROWS):
    return Sampler(np.arange(rows), batch_size, seed, classes)


@pytest.mark.parametrize("pieces", [(12,), (1,) * 12, (5, 7), (0, 3, 0, 0, 9), (11, 1)])
def test_the_rows_are_those_of_the_sampler_in_whatever_pieces_they_are_taken(pieces):
    expected = sampler()
    made = batches(feed(sampler()), *pieces)
    assert len(made) == 12
    for k, (inputs, targets, weights) in enumerate(made):
        rows = expected.batch(k)[0]
        np.testing.assert_array_equal(inputs, np.stack([rows, -rows, rows**2], axis=1))
        np.testing.assert_array_equal(targets, rows * 10)
        np.testing.assert_array_equal(weights, rows + 0.5)


def test_each_row_is_learned_once_an_epoch():
    made = np.concatenate([targets for _, targets, _ in batches(feed(sampler(batch_size=10)), 7, 8)])
    for epoch in made.reshape(3, ROWS):
        np.testing.assert_array_equal(np.sort(epoch), np.arange(ROWS) * 10)
    assert (made[:ROWS] != made[ROWS : 2 * ROWS]).any()


def test_more_steps_than_fit_one_array_are_taken_in_several():
    rows = feed(sampler(batch_size=2))
    counts = [some for _, some in rows.take(2 * CHUNK + 3)]
    assert counts == [CHUNK, CHUNK, 3]
    expected = sampler(batch_size=2)
    (inputs, _, _), *_ = batches(rows, 1)
    np.testing.assert_array_equal(inputs[:, 0], expected.batch(2 * CHUNK + 3)[0])


def test_batches_across_the_end_of_an_array_are_those_of_the_sampler():
    rows, expected = feed(sampler(batch_size=2)), sampler(batch_size=2)
    made = batches(rows, CHUNK + 2)
    for k in (CHUNK - 1, CHUNK, CHUNK + 1):
        np.testing.assert_array_equal(made[k][0][:, 0], expected.batch(k)[0])


@pytest.mark.parametrize(("batch_size", "chunk"), [(1, 1024), (1024, 1024), (2048, 512), (8192, 128)])
def test_an_array_of_row_numbers_stays_small_with_large_batches(batch_size, chunk):
    rows = feed(sampler(batch_size=batch_size))
    (((numbers, shares), some),) = rows.take(1)
    assert numbers.shape == (chunk, batch_size)
    assert shares.shape == (chunk,)
    assert some == 1


def test_arguments_have_one_shape_whatever_is_asked_for():
    """Another one would be compiled again."""
    rows = feed(sampler())
    assert {tuple(numbers.shape) for steps in (0, 1, 7, CHUNK + 1) for (numbers, _), _ in rows.take(steps)} == {
        (CHUNK, 8)
    }


def test_for_no_steps_there_is_one_argument_and_nothing_is_taken():
    rows = feed(sampler())
    assert [some for _, some in rows.take(0)] == [0]
    np.testing.assert_array_equal(batches(rows, 1)[0][1], sampler().batch(0)[0] * 10)


def test_inputs_say_what_they_are_like():
    assert feed(sampler()).inputs == tf.TensorSpec((None, 3), tf.float32)


def test_balanced_classes_take_turns():
    classes = np.where(np.arange(ROWS) < 5, 1.0, 0.0).astype(np.float32)
    made = np.concatenate([targets for _, targets, _ in batches(feed(sampler(10, classes=classes)), 10)]) / 10
    assert (made < 5).sum() == len(made) / 2
    assert set(made[made < 5]) == set(range(5))
    assert np.bincount(made.astype(int))[5:].max() <= 2


def shares(seed=5, mixup=0.4, pieces=(20,), targets=None):
    """The share of its own row in each batch, from what became of the inputs, and from what became of the targets."""
    expected, found = sampler(), []
    for k, (inputs, mixed, weights) in enumerate(batches(feed(sampler(), mixup, seed, targets), *pieces)):
        own = expected.batch(k)[0]
        other = np.roll(own, 1)
        share = np.mean((inputs[:, 0] - other) / (own - other))
        np.testing.assert_allclose(inputs[:, 2], share * own**2 + (1 - share) * other**2, rtol=1e-3, atol=1e-2)
        assert weights.shape == (8,)
        found.append((share, own, other, mixed))
    return found


def test_mixup_blends_inputs_and_targets_of_a_batch_with_the_same_share():
    for share, own, other, mixed in shares():
        np.testing.assert_allclose(mixed, 10 * (share * own + (1 - share) * other), rtol=1e-3, atol=1e-2)


def test_mixup_blends_one_hot_targets_which_still_sum_to_1():
    one_hot = np.eye(5, dtype=np.float32)[np.arange(ROWS) % 5]
    for share, own, other, mixed in shares(targets=one_hot):
        np.testing.assert_allclose(mixed, share * one_hot[own] + (1 - share) * one_hot[other], atol=1e-4)
        np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("pieces", [(1,) * 20, (7, 13), (0, 19, 1)])
def test_the_shares_of_mixup_do_not_hang_on_the_pieces(pieces):
    whole = [one[0] for one in shares()]
    assert [one[0] for one in shares(pieces=pieces)] == pytest.approx(whole)


def test_the_shares_of_mixup_do_not_hang_on_the_size_of_the_batches():
    """Which decides how many go to the device in one array."""
    small, large = feed(sampler(1), 0.4), feed(sampler(2048, rows=100_000), 0.4)
    steps = CHUNK + 100
    one = np.concatenate([part[1].numpy()[:some] for part, some in small.take(steps)])
    other = np.concatenate([part[1].numpy()[:some] for part, some in large.take(steps)])
    np.testing.assert_array_equal(one, other)
    assert len(np.unique(one)) > 0.9 * steps


def test_the_shares_of_mixup_follow_their_beta_distribution_and_the_seed():
    def drawn(mixup, seed):
        return next(iter(feed(sampler(), mixup, seed).take(CHUNK)))[0][1].numpy()

    for mixup in (0.1, 1.0):
        found = drawn(mixup, 5)
        assert found.min() >= 0
        assert found.max() <= 1
        assert found.mean() == pytest.approx(0.5, abs=0.06)
        assert found.var() == pytest.approx(1 / (4 * (2 * mixup + 1)), rel=0.15)
    assert (drawn(0.4, 5) != drawn(0.4, 6)).any()
    np.testing.assert_array_equal(drawn(0.4, 5), drawn(0.4, 5))


def test_without_mixup_nothing_is_blended():
    (inputs, targets, _), *_ = batches(feed(sampler()), 1)
    np.testing.assert_array_equal(inputs[:, 0] * 10, targets)


def test_mixup_blends_the_weights_too():
    """With a share of 0 a row is wholly the other one, and must count as that one does."""
    weights = np.where(np.arange(ROWS) % 2, 1.0, 0.0).astype(np.float32)
    rows = feed(sampler(), 0.05, weights=weights)
    expected = sampler()
    for k, (inputs, _, got) in enumerate(batches(rows, 10)):
        own = expected.batch(k)[0]
        other = np.roll(own, 1)
        share = np.mean((inputs[:, 0] - other) / (own - other))
        np.testing.assert_allclose(got, share * weights[own] + (1 - share) * weights[other], atol=1e-3)


def test_drawing_many_batches_at_once_takes_no_longer_than_drawing_them_in_a_few_pieces():
    """1,024 batches of 512 are 10,486 epochs of 50 rows."""
    whole, parts = sampler(512), sampler(512)
    times = [time.process_time()]
    for first in range(0, 1024, 32):
        parts.batches(first, 32)
    times.append(time.process_time())
    whole.batches(0, 1024)
    times.append(time.process_time())
    assert times[2] - times[1] < 2 * (times[1] - times[0])
