"""Two small branches, and raw outputs that say what they are told to, made without the code under test."""

import numpy as np

from pyramid.networks.yolo import Branch

#: Of an input of 64 pixels: 4×4 cells of 16 pixels and 2×2 of 32.
SIDE = 64
CLASSES = 3
BRANCHES = [
    Branch(layer=0, stride=16, anchors=[[8.0, 8.0], [16.0, 16.0], [10.0, 30.0]], xyscale=1.05),
    Branch(layer=1, stride=32, anchors=[[30.0, 30.0], [32.0, 60.0], [60.0, 60.0]], xyscale=1.05),
]


def write_box(raw, branch, anchor, corners, name, certainty=20.0):
    """Write a box into the outputs of a branch for one picture: [cells, cells, anchors, 5 + classes]."""
    x1, y1, x2, y2 = corners
    x, y = (x1 + x2) / 2 / branch.stride, (y1 + y2) / 2 / branch.stride
    cell = raw[int(y), int(x), anchor]
    within = (np.array([x % 1, y % 1]) + (branch.xyscale - 1) / 2) / branch.xyscale
    cell[:2] = np.log(within / (1 - within))
    cell[2:4] = np.log(np.array([x2 - x1, y2 - y1]) / branch.anchors[anchor])
    cell[4] = certainty
    cell[5:] = -certainty
    cell[5 + name] = certainty
