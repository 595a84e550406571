"""A finished model on many inputs, in batches."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.errors import ConfigError
from pyramid.prediction.batches import batches_at_once, pictures_at_once
from pyramid.prediction.decoding import Decoded, decoded
from pyramid.prediction.document import Described, describe
from pyramid.prediction.forward import Rows, forward
from pyramid.prediction.predictions import Limits, Predictions
from pyramid.prediction.streams import in_order
from pyramid.prediction.tables import Chunk, TableRows
from pyramid.settings.columns import IMAGE
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL

#: Rows of a batch of a table, without and with pictures.
_ROWS, _ROWS_WITH_PICTURES = 8192, 32

_NOT_FINITE = "the model predicts no finite number for it"


class Model:
    """A model that can predict.

    Attributes:
        described: what its file says of it.
    """

    def __init__(self, described: Described, limits: Limits = Limits()):  # noqa: B008 - it cannot be changed
        """
        Raises:
            ConfigError: sensenet cannot make it.
        """
        self.described = described
        self._forward = forward(described, limits) if described.pictures else None
        self._rows = None if described.pictures else _rows(described)

    @property
    def objective(self) -> str:
        return self.described.objective

    @property
    def classes(self) -> list[str]:
        return self.described.classes

    def batch_size(self) -> int:
        """Pictures or rows of a batch where nothing is said."""
        look = self.described.look
        if not self.described.pictures:
            images = any(column["type"] == IMAGE for column in self.described.columns)
            return _ROWS_WITH_PICTURES if images else _ROWS
        return 1 if look is None else pictures_at_once(look.width, look.height)

    def pictures(self, files: Sequence[str], batch_size: int | None = None) -> Iterator[Predictions]:
        """Predictions for the picture ``files`` in order; some batches are decoded while others are computed."""
        batches = decoded(files, self.described.look, batch_size or self.batch_size())
        return in_order(self.batch, batches, batches_at_once())

    def batch(self, batch: Decoded) -> Predictions:
        """Predictions for pictures that are decoded."""
        assert self._forward is not None
        return self._checked(list(batch.files), batch.reasons, self._forward(batch.pixels, batch.sizes), batch.sizes)

    def _checked(self, keys: list[str], reasons: list[str], outputs: Any, sizes: Any = None) -> Predictions:
        """Predictions; what is no finite number is none.

        Raises:
            ConfigError: the network has not one output for each class.
        """
        described = self.described
        width = outputs.shape[1] if getattr(outputs, "ndim", 0) == 2 else 1
        if described.objective == CATEGORICAL and len(keys) and width != len(described.classes):
            rule = f"its network has {width} outputs for {len(described.classes)} classes"
            raise ConfigError([f"model: {described.path} is not whole: {rule}"])
        told = [
            why or ("" if np.isfinite(one).all() else _NOT_FINITE) for why, one in zip(reasons, outputs, strict=True)
        ]
        return Predictions(keys, told, outputs, sizes)

    def rows(self, table: TableRows, batch_size: int | None = None) -> Iterator[tuple[Predictions, Chunk]]:
        """Predictions for the rows of ``table``, and these rows."""
        assert self._rows is not None
        for chunk in table.chunks(batch_size or self.batch_size()):
            outputs = self._rows(chunk.numbers, self._pixels(chunk) if chunk.pictures else None)
            keys = [str(chunk.first + 1 + i) for i in range(len(chunk.reasons))]
            yield self._checked(keys, chunk.reasons, outputs), chunk

    def table(self, path: str, batch_size: int | None = None, image_root: str | None = None) -> Iterator[Predictions]:
        """Predictions for the rows of the table ``path``.

        Args:
            image_root: what names of pictures are relative to; by default the table's folder.

        Raises:
            ConfigError, DataError: there is no such table, or it lacks a column.
        """
        with tempfile.TemporaryDirectory(prefix="pyramid-table-") as folder:
            rows = TableRows(self.described, path, Path(folder), image_root=image_root)
            for predictions, _ in self.rows(rows, batch_size):
                yield predictions

    def _pixels(self, chunk: Chunk) -> Any:
        """The pictures of ``chunk``: [rows, height, width, 3], or [rows, images, height, width, 3].

        A missing one is black; a row with one that cannot be read gets a reason.
        """
        columns = []
        for files in chunk.pictures:
            (batch,) = decoded(files, self.described.look, len(files))
            for i, reason in enumerate(batch.reasons):
                if reason and files[i]:
                    chunk.reasons[i] = chunk.reasons[i] or f"{files[i]}: {reason}"
            columns.append(batch.pixels)
        return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _rows(described: Described) -> Rows:
    if described.objective == BOUNDING_BOX:
        raise ConfigError([f"model: {described.path}: finds boxes, but in more than one picture of a row"])
    if described.document is None and any(column["type"] == IMAGE for column in described.columns):
        rule = "a bundle for rows with pictures does not tell their size"
        raise ConfigError([f"model: {described.path}: {rule}; give the final_model.json that it was made from"])
    return Rows(described)


def load_model(path: str | Path, limits: Limits = Limits()) -> Model:  # noqa: B008 - it cannot be changed
    """The model in ``path``: a `final_model.json`, a folder that holds one, or an `.smbundle`.

    Args:
        limits: which objects a detector tells of.

    Raises:
        ConfigError: there is none.
    """
    return Model(describe(path), limits)
