"""Small models that were never trained, whose predictions differ from picture to picture, and pictures for them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from pyramid.finalize.document import model_document
from pyramid.finalize.workspace import FINAL_MODEL_FILE
from pyramid.networks.build import build
from pyramid.networks.yolo import build_detector
from pyramid.training.candidate import WEIGHTS_FILE, Result, Status
from pyramid.training.storage import write_document
from tests.candidates import CANDIDATE

CLASSES = ["ant", "bee", "cat"]
SIDE = 96
ANCHORS = [[8.0, 10.0], [16.0, 14.5], [22.0, 30.0], [40.0, 38.0], [50.0, 70.0], [90.0, 80.0]]


def write_classifier(
    folder: Path, rescale_type: str = "crop", classes: list[str] = CLASSES, seed: int = 99, scale: float = 9
) -> Path:
    """A classifier of pictures of 24×16 pixels; returns its document's path."""
    network = build("simple", 24, 16, len(classes), categorical=True, seed=seed)
    for layer in network.readout:  # surer than new weights are
        layer.set_weights([weights * scale for weights in layer.get_weights()])
    return _written(
        folder, network, replace(CANDIDATE, width=24, height=16, classes=classes, rescale_type=rescale_type)
    )


def write_regressor(folder: Path) -> Path:
    """A network for values around 10."""
    network = build("simple", 24, 16, 1, categorical=False, seed=99)
    numeric = {"objective": "numeric", "classes": [], "mean": 10.0, "stdev": 4.0}
    return _written(folder, network, replace(CANDIDATE, width=24, height=16, loss_function="huber", **numeric))


def write_detector(folder: Path, seed: int = 1) -> Path:
    """A detector that sees objects everywhere, sure ones and unsure ones."""
    detector = build_detector("tinyyolov4", SIDE, 3, ANCHORS, seed=seed)
    pictures = np.random.default_rng(0).integers(0, 256, (8, SIDE, SIDE, 3)).astype(np.float32)
    detector.model(pictures, training=True)  # so that the moving averages are not those of no picture at all
    for layer in detector.readout:
        kernel, bias = (weights.reshape(*weights.shape[:-1], 3, 8) for weights in layer.get_weights())
        bias[:, 4] = 0
        kernel[..., 4:] *= 40
        layer.set_weights([kernel.reshape(*kernel.shape[:-2], -1), bias.ravel()])
    shape = {"width": SIDE, "height": SIDE, "rescale_type": "pad", "anchors": ANCHORS}
    plain = {"network": "tinyyolov4", "objective": "bounding_box", "classes": CLASSES, "selection_metric": "map_50"}
    return _written(folder, detector, replace(CANDIDATE, **shape, **plain))


def _written(folder: Path, network, candidate) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    network.model.save_weights(folder / WEIGHTS_FILE)
    result = Result(candidate.name, candidate.network, candidate.method, Status.FINISHED, metrics={"likelihood": 0.5})
    write_document(folder / FINAL_MODEL_FILE, model_document(candidate, result, folder / WEIGHTS_FILE))
    return folder / FINAL_MODEL_FILE


def write_pictures(folder: Path) -> list[str]:
    """Pictures of different sizes, kinds and modes; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(5)
    kinds = [
        ("a.jpg", "RGB", (120, 90)),
        ("b.png", "RGBA", (33, 71)),
        ("c.bmp", "RGB", (24, 16)),
        ("d.gif", "P", (50, 50)),
        ("e.jpg", "L", (200, 40)),
        ("f.webp", "RGB", (64, 64)),
    ]
    for name, mode, (width, height) in kinds:
        coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3)).astype(np.uint8))
        coarse.resize((width, height), Image.Resampling.BICUBIC).convert(mode).save(folder / name)
    return [str(folder / name) for name, *_ in kinds]
