"""The figures of augmentation, printed as rows of tables.

Run it alone on a quiet machine (4 minutes), after

    bin/install test benchmark

    ~/.virtualenvs/pyramid/bin/python tests/benchmarks/augmentation.py
"""

import multiprocessing
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import psutil

from pyramid.settings.augmentations import AUGMENTATIONS, strengths
from pyramid.settings.objectives import CATEGORICAL

SIDE, BATCH = 96, 32
SECONDS = 1.5
ROUNDS = 3
CORES = os.cpu_count() or 1

Images = np.ndarray[Any, np.dtype[np.uint8]]
NAMES = [name for name, facts in AUGMENTATIONS.items() if facts.training]
GEOMETRIC = ["height_shift", "rotation", "shear", "width_shift", "zoom"]
EVERYTHING = strengths(NAMES, None, CATEGORICAL)


def main() -> None:
    print("| augmentation | images/s | of albumentations | of `tf.py_function` |\n| --- | --- | --- | --- |")
    with multiprocessing.get_context("spawn").Pool(CORES, _start_worker) as pool:
        pool.map(_rate_of_albumentations, ["horizontal_flip"] * CORES, chunksize=1)  # imports it
        for name in [*NAMES, "geometric", "all"]:
            ours, theirs, slow = _rates(name, pool)
            shown = f"{statistics.median(slow):.0f} ×" if slow else "–"
            ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            print(f"| {name} | {statistics.median(ours):,.0f} | {ratio:.2f} × | {shown} |", flush=True)
    print("\n| figure | wanted | measured |\n| --- | --- | --- |")
    for figure, wanted, measured in (*_training(), *_memory()):
        print(f"| {figure} | {wanted} | {measured} |", flush=True)


def _rates(name: str, pool: Any) -> tuple[list[float], list[float], list[float]]:
    """Images/s of ours and of albumentations in turn, and how often as many ours are as those of a Python function."""
    chosen = {"all": NAMES, "geometric": GEOMETRIC}.get(name, [name])
    our_batches = _our_batches(strengths(chosen, None, CATEGORICAL))
    ours, theirs, slow = [], [], []
    for _ in range(ROUNDS):
        ours.append(_rate(our_batches))
        theirs.append(sum(pool.map(_rate_of_albumentations, [name] * CORES, chunksize=1)))
        if name == "all":
            slow.append(ours[-1] / _rate(_python_batches()))
    return ours, theirs, slow


def _images() -> Images:
    return np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 3), np.uint8)


def _our_batches(chosen: dict[str, float]) -> Iterator[Any]:
    """The function of the trials, called as they do, on a batch that is there already."""
    from pyramid.data.augment.augment import make_augment
    from pyramid.data.augment.draws import draw
    from pyramid.tf import tf

    rows = np.arange(BATCH)
    augment = make_augment(chosen, SIDE, SIDE)
    batch = tf.data.Dataset.from_tensors((_images(), draw(0, 0 * rows, rows))).repeat()
    return iter(batch.map(augment, num_parallel_calls=CORES).prefetch(4))


def _rate(batches: Iterator[Any]) -> float:
    next(batches)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        next(batches)
        count += BATCH
    return count / (time.perf_counter() - began)


def _python_batches() -> Iterator[Any]:
    """Pictures one by one through NumPy, SciPy and Pillow in a Python function, with as many calls as cores at once."""
    from pyramid.tf import tf

    rng = np.random.default_rng(0)

    def change(image: Any) -> Any:
        return tf.ensure_shape(tf.numpy_function(partial(_one_by_one, rng), [image], tf.uint8), (SIDE, SIDE, 3))

    images = tf.data.Dataset.from_tensor_slices(_images()).repeat()
    return iter(images.map(change, num_parallel_calls=CORES).batch(BATCH).prefetch(4))


def _one_by_one(rng: np.random.Generator, image: Images) -> Images:
    from PIL import Image
    from scipy import ndimage

    angle, zoom, slant = rng.uniform(-0.17, 0.17), rng.uniform(0.9, 1.1), rng.uniform(-0.17, 0.17)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    back = np.linalg.inv(turn @ [[1, np.tan(slant)], [0, 1]] @ np.diag([zoom, zoom]))
    offset = np.full(2, SIDE / 2) - back @ (np.full(2, SIDE / 2) + rng.uniform(-9.6, 9.6, 2))
    channels = [ndimage.affine_transform(image[..., c], back, offset, order=1, mode="nearest") for c in range(3)]
    moved = np.stack(channels, -1)[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    small = round(SIDE * rng.uniform(0.5, 1))
    bilinear = Image.Resampling.BILINEAR
    picture = Image.fromarray(moved).resize((small, small), bilinear).resize((SIDE, SIDE), bilinear)
    values = np.asarray(picture, np.float32) * rng.uniform(0.9, 1.1, 3)
    values = values.mean() + (values - values.mean()) * rng.uniform(0.75, 1.25) + rng.uniform(-25, 25)
    values = (255 - values if rng.random() < 0.5 else values) * rng.normal(1, 0.1, values.shape)
    left, top = rng.integers(0, SIDE - SIDE // 4, 2)
    values[top : top + SIDE // 4, left : left + SIDE // 4] = values.mean((0, 1))
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    foci = rng.uniform(0, SIDE, (2, 2))
    sums = sum(np.hypot(x - a, y - b) for a, b in foci)
    light = np.clip(1 - (sums - sums.min()) / 10, 0, 1)[..., np.newaxis]
    return np.clip(values + light * (255 - values), 0, 255).astype(np.uint8)


def _start_worker() -> None:
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    warnings.filterwarnings("ignore")


def _rate_of_albumentations(name: str) -> float:
    """In a process of its own, one picture after the other."""
    import cv2

    cv2.setNumThreads(1)
    compose, images, count = _albumentations(name), _images(), 0
    compose(image=images[0])
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        compose(image=images[count % BATCH])
        count += 1
    return count / (time.perf_counter() - began)


def _albumentations(name: str) -> Callable[..., Any]:
    """What comes nearest to our augmentation of this name, at the default strength."""
    import albumentations as a
    import cv2

    affine = partial(a.Affine, border_mode=cv2.BORDER_REPLICATE, p=1)
    sides = (0.25, 0.25)
    near = {
        "blur": lambda: a.Downscale(
            (0.5, 1), interpolation_pair={"upscale": cv2.INTER_LINEAR, "downscale": cv2.INTER_LINEAR}, p=1
        ),
        "brightness": lambda: a.RandomBrightnessContrast(0.1, 0, p=1),
        "color_invert": lambda: a.InvertImg(p=0.5),
        "contrast": lambda: a.RandomBrightnessContrast(0, 0.25, p=1),
        "cutout": lambda: a.CoarseDropout((1, 1), sides, sides, p=0.5),
        "gaussian_noise": lambda: a.MultiplicativeNoise((0.8, 1.2), per_channel=True, elementwise=True, p=0.5),
        "glare": lambda: a.RandomSunFlare(src_radius=15, p=0.5),
        "height_shift": lambda: affine(translate_percent={"x": (0, 0), "y": (-0.1, 0.1)}),
        "horizontal_flip": lambda: a.HorizontalFlip(p=0.5),
        "rotation": lambda: affine(rotate=(-10, 10)),
        "shear": lambda: affine(shear={"x": (-10, 10), "y": (0, 0)}),
        "tint": lambda: a.MultiplicativeNoise((0.9, 1.1), per_channel=True, elementwise=False, p=0.5),
        "vertical_flip": lambda: a.VerticalFlip(p=0.5),
        "width_shift": lambda: affine(translate_percent={"x": (-0.1, 0.1), "y": (0, 0)}),
        "zoom": lambda: affine(scale=(0.9, 1.1)),
        "geometric": lambda: affine(scale=(0.9, 1.1), translate_percent=(-0.1, 0.1), rotate=(-10, 10), shear=(-10, 10)),
    }
    if name != "all":
        return a.Compose([near[name]()])
    together = ["geometric", *(other for other in NAMES if other not in GEOMETRIC)]  # one warp, as ours
    return a.Compose([near[other]() for other in together])


def _training() -> Iterator[tuple[str, str, str]]:
    """Images/s of `mobilenetv2` with all augmentations, divided by those without any."""
    from pyramid.data.pipeline import training_batches
    from pyramid.networks.build import build
    from pyramid.search.candidates import candidates
    from pyramid.settings.train import TrainSettings
    from pyramid.training.feeds import Stream
    from pyramid.training.loop import TrainingLoop
    from pyramid.training.optimizers import SteppedRate, make_optimizer
    from pyramid.training.values import Values

    pictures, dataset = _data(2000, SIDE)
    plain, augmented = _source(pictures, dataset, {}), _source(pictures, dataset, EVERYTHING)
    settings = TrainSettings(image_network_candidates=[["mobilenetv2", "randomly_initialize"]])
    [candidate] = candidates(settings, [SIDE, SIDE, 3], CATEGORICAL, "crossentropy", dataset)
    model = build("mobilenetv2", SIDE, SIDE, 10, True, 0).model
    optimizer = make_optimizer("adam", SteppedRate(0.001, 0), {})
    loop = TrainingLoop(model, optimizer, Values(candidate, dataset.targets), Stream(training_batches(plain)))

    def seconds(source: Any) -> float:
        loop.feed(Stream(training_batches(source)))
        loop.run(3)
        return loop.seconds_per_step(20)

    ratios = [seconds(plain) / seconds(augmented) for _ in range(5)]
    name = f"images/s of training `mobilenetv2` {SIDE}×{SIDE} with all augmentations, against none"
    yield name, "≥ 0.75", f"{statistics.median(ratios):.2f}"


def _memory() -> Iterator[tuple[str, str, str]]:
    """Resident memory after 10 and after 100 epochs of 1,000 small pictures."""
    from pyramid.data.pipeline import training_batches

    source = _source(*_data(1000, 32), EVERYTHING)
    batches = iter(training_batches(source))
    sizes = []
    for epoch in range(100):
        for _ in range(1000 // BATCH):
            next(batches)
        if epoch in (9, 99):
            sizes.append(psutil.Process().memory_info().rss / 1e6)
    name = "memory after 100 epochs of 1,000 pictures 32×32 with all augmentations, against 10"
    yield name, "no growth", f"{sizes[1] - sizes[0]:+.1f} MB of {sizes[0]:,.0f} MB"


def _data(rows: int, side: int) -> tuple[Images, Any]:
    from pyramid.data.dataset import Dataset

    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (rows, side, side, 3), np.uint8)
    targets = rng.integers(0, 10, rows).astype(np.float32)
    classes = [str(i) for i in range(10)]
    return pictures, Dataset(targets, np.ones(rows, np.float32), np.arange(rows), np.arange(0), classes, 0.0, 1.0)


def _source(pictures: Images, dataset: Any, chosen: dict[str, float]) -> Any:
    from pyramid.data.pipeline import BatchSource

    return BatchSource(pictures, dataset, BATCH, False, 0, chosen)


if __name__ == "__main__":
    main()
