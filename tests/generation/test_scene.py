"""What is drawn for a picture: shares and ranges, and what the draws depend on. All seeds are fixed."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pyramid.generation.library import Kept, Library, Place
from pyramid.generation.scene import Planner
from tests.generation.making import settings_of

MANY = 2000

#: Two classes, one of which has three quarters of the pictures.
LABELS = ["cat", "cat", "dog", "cat"]

ALL = {"max_foreground_images": 4, "occupancy_range": [0.2, 0.6], "random_background_rate": 0.5}


def planner(labels=LABELS, backgrounds=3, distractors=0, **keys):
    kept = Kept(Place(0, (1, 1, 4)), np.zeros((4, 2), np.float32), 1.0)
    library = Library(
        Path("never opened"),
        backgrounds=[Place(0, (1, 1, 3))] * backgrounds,
        foregrounds=[kept] * len(labels),
        distractors=[kept] * distractors,
        labels=list(labels),
    )
    return Planner(settings_of(Path("any"), **keys), library)


def scenes(count=MANY, **keys):
    made = planner(**keys)
    return [made.scene(number) for number in range(count)]


def told(scene):
    """Everything of a scene that can be compared."""
    things = [(one.which, one.labelled, one.occupancy, one.x, one.y, one.draws.tolist()) for one in scene.objects]
    noise = [scene.rng(purpose).random() for purpose in (1, 2, 7)]
    return scene.background, scene.x, scene.y, scene.draws.tolist(), things, noise


def numbers(made, labelled=True):
    return Counter(sum(one.labelled == labelled for one in scene.objects) for scene in made)


def assert_uniform(counts, values):
    """Within four standard deviations of a binomial distribution."""
    total, share = sum(counts.values()), 1 / len(values)
    assert set(counts) == set(values)
    deviation = np.sqrt(total * share * (1 - share))
    assert all(abs(count - total * share) <= 4 * deviation for count in counts.values())


@pytest.mark.parametrize("most", [1, 2, 5, 32])
def test_each_number_of_foregrounds_from_1_on_is_as_likely(most):
    assert_uniform(numbers(scenes(max_foreground_images=most)), range(1, most + 1))


def test_no_foregrounds_are_wanted():
    assert numbers(scenes(100, max_foreground_images=0)) == {0: 100}


@pytest.mark.parametrize("rate", [0, 0.3, 1])
def test_the_share_of_empty_pictures(rate):
    counts = numbers(scenes(empty_image_rate=rate, max_foreground_images=3))
    assert counts[0] == pytest.approx(rate * MANY, abs=4 * np.sqrt(rate * (1 - rate) * MANY))


@pytest.mark.parametrize("rate", [0, 0.3, 1])
def test_the_share_of_synthetic_backgrounds(rate):
    counts = Counter(scene.background for scene in scenes(random_background_rate=rate))
    assert counts[None] == pytest.approx(rate * MANY, abs=4 * np.sqrt(rate * (1 - rate) * MANY))
    del counts[None]
    if rate < 1:
        assert_uniform(counts, range(3))


def test_without_background_files_all_are_synthetic():
    assert {scene.background for scene in scenes(50, backgrounds=0)} == {None}


def test_every_file_is_as_likely_unless_classes_are_balanced():
    made = scenes()
    assert_uniform(Counter(one.which for scene in made for one in scene.objects), range(4))


def test_every_class_is_as_likely_when_they_are_balanced():
    made = scenes(balance_objective=True)
    files = Counter(one.which for scene in made for one in scene.objects)
    labels = Counter(LABELS[which] for which in files.elements())
    assert_uniform(labels, ["cat", "dog"])
    del files[2]
    assert_uniform(files, [0, 1, 3])


def test_files_in_no_folder_are_a_class_when_classes_are_balanced():
    made = scenes(labels=["", "cat", "cat", "cat"], balance_objective=True)
    assert_uniform(Counter(one.which == 0 for scene in made for one in scene.objects), [True, False])


@pytest.mark.parametrize("most", [0, 1, 3])
def test_each_number_of_distractors_from_0_on_is_as_likely(most):
    made = scenes(distractors=2, max_distractors=most, max_foreground_images=2)
    assert_uniform(numbers(made, labelled=False), range(most + 1))
    assert_uniform(numbers(made), [1, 2])


def test_distractors_lie_above_and_below_and_on_empty_pictures():
    made = scenes(distractors=2, max_distractors=1)
    orders = Counter(tuple(one.labelled for one in scene.objects) for scene in made if len(scene.objects) == 2)
    assert_uniform(orders, [(True, False), (False, True)])
    empty = scenes(100, distractors=2, max_distractors=1, empty_image_rate=1)
    assert set(numbers(empty, labelled=False)) == {0, 1}


def test_occupancy_is_anything_in_its_range():
    made = [one.occupancy for scene in scenes(occupancy_range=[0.2, 0.6]) for one in scene.objects]
    assert_uniform(Counter(int((value - 0.2) / 0.1) for value in made), range(4))
    assert {one.occupancy for scene in scenes(20) for one in scene.objects} == {None}
    assert {one.occupancy for scene in scenes(20, occupancy_range=[0.5, 0.5]) for one in scene.objects} == {0.5}


def test_every_place_is_as_likely():
    things = [one for scene in scenes() for one in scene.objects]
    assert_uniform(Counter((int(3 * one.x), int(3 * one.y)) for one in things), [divmod(i, 3) for i in range(9)])
    assert_uniform(Counter(int(4 * scene.x) for scene in scenes()), range(4))


def test_every_blending_is_as_likely():
    counts = Counter(scene.blending for scene in scenes(blending=["none", "gaussian", "poisson"]))
    assert_uniform(counts, ["none", "gaussian", "poisson"])


def test_a_picture_depends_on_the_seed_and_its_number_alone():
    keys = {"distractors": 2, "blending": ["none", "gaussian"], **ALL}
    forwards = [told(scene) for scene in scenes(20, generated_dataset_size=20, **keys)]
    other = planner(generated_dataset_size=10**8, output_directory="elsewhere", **keys)
    assert [told(other.scene(number)) for number in reversed(range(20))] == forwards[::-1]


def test_no_two_pictures_and_no_two_seeds_are_alike():
    made = [scene.draws.tolist() for seed in (0, 1) for scene in scenes(200, seed=seed)]
    made += [one.draws.tolist() for seed in (0, 1) for scene in scenes(200, seed=seed) for one in scene.objects]
    assert len({tuple(draws) for draws in made}) == 800


def test_the_streams_of_a_picture_differ():
    first, second = planner().scene(0), planner().scene(1)
    drawn = [scene.rng(purpose).random() for scene in (first, second) for purpose in range(1, 70)]
    assert len(set(drawn)) == len(drawn)


def test_the_largest_seed_and_number_work():
    assert planner(seed=2**31 - 1).scene(10**8 - 1).number == 10**8 - 1


def test_another_blending_gives_the_same_scene():
    made = [scenes(50, blending=[blending], **ALL) for blending in ("none", "gaussian", "poisson")]
    assert (
        [told(scene) for scene in made[0]] == [told(scene) for scene in made[1]] == [told(scene) for scene in made[2]]
    )


def test_more_blendings_give_the_same_scene():
    one, two = (scenes(50, blending=blending, **ALL) for blending in (["none"], ["none", "gaussian"]))
    assert [told(scene) for scene in one] == [told(scene) for scene in two]
