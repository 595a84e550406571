"""The configuration of the training that the pictures are for."""

import os
from pathlib import Path
from typing import Any

from pyramid.data.sources import read_source
from pyramid.settings.check_generate import training_keys
from pyramid.settings.generate import GenerateSettings
from pyramid.settings.networks import INITIAL_MODEL


def configuration(document: dict[str, Any], settings: GenerateSettings, root: Path) -> dict[str, Any]:
    """The keys, without `training_data`, of the training on what is generated in the folder ``root``.

    Paths are absolute: it can be run from any folder.
    """
    keys = training_keys(document, settings)
    if settings.validation_data:
        keys |= {"validation_data": _validation(settings), "allow_absolute_paths": True}
    if settings.initial_model:
        keys["initial_model"] = os.path.abspath(settings.initial_model)
    if settings.initial_models:
        pairs = settings.image_network_candidates
        keys["image_network_candidates"] = [
            [name, os.path.abspath(method) if name == INITIAL_MODEL else method] for name, method in pairs
        ]
    return keys | {"output_directory": str(root), "image_root": str(root)}


def _validation(settings: GenerateSettings) -> list[dict[str, Any]]:
    """The rows of `validation_data`, whose files lie elsewhere than the generated ones."""
    source = read_source("validation_data", settings.validation_data or [], None)
    return [
        {key: row[key] for key in ("label", "boxes", "group") if row.get(key) is not None}
        | {"file": os.path.abspath(source.root / row["file"]), "weight": float(row.get("weight") or 1)}
        for row in source.rows
    ]
