"""Two small branches, and predictions that say what they are told to."""

import numpy as np
import pytest

from pyramid.networks.yolo import Branch
from pyramid.tf import tf

#: Of an input of 64 pixels: 4×4 cells of 16 pixels and 2×2 of 32.
SIDE = 64
CLASSES = 3
BRANCHES = [
    Branch(layer=0, stride=16, anchors=[[8.0, 8.0], [16.0, 16.0], [10.0, 30.0]], xyscale=1.05),
    Branch(layer=1, stride=32, anchors=[[30.0, 30.0], [32.0, 60.0], [60.0, 60.0]], xyscale=1.05),
]


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


def logit(share):
    return np.log(share / (1 - share))


@pytest.fixture
def encode():
    """Write a box into the outputs of a branch: raw numbers that decode to it, made without the code under test."""

    def write(raw, branch, anchor, corners, name, certainty=20.0):
        x1, y1, x2, y2 = corners
        x, y = (x1 + x2) / 2 / branch.stride, (y1 + y2) / 2 / branch.stride
        cell = raw[int(y), int(x), anchor]
        within = (np.array([x % 1, y % 1]) + (branch.xyscale - 1) / 2) / branch.xyscale
        cell[:2] = logit(within)
        cell[2:4] = np.log(np.array([x2 - x1, y2 - y1]) / branch.anchors[anchor])
        cell[4] = certainty
        cell[5:] = -certainty
        cell[5 + name] = certainty

    return write
