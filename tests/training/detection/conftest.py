"""Boxes and raw outputs of two small branches."""

import numpy as np
import pytest

from pyramid.tf import tf
from tests.training.detection.raw import BRANCHES, CLASSES, SIDE, write_box


@pytest.fixture
def branches():
    return BRANCHES


@pytest.fixture
def padded():
    """Boxes of each picture, filled up: float32 [b, n, 5]."""

    def fill(*pictures):
        most = max(1, *map(len, pictures))
        filled = [[*boxes, *([[0, 0, 0, 0, -1]] * (most - len(boxes)))] for boxes in pictures]
        return tf.constant(filled, tf.float32)

    return fill


@pytest.fixture
def background():
    """Raw outputs [b, cells, cells, 3, 8] of each branch that are sure of there being nothing."""

    def outputs(batch):
        raws = []
        for branch in BRANCHES:
            raw = np.zeros((batch, SIDE // branch.stride, SIDE // branch.stride, 3, 5 + CLASSES), np.float32)
            raw[..., 4:] = -20
            raws.append(raw)
        return raws

    return outputs


@pytest.fixture
def encode():
    return write_box
