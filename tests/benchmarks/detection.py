"""The figures of object detection, printed as rows of a table.

Run it alone on a quiet machine, after bin/test has installed everything (25 minutes):

    ~/.virtualenvs/pyramid/bin/python tests/benchmarks/detection.py
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import RANDOM, alone, compare, read, seconds
from shapes import NAMES, make_picture, write_pictures

SIDE, BATCH, PICTURES = 128, 16, 400
AUGMENTATIONS = ["horizontal_flip", "vertical_flip", "zoom", "width_shift", "height_shift", "brightness", "contrast"]

#: Seconds after which the best so far is told.
MARKS = (120, 240, 480)


def main() -> None:
    print("| figure | wanted | measured |\n| --- | --- | --- |")
    for figure, wanted, measured in chain(speed(), yolov4(), precision(), stability()):
        print(f"| {figure} | {wanted} | {measured} |", flush=True)


def speed() -> Iterator[tuple[str, str, str]]:
    """The loop, the part of the targets in a step, and a check of the holdout."""
    for what, augmentations in (("", []), (", augmented", AUGMENTATIONS)):
        training, learner, resident = _training(augmentations=augmentations)
        ratio, rate = compare(learner, resident)
        name = f"images/s of the loop against the bare step, `tinyyolov4` {SIDE}×{SIDE}, batch {BATCH}{what}"
        yield name, "–" if what else "≥ 0.85", f"{ratio:.2f} ({rate:,.0f} images/s)"
    share = _target_seconds(training, resident) * rate / BATCH
    yield "part of a step that the targets take", "≤ 0.05", f"{share:.3f}"
    holdout = training._holdout
    holdout.rows = np.arange(PICTURES // 5)
    holdout.predict(learner)
    taken = seconds(lambda: holdout.headline(holdout.predict(learner)))
    yield f"check of {len(holdout.rows)} pictures, mAP included", "≤ 5 s", f"{taken:.2f} s"


def _training(seed: int = 0, augmentations: Sequence[str] = (), network: str = "tinyyolov4", side: int = SIDE) -> Any:
    """A training that has taken its first step, what learns, and a batch that is there already."""
    from pyramid.data.boxes import box_targets
    from pyramid.data.dataset import Dataset
    from pyramid.search.candidates import candidates
    from pyramid.settings.objectives import BOUNDING_BOX
    from pyramid.settings.train import TrainSettings
    from pyramid.tf import tf
    from pyramid.training.candidate import Look
    from pyramid.training.trial import CandidateTraining

    made = [make_picture(0, number, side) for number in range(PICTURES)]
    pictures = np.stack([pixels for pixels, _ in made])
    sizes = np.full((PICTURES, 2), side, np.int32)
    targets = box_targets([boxes for _, boxes in made], list(NAMES), sizes, side)
    held = PICTURES // 5
    dataset = Dataset(
        targets,
        np.ones(PICTURES, np.float32),
        np.arange(held, PICTURES),
        np.arange(held),
        list(NAMES),
        0.0,
        1.0,
        sizes.max(1).astype(np.float32),
    )
    batch = BATCH if side == SIDE else 4
    settings = TrainSettings(
        image_network_candidates=[[network, RANDOM]],
        batch_size=batch,
        image_augmentations=list(augmentations),
        seed=seed,
    )
    [candidate] = candidates(settings, Look(side, side, "pad"), BOUNDING_BOX, "", dataset, {})
    training = CandidateTraining(candidate, pictures, dataset, Path(tempfile.mkdtemp()))
    resident = [tf.constant(array[:batch]) for array in (pictures, targets, dataset.weights)]
    return training, training._learner, resident


def _target_seconds(training: Any, resident: list[Any]) -> float:
    from pyramid.tf import tf
    from pyramid.training.detection.overlap import centred
    from pyramid.training.detection.targets import assign

    branches = training._task._branches

    @tf.function
    def assigned(targets: Any) -> Any:
        boxes, names = centred(targets[..., :4]), targets[..., 4]
        return [tuple(assign(boxes, names, b, branches, SIDE // b.stride)) for b in branches]

    assigned(resident[1])
    return min(seconds(lambda: [assigned(resident[1]) for _ in range(20)]) / 20 for _ in range(5))


def yolov4() -> Iterator[tuple[str, str, str]]:
    """Two steps at 416×416, and the model's file, each in a process of its own."""
    taken, memory = alone(_two_steps)
    yield "`yolov4` 416×416: first two steps of batch 4, from nothing", "≤ 120 s", f"{taken:.0f} s ({memory:.1f} GB)"
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.json")
        taken, memory = alone(partial(_write, path))
        size = Path(path).stat().st_size / 1e6
        yield (
            "its 64 million weights written as JSON",
            "≤ 20 s, 6 GB",
            f"{taken:.0f} s, {memory:.1f} GB ({size:.0f} MB)",
        )
        taken, memory = alone(partial(read, path))
        yield "and made a model by `create_model`", "≤ 90 s, 6 GB", f"{taken:.0f} s, {memory:.1f} GB"


def _two_steps() -> float:
    began = time.perf_counter()
    _, learner, _ = _training(network="yolov4", side=416)
    learner.run(1)
    return time.perf_counter() - began


def _write(path: str) -> float:
    from pyramid.networks.yolo import build_detector
    from pyramid.training.storage import write_document

    anchors = [[10.0 * i, 12.0 * i] for i in range(1, 10)]
    detector = build_detector("yolov4", 416, 80, anchors, 0)
    began = time.perf_counter()
    metadata = {
        "base_image_network": "yolov4",
        "input_image_shape": [416, 416, 3],
        "loading_method": detector.loading_method,
        "rescale_type": "pad",
        "outputs": detector.outputs,
    }
    document = {
        "preprocess": [{"type": "image", "index": 0}],
        "layers": [],
        "trees": None,
        "image_network": {"layers": detector.image_layers(), "metadata": metadata},
        "output_exposition": {"type": "bounding_box", "values": [str(i) for i in range(80)]},
    }
    write_document(Path(path), document)
    return time.perf_counter() - began


def precision() -> Iterator[tuple[str, str, str]]:
    """A training of eight minutes, with and without mosaic."""
    plain = dict.fromkeys(AUGMENTATIONS)
    for what, ranges in (("", plain), (", with mosaic", plain | {"mosaic": None})):
        marks, best, rate = _train(ranges)
        shown = ", ".join(f"{value:.2f} after {mark // 60} min" for mark, value in marks.items())
        name = f"{PICTURES} made pictures {SIDE}×{SIDE}, `tinyyolov4`, 8 minutes{what}: mAP@0.5 (mAP@[.5:.95])"
        measured = f"{best['map_50']:.2f} ({best['map']:.2f}); {shown}; {rate:.0f} images/s"
        yield name, "≥ 0.80 (0.60)", measured


def _train(ranges: dict[str, None]) -> tuple[dict[int, float], dict[str, float], float]:
    """The best mAP@0.5 at each of MARKS, the metrics at the end, and images/s."""
    from pyramid import api
    from pyramid.engine.events import Update

    best: dict[int, float] = {}

    def tell(event: Any) -> None:
        if isinstance(event, Update) and event.progress and event.progress.value is not None:
            for mark in MARKS:
                if event.progress.elapsed <= mark:
                    best[mark] = event.progress.value

    with tempfile.TemporaryDirectory() as folder:
        document = {
            "training_data": write_pictures(Path(folder) / "pictures", PICTURES, side=SIDE),
            "image_root": str(Path(folder) / "pictures"),
            "input_image_shape": [SIDE, SIDE, 3],
            "batch_size": BATCH,
            "augmentation_ranges": ranges,
            "max_total_time": MARKS[-1],
            "output_directory": str(Path(folder) / "model"),
        }
        results = api.train(document, tell)
    [candidate] = results["candidates"]
    return best, candidate["metrics"], candidate["images_per_second"]


def stability(steps: int = 40) -> Iterator[tuple[str, str, str]]:
    """Five seeds at the default learning rate, and what becomes of them without each of the measures."""
    from pyramid.networks import yolo
    from pyramid.search import candidates
    from pyramid.training import loop

    variants: dict[str, list[tuple[Any, str, Any]]] = {
        "": [],
        " without warm-up": [(candidates, "DETECTOR_WARMUP", 0)],
        " without clipped gradients": [(loop, "GRADIENT_NORM", 1e9)],
        " without the prior": [(yolo, "PRIOR", 0.5)],
        " without any of the three": [
            (candidates, "DETECTOR_WARMUP", 0),
            (loop, "GRADIENT_NORM", 1e9),
            (yolo, "PRIOR", 0.5),
        ],
    }
    for name, changes in variants.items():
        before = [(module, key, getattr(module, key)) for module, key, _ in changes]
        for module, key, value in changes:
            setattr(module, key, value)
        losses = [_losses(seed, steps) for seed in range(5)]
        for module, key, value in before:
            setattr(module, key, value)
        finite = sum(bool(np.isfinite(of_seed).all()) for of_seed in losses)
        worst = max(max(of_seed) for of_seed in losses)
        last = ", ".join(f"{of_seed[-1]:.1f}" for of_seed in losses)
        wanted = "5 of 5 finite" if not name else "–"
        yield (
            f"{steps} steps from five seeds{name}",
            wanted,
            f"{finite} of 5 finite, worst {worst:.0f}, at the end {last}",
        )


def _losses(seed: int, steps: int) -> list[float]:
    """The mean loss of every ten steps."""
    from pyramid.tf import tf

    tf.keras.backend.clear_session()
    _, learner, _ = _training(seed, AUGMENTATIONS)
    return [learner.run(10) for _ in range(steps // 10)]


if __name__ == "__main__":
    main()
