"""Small models of every kind, made without training, and pictures of several sizes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from PIL import Image

from pyramid.training.network import build_network
from tests.candidates import CANDIDATE
from tests.networks.initial.models import write_model

WIDTH, HEIGHT = 32, 24
_RANDOM = np.random.default_rng(11)


def write_classifier(path: Path, rescale_type: str, network: str = "simple") -> Path:
    """Of three classes; its probabilities depend on the picture."""
    candidate = replace(
        CANDIDATE, network=network, width=WIDTH, height=HEIGHT, rescale_type=rescale_type, classes=["ant", "bee", "cat"]
    )
    return write_model(path, candidate, build_network(candidate))


def write_regressor(path: Path) -> Path:
    candidate = replace(
        CANDIDATE,
        objective="numeric",
        classes=[],
        mean=100.0,
        stdev=4.0,
        width=WIDTH,
        height=HEIGHT,
        rescale_type="crop",
    )
    return write_model(path, candidate, build_network(candidate))


def write_detector(path: Path) -> Path:
    """Of two grids of 4 and 2 cells for pictures of 64×64; it sees several objects in every picture."""
    layers = [
        _convolution((9, 9, 3, 6), 8, 0.02),
        {"type": "activation", "activation_function": "leaky_relu"},
        {"type": "max_pool_2d", "pool_size": [2, 2], "strides": [2, 2], "padding": "same"},
        _convolution((1, 1, 6, 14), 1, 1.5),
        _convolution((3, 3, 14, 14), 2, 0.3, inputs=[3]),
    ]
    outputs = [
        {"input": 3, "strides": 16, "anchors": [[18.0, 19.0], [12.0, 17.0]], "xyscale": 1.05},
        {"input": 4, "strides": 32, "anchors": [[38.0, 29.0], [22.0, 27.0]], "xyscale": 1.05},
    ]
    metadata = {"base_image_network": "tinyyolov4", "input_image_shape": [64, 64, 3], "loading_method": "centering"}
    return _write(
        path,
        {
            "preprocess": [{"type": "image", "index": 0}],
            "image_network": {"layers": layers, "metadata": metadata | {"outputs": outputs, "rescale_type": "pad"}},
            "output_exposition": {"type": "bounding_box", "values": ["cat", "dog"]},
            "trees": None,
            "layers": [],
        },
    )


def _convolution(shape: tuple[int, ...], stride: int, scale: float, **more: Any) -> dict[str, Any]:
    kernel = _RANDOM.normal(0.0, scale, shape).astype(np.float32)
    if shape[3] == 14:  # two anchors of 7: the sizes of boxes shall be near those of their anchor
        kernel.reshape(-1, 2, 7)[:, :, 2:4] *= 0.05
    bias = _RANDOM.normal(0.3, 0.1, shape[3]).astype(np.float32)
    kind = {"type": "convolution_2d", "kernel": kernel, "bias": bias, "strides": [stride, stride]}
    return kind | {"padding": "same", "activation_function": None} | more


def write_table(path: Path) -> Path:
    """Two numbers and a category, and trees over them -> two classes."""
    columns = [
        {"type": "numeric", "index": 0, "mean": 5.0, "stdev": 2.0},
        {"type": "categorical", "index": 1, "values": ["a", "b", "c"]},
        {"type": "numeric", "index": 2, "mean": -1.0, "stdev": 0.0},
    ]
    split = [1, 0.5, [[0.3, 0.7], None], [[0.6, 0.4], None]]
    trees = [[[0, 5], [[0, 0.1, [[0.2, 0.8], None], split], split]], [[1, 4], [split]]]
    dense = {"weights": _RANDOM.normal(size=(9, 2)).astype(np.float32), "offset": np.zeros(2, np.float32)}
    layers = [{"type": "dense", "activation_function": "softmax"} | dense]
    exposition = {"type": "categorical", "values": ["yes", "no"]}
    return _write(
        path,
        {
            "preprocess": columns,
            "image_network": None,
            "output_exposition": exposition,
            "trees": trees,
            "layers": layers,
        },
    )


def _write(path: Path, document: dict[str, Any]) -> Path:
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))
    return path


def write_pictures(folder: Path) -> list[Path]:
    """Of several sizes and kinds, one of them just as large as a classifier's input."""
    folder.mkdir()
    paths = []
    for i, (width, height, ending) in enumerate(
        [(61, 37, "png"), (30, 20, "jpg"), (WIDTH, HEIGHT, "png"), (40, 130, "bmp")]
    ):
        coarse = np.random.default_rng(i).integers(0, 256, (9, 7, 3)).astype(np.uint8)
        paths.append(folder / f"{i}.{ending}")
        Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST).save(paths[-1])
    return paths
