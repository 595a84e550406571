"""The figures of pretrained weights, printed as rows of a table.

Run it alone on a quiet machine, after bin/test has installed everything (8 minutes):

    ~/.virtualenvs/pyramid/bin/python tests/benchmarks/pretrained.py
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import RANDOM, alone, read, seconds
from photographs import CLASSES, torchvision_file, write_few

SIDE = 96


def main() -> None:
    print("| figure | wanted | measured |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BIGML_SENSENET_CACHE_PATH"] = folder
        _import()
        for figure, wanted, measured in chain(cache(), document(), memory(), few_pictures()):
            print(f"| {figure} | {wanted} | {measured} |", flush=True)


def _import() -> None:
    from pyramid.networks.weights.importing import import_weights

    import_weights("mobilenetv2", torchvision_file(), lambda part, head: None)


def cache() -> Iterator[tuple[str, str, str]]:
    """Images/s of a frozen phase with features that were computed before, and with features computed each time."""
    cached, uncached = _training("use_pretrained", SIDE), _training("use_pretrained", SIDE, max_data_size=1)
    for training in (cached, uncached):
        training._learner.run(30)  # an epoch, so that all features are known
    pairs = [(_rate(cached, 500), _rate(uncached, 10)) for _ in range(5)]
    ratio = statistics.median(fast / slow for fast, slow in pairs)
    rates = [statistics.median(rate) for rate in zip(*pairs, strict=True)]
    name = f"images/s of a frozen phase with cached features against uncached ones, `mobilenetv2` {SIDE}×{SIDE}"
    yield name, "≥ 8 ×", f"{ratio:.0f} × ({rates[0]:,.0f} and {rates[1]:,.0f} images/s)"


def _rate(training: Any, steps: int) -> float:
    return steps * 32 / seconds(partial(training._learner.run, steps))


def _training(method: str, side: int, **changes: Any) -> Any:
    """A training of mobilenetv2 with the published weights that has taken its first step, in batches of 32."""
    from pyramid.data.dataset import Dataset
    from pyramid.search.candidates import candidates
    from pyramid.search.starts import Starts, load_starts
    from pyramid.settings.objectives import CATEGORICAL
    from pyramid.settings.train import TrainSettings
    from pyramid.training.candidate import Look
    from pyramid.training.trial import CandidateTraining

    rows = 320
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (rows, side, side, 3), np.uint8)
    targets = rng.integers(0, 4, rows).astype(np.float32)
    dataset = Dataset(targets, np.ones(rows, np.float32), np.arange(rows), np.arange(64), list("abcd"), 0.0, 1.0)
    settings = TrainSettings(image_network_candidates=[["mobilenetv2", method]])
    look = Look(side, side, "crop")
    [candidate] = candidates(settings, look, CATEGORICAL, "crossentropy", dataset, {})
    candidate = replace(candidate, **changes)
    weights, _ = load_starts([candidate], Starts(), lambda text: None)
    folder = Path(tempfile.mkdtemp())
    return CandidateTraining(candidate, pictures, dataset, folder, start=weights[candidate.name])


def document() -> Iterator[tuple[str, str, str]]:
    """The model's file, written and read, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.json")
        taken, used = alone(partial(_write, path))
        size = Path(path).stat().st_size / 1e6
        yield "document of a `mobilenetv2` written as JSON", "≤ 3 s", f"{taken:.1f} s, {used:.1f} GB ({size:.0f} MB)"
        taken, used = alone(partial(read, path))
        yield "and made a model by `create_model`", "≤ 8 s", f"{taken:.1f} s, {used:.1f} GB"


def _write(path: str) -> float:
    from pyramid.finalize.document import model_document
    from pyramid.training.candidate import Result, Status
    from pyramid.training.storage import save, write_document

    training = _training("use_pretrained", SIDE)
    candidate, folder = training._candidate, Path(path).parent
    result = Result(candidate.name, candidate.network, candidate.method, Status.FINISHED)
    save(folder, training._learner.model, candidate, result)
    began = time.perf_counter()
    write_document(Path(path), model_document(candidate, result, folder / "model_weights.h5"))
    return time.perf_counter() - began


def memory() -> Iterator[tuple[str, str, str]]:
    """What a fine-tuning takes, its pictures (48 MB) aside."""
    _, used = alone(_fine_tune)
    yield "peak memory of `fine_tune`, `mobilenetv2` 224×224, batch 32", "–", f"{used:.1f} GB"


def _fine_tune() -> float:
    from pyramid.training.schedule import PHASES

    training = _training("fine_tune", 224)
    training._learner.enter(PHASES["fine_tune"][1])
    return seconds(partial(training._learner.run, 3))


def few_pictures() -> Iterator[tuple[str, str, str]]:
    """20 pictures a class to learn from, a minute for each candidate."""
    from pyramid import api

    methods = [RANDOM, "use_pretrained", "fine_tune"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training, validation = write_few(folder)
        results = api.train(
            {
                "training_data": training,
                "validation_data": validation,
                "image_root": str(folder),
                "input_image_shape": [SIDE, SIDE, 3],
                "image_network_candidates": [["mobilenetv2", method] for method in methods],
                "max_total_time": 60 * len(methods),
                "output_directory": str(folder / "model"),
            }
        )
    for candidate in results["candidates"]:
        shown = ", ".join(f"{name} {candidate['metrics'][name]:.3f}" for name in ("accuracy", "likelihood"))
        what = f"{len(training) // len(CLASSES)} pictures a class of {', '.join(CLASSES)}, {SIDE}×{SIDE}, 60 s"
        yield f"{what}: `mobilenetv2` `{candidate['method']}`", "–", shown


if __name__ == "__main__":
    main()
