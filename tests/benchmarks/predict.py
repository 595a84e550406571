"""The figures of predicting, printed as rows of a table.

Run it alone on a quiet machine, after bin/test has installed everything (3 minutes):

    ~/.virtualenvs/pyramid/bin/python tests/benchmarks/predict.py
"""

import contextlib
import io
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import seconds
from candidates import CANDIDATE

PICTURES, SIZE, SIDE, CLASSES = 300, (500, 375), 224, list("abcde")

#: Each is measured so often, in turn; the median counts. The wrapper is called for the first few pictures alone.
ROUNDS, WRAPPED = 5, 30


def main() -> None:
    print("| figure | wanted | measured |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for figure, wanted, measured in speed(Path(folder)):
            print(f"| {figure} | {wanted} | {measured} |", flush=True)


def speed(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Pictures in JPEG files, against the network alone and against sensenet file by file."""
    from pyramid.prediction.model import load_model

    from sensenet.models.wrappers import create_model  # isort: skip

    files, path = write_photographs(folder), write_mobilenet(folder)
    model, wrapper = load_model(path), create_model(str(path))
    size = model.batch_size()
    pixels = np.random.default_rng(0).integers(0, 256, (size, SIDE, SIDE, 3)).astype(np.uint8)
    batches = PICTURES // size
    forward: Any = model._forward

    def bare() -> None:
        for _ in range(batches):
            forward(pixels, np.zeros((size, 2), np.int32))

    def ours() -> None:
        for _ in model.pictures(files):
            pass

    def one_by_one() -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # Keras tells of every batch
            for file in files[:WRAPPED]:
                wrapper(file)

    for work in (bare, ours, one_by_one):
        work()
    rounds = [(seconds(bare), seconds(ours), seconds(one_by_one)) for _ in range(ROUNDS)]
    rates = [(batches * size / a, PICTURES / b, WRAPPED / c) for a, b, c in rounds]
    bare_rate, our_rate, wrapped_rate = (statistics.median(rate) for rate in zip(*rates, strict=True))
    against_bare = statistics.median(b / a for a, b, _ in rates)
    against_wrapper = statistics.median(b / c for _, b, c in rates)
    of = f"`mobilenetv2` {SIDE}×{SIDE}, batches of {size}, JPEG files of {SIZE[0]}×{SIZE[1]}"
    yield f"images/s of predict against the bare forward pass, {of}", "≥ 0.9", f"{against_bare:.2f}"
    yield "images/s of predict against sensenet file by file", "≥ 10", f"{against_wrapper:.1f}"
    told = f"{our_rate:,.0f}, {bare_rate:,.0f} and {wrapped_rate:,.1f} images/s"
    yield "predict, forward pass, sensenet", "–", told


def write_photographs(folder: Path) -> list[str]:
    """Parts of photographs of scikit-learn's and scikit-image's, as JPEG files."""
    from skimage import data
    from sklearn.datasets import load_sample_images

    random = np.random.default_rng(0)
    sources = [*load_sample_images().images, data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    files = []
    for i in range(PICTURES):
        source = sources[i % len(sources)]
        high, wide = (int(side * random.uniform(0.6, 1)) for side in source.shape[:2])
        top, left = random.integers(source.shape[0] - high + 1), random.integers(source.shape[1] - wide + 1)
        part = Image.fromarray(source[top : top + high, left : left + wide])
        files.append(str(folder / f"{i:03d}.jpg"))
        part.resize(SIZE, Image.Resampling.BICUBIC).save(files[-1], quality=88)
    return files


def write_mobilenet(folder: Path) -> Path:
    """The document of a network with new weights: how fast it is does not hang on them."""
    from pyramid.finalize.document import model_document
    from pyramid.networks.build import build
    from pyramid.training.candidate import WEIGHTS_FILE, Result, Status
    from pyramid.training.storage import write_document

    shape = {"network": "mobilenetv2", "width": SIDE, "height": SIDE, "rescale_type": "crop", "classes": CLASSES}
    candidate = replace(CANDIDATE, **shape)  # type: ignore[arg-type]
    build("mobilenetv2", SIDE, SIDE, len(CLASSES), True, 1).model.save_weights(folder / WEIGHTS_FILE)
    result = Result(candidate.name, candidate.network, candidate.method, Status.FINISHED)
    write_document(folder / "final_model.json", model_document(candidate, result, folder / WEIGHTS_FILE))
    return folder / "final_model.json"


if __name__ == "__main__":
    main()
