"""Random inputs that a model must accept, to compare two forms of it."""

from typing import Any

import numpy as np

from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.accessors import is_yolo_model  # isort: skip
from sensenet.constants import NUMERIC_INPUTS, PIXEL_INPUTS  # isort: skip

ROWS = 8


def example_inputs(document: dict[str, Any], seed: int) -> dict[str, Any]:
    """The names of the inputs of the ``document``'s model -> float32 tensors, drawn from ``seed``.

    Numbers lie around the mean of their column, categories are any of their column or none (-1), and pictures are
    noise of the network's size. There are 8 rows; a detector takes one picture.
    """
    random = np.random.default_rng(seed)
    columns = document["preprocess"]
    images = sum(column["type"] == "image" for column in columns)
    rows = 1 if is_yolo_model(document) else ROWS
    inputs = {}
    if images < len(columns):
        inputs[NUMERIC_INPUTS] = np.stack([_values(column, rows, random) for column in columns], axis=1)
    if images:
        inputs[PIXEL_INPUTS] = _pictures(document, rows, images, random)
    return {name: tf.constant(values, tf.float32) for name, values in inputs.items()}


def _values(column: dict[str, Any], rows: int, random: np.random.Generator) -> Any:
    """The input of one column [rows]; zeros stand where a picture is."""
    if column["type"] == "image":
        return np.zeros(rows)
    if column["type"] == "categorical":
        return random.permutation(np.arange(rows) % (len(column["values"]) + 1) - 1)
    if "mean" in column:
        return random.normal(column["mean"], column["stdev"], rows)
    return random.choice([column["zero_value"], column["one_value"]], rows)


def _pictures(document: dict[str, Any], rows: int, images: int, random: np.random.Generator) -> Any:
    """[rows, height, width, 3], or [rows, images, height, width, 3] when a row has several."""
    width, height, _ = document["image_network"]["metadata"]["input_image_shape"]
    pictures = random.integers(0, 256, (rows, images, height, width, 3))
    return pictures if images > 1 else pictures[:, 0]
