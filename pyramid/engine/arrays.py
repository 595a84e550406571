"""The caching of a search: the table -> arrays, in a process of its own on the driver's node."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.data.tabular.names import FULL, IMAGE_NETWORK
from pyramid.engine.nodes import here
from pyramid.engine.session import ray
from pyramid.errors import PyramidError
from pyramid.settings.columns import Table
from pyramid.settings.search import SearchSettings

_WAY = "use a machine with more, or a lower max_data_size"

#: Of Ray's words in a message.
_MOST_LETTERS = 200

#: What is told of the caching, beside the arrays.
ARRAYS_FILE = "cached.json"


@dataclass(frozen=True)
class Job:
    """What is to be cached.

    Attributes:
        path: of the table on this machine.
        folder: receives the arrays.
        image_folder: of the training that the network for pictures comes from; None without pictures.
        image_root: the folder that pictures are relative to.
    """

    settings: SearchSettings
    table: Table
    path: str
    folder: Path
    image_folder: Path | None
    image_root: str


@dataclass(frozen=True)
class Arrays:
    """What the caching made.

    Attributes:
        rows: reference to the full array in the object store.
        told: `tree_inputs`, `features` of a picture, the `shape` of the full array, and `notes`.
        trained_on: see `training.trained_on`.
    """

    rows: Any
    told: dict[str, Any]
    trained_on: dict[str, Any]


def make_arrays(job: Job) -> Arrays:
    """Cache the table, unless it was cached already, and put the full array into the object store.

    Raises:
        ConfigError, DataError: of the table and its pictures.
        PyramidError: the process died, and so did another one.
    """
    told, trained_on = _cached(job)
    return Arrays(ray.put(np.load(job.folder / FULL)), told, trained_on)


def _cached(job: Job, tries: int = 2) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `_cache` returns, in a process of its own; one that is killed gets another."""
    task = ray.remote(max_calls=1, max_retries=0, **here())(_cache)
    try:
        made: tuple[dict[str, Any], dict[str, Any]] = ray.get(task.remote(job))
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, PyramidError):
            raise error.cause from None
        raise
    except ray.exceptions.OutOfMemoryError as error:
        raise PyramidError(f"caching the table: this machine is short of memory; {_WAY}") from error
    except ray.exceptions.RayError as error:
        if tries > 1:
            return _cached(job, tries - 1)
        said = textwrap.shorten(str(error), _MOST_LETTERS)
        raise PyramidError(f"caching the table: its process died, as without enough memory ({said}); {_WAY}") from error
    return made


def _cache(job: Job) -> tuple[dict[str, Any], dict[str, Any]]:
    from pyramid.training.cached import read_json
    from pyramid.training.storage import write_json
    from pyramid.training.trained_on import trained_on

    if not (job.folder / FULL).exists() or not (job.folder / ARRAYS_FILE).exists():
        write_json(job.folder / ARRAYS_FILE, _made(job))
    return read_json(job.folder / ARRAYS_FILE), trained_on(job.table, job.folder)


def _made(job: Job) -> dict[str, Any]:
    from pyramid.data.tabular import held_pictures
    from pyramid.data.tabular.caching import cache
    from pyramid.data.tabular.sources import open_source

    settings, network, features = job.settings, None, None
    if job.image_folder is not None:
        from pyramid.prediction.image_network import Featuriser, trained

        network = trained(job.image_folder)
        strict = settings.on_bad_image == "fail"
        anywhere = settings.allow_absolute_paths
        features = Featuriser(network, job.image_root, anywhere, strict, job.folder.parent) if network else None
    made = cache(
        job.table,
        open_source(job.table, job.path),
        job.folder,
        seed=settings.seed,
        most_bytes=settings.max_data_size,
        balanced=settings.balance_objective,
        trees=settings.wants_trees,
        features=features,
        feature_width=network.width if network else 0,
        held=held_pictures.read(job.image_folder.parent) if job.image_folder else None,
    )
    if network:
        from pyramid.training.storage import write_document

        write_document(job.folder / IMAGE_NETWORK, network.document())
    bad = features.bad if features else {}
    notes = [*made.notes, *(f"{path}: taken for a black picture: {reason}" for path, reason in bad.items())]
    width = network.width if network else 0
    return {"tree_inputs": made.tree_inputs, "features": width, "shape": list(made.full_data_shape), "notes": notes}
