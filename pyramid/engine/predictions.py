"""Predictions for pictures on the cores of a cluster, by Ray Data."""

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.data.remote import is_uri
from pyramid.engine.session import ray, session
from pyramid.prediction.document import Described
from pyramid.prediction.predictions import Limits, Predictions, gathered

#: Pictures of a task, at least; its actor computes them in smaller batches.
_TASK = 64

#: Cores of an actor that predicts: one decodes while the others compute.
_CORES = 2


class Predictor:
    """An actor: it makes the model once. The model's file need not be on its machine, but the pictures must be."""

    def __init__(self, content: Any, name: str, limits: Limits, threads: int, batch_size: int | None):
        from pyramid.tf import limit_devices

        limit_devices(threads)
        from pyramid.prediction.model import load_model

        self._batch_size = batch_size
        with tempfile.TemporaryDirectory(prefix="pyramid-model-") as folder:
            path = Path(folder) / name
            path.write_bytes(ray.get(content))
            self._model = load_model(path, limits)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        files = [str(file) for file in batch["file"]]
        made = gathered(self._model.pictures(files, self._batch_size))
        outputs = np.empty(len(files), object)
        outputs[:] = [np.asarray(output, np.float32) for output in made.outputs]
        return {"row": batch["row"], "reason": np.array(made.reasons, object), "output": outputs, "size": made.sizes}


def on_cluster(
    model: Described, files: list[str], limits: Limits, batch_size: int | None = None
) -> Iterator[Predictions]:
    """Predictions for the picture ``files`` in order, made on the machines of the session or cluster.

    Raises:
        ConfigError: there is no such cluster.
    """
    with session():
        done = 0
        for block in _blocks(model, files, limits, batch_size):
            n = len(block["row"])
            if not n:
                continue
            outputs: Any = list(block["output"])
            if outputs[0].ndim < 2:
                outputs = np.stack(outputs)
            keys = [files[int(row)] for row in block["row"]]
            yield Predictions(keys, [str(reason) for reason in block["reason"]], outputs, np.stack(block["size"]))
            done += n
        if done < len(files):
            raise RuntimeError(f"of {len(files):,} pictures {done:,} came back")


def _blocks(model: Described, files: list[str], limits: Limits, batch_size: int | None) -> Any:
    import ray.data

    for name in ("ray.data", "ray._private.ray_logging"):
        logging.getLogger(name).setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    cores = int(ray.cluster_resources().get("CPU", 1))
    threads = min(_CORES, cores)
    pictures = max(_TASK, batch_size or 0)
    tasks = -(-len(files) // pictures)
    actors = max(1, min(cores // threads, tasks))
    content = ray.put(model.path.read_bytes())
    rows = [{"row": i, "file": file if is_uri(file) else os.path.abspath(file)} for i, file in enumerate(files)]
    dataset = ray.data.from_items(rows, override_num_blocks=max(1, tasks))
    made = dataset.map_batches(
        Predictor,
        fn_constructor_args=(content, model.path.name, limits, threads, batch_size),
        batch_size=pictures,
        concurrency=actors,
        num_cpus=threads,
    )
    return made.iter_batches(batch_size=None)
