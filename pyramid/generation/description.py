"""What generated pictures depend on: so that --resume never mixes two kinds."""

import hashlib
import os
from typing import Any

from pyramid.generation.sources import Sources
from pyramid.settings.check_generate import GENERATION_ONLY
from pyramid.settings.generate import GenerateSettings

#: Settings on which no picture depends by itself: how many there are, and where their sources lie.
_FREE = {"generated_dataset_size", "foreground_image_root", "background_image_root", "distractors_root"}

#: Settings of a training on which pictures depend.
_SHARED = ("seed", "objective_type", "balance_objective", "max_data_size")


def describe(settings: GenerateSettings, sources: Sources) -> dict[str, Any]:
    """All that a picture depends on, beside its number, in plain data."""
    keys = settings.model_dump(mode="json", include={*GENERATION_ONLY, *_SHARED} - _FREE)
    files = {
        "foreground_image_root": list(zip(sources.foregrounds, sources.labels, strict=True)),
        "background_image_root": [(path, "") for path in sources.backgrounds],
        "distractors_root": [(path, "") for path in sources.distractors],
    }
    prints = {key: _fingerprint(getattr(settings, key), pairs) for key, pairs in files.items()}
    return keys | {"input_image_shape": settings.shape} | prints


def _fingerprint(root: str | None, files: list[tuple[str, str]]) -> str:
    """How many files, and a digest of their names, classes and sizes: other files make other pictures."""
    told = [(os.path.relpath(path, root), label, _size(path)) for path, label in files]
    return f"{len(files):,} files, {hashlib.sha256(repr(told).encode(errors='surrogateescape')).hexdigest()[:16]}"


def _size(path: str) -> int:
    """0 for a link to nothing: it is left out, as other files that cannot be read."""
    return os.path.getsize(path) if os.path.isfile(path) else 0
