"""The batches that a trial would learn from, without a training: only their own pictures are read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import make_dataset
from pyramid.data.examples import Examples
from pyramid.data.files import read_header
from pyramid.data.image import BadImageError, read_image
from pyramid.data.pipeline import BatchSource
from pyramid.errors import DataError
from pyramid.networks.initial.read import InitialModel
from pyramid.report.sheets import Box
from pyramid.search.candidates import looks
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.settings.train import TrainSettings
from pyramid.tf import tf

Pixels = npt.NDArray[np.uint8]

#: The most pictures of a batch that are shown.
MOST = 64


@dataclass
class Preview:
    """The first pictures of a batch, without those that cannot be read.

    Attributes:
        number: of the batch, from 1 on.
        size: pictures of the whole batch.
        originals, augmented: uint8 [b, h, w, 3].
        labels: the class, or the value, or the classes of all boxes.
        boxes, augmented_boxes: of each picture; empty where labels are learned.
    """

    number: int
    size: int
    originals: Pixels
    augmented: Pixels
    labels: list[str]
    boxes: list[list[Box]]
    augmented_boxes: list[list[Box]]


@dataclass
class Files:
    """Gives pictures as an array of all of them would, but reads them when they are asked for.

    Attributes:
        files: a path for each row.
        shape: of the array that it stands for.
        bad: row -> why it could not be read.
    """

    files: list[str]
    shape: tuple[int, int, int, int]
    rescale_type: str
    bad: dict[int, str] = field(default_factory=dict)

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Pixels:
        read = {row: self._read(int(row)) for row in set(rows.tolist())}
        return np.stack([read[row] for row in rows.tolist()])

    def _read(self, row: int) -> Pixels:
        _, height, width, _ = self.shape
        try:
            return read_image(self.files[row], width, height, self.rescale_type)
        except BadImageError as error:
            self.bad[row] = str(error)
            return np.zeros(self.shape[1:], np.uint8)


def preview(
    settings: TrainSettings, examples: Examples, models: Sequence[InitialModel], batches: int
) -> tuple[list[Preview], dict[str, str]]:
    """The first ``batches`` batches of the first candidate, and the files that could not be read, with the reason.

    They are those of the training when all files can be read: a bad one is drawn here and left out there. A batch of
    bad ones alone is left out.

    Raises:
        DataError: no picture of these batches can be read, or one cannot with `on_bad_image: fail`.
    """
    width, height, fitted = looks(settings, examples, models)[0]
    sizes = _sizes(examples)
    dataset, _ = make_dataset(settings, examples, {}, sizes, (width, height))
    files = Files(examples.files, (len(examples.files), height, width, 3), fitted)
    pictures: Any = files
    batch_size, balance, seed = settings.batch_size, settings.balance_objective, settings.seed
    source = BatchSource(pictures, dataset, batch_size, balance, seed, settings.augmentations(examples.objective))
    previews = [_preview(source, files, dataset.classes, k) for k in range(batches)]
    bad = {files.files[row]: reason for row, reason in files.bad.items()}
    listed = [f"{file}: {why}" for file, why in bad.items()]
    if bad and settings.on_bad_image == "fail":
        raise DataError([*listed, "on_bad_image is fail: mend these files or set it to skip"])
    if not any(preview.labels for preview in previews):
        where = "first batch" if batches == 1 else f"first {batches} batches"
        raise DataError([f"training_data: no picture of the {where} can be read:", *listed])
    return [preview for preview in previews if preview.labels], bad


def _sizes(examples: Examples) -> npt.NDArray[np.int32]:
    """Width and height of each picture; only boxes need them."""
    if examples.objective != BOUNDING_BOX:
        return np.zeros((len(examples.files), 2), np.int32)
    headers = [read_header(file) for file in examples.files]
    return np.array([(header.width, header.height) for header in headers], np.int32)


def _preview(source: BatchSource, files: Files, classes: list[str], k: int) -> Preview:
    pictures, targets, _, draws = source.gather(k, MOST)
    tensors = source.change(tf.constant(pictures), tf.constant(targets), tf.constant(draws))
    augmented, moved = (tensor.numpy() for tensor in tensors)
    good = np.array([int(row) not in files.bad for row in source.rows(k)[:MOST]])
    if source.combines:  # each picture is first, before those that it is combined with
        pictures, targets = pictures[:, 0], targets[:, 0]
    if source.target_shape:
        before, after = ([_boxes(boxes, classes) for boxes in part[good]] for part in (targets, moved))
        labels = [", ".join(box.name for box in boxes) or "no object" for boxes in before]
    else:
        before = after = [[] for _ in targets[good]]
        labels = [classes[int(target)] if classes else f"{target:.6g}" for target in targets[good]]
    return Preview(k + 1, source.batch_size, pictures[good], augmented[good], labels, before, after)


def _boxes(boxes: npt.NDArray[np.float32], classes: list[str]) -> list[Box]:
    there = boxes[boxes[:, 4] >= 0].tolist()
    return [Box(x1, y1, x2, y2, classes[int(name)]) for x1, y1, x2, y2, name in there]
