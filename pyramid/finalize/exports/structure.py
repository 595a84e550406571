"""A document without its weights: what the network is, not what it has learned."""

from typing import Any

import numpy as np

from pyramid.tf import tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after pyramid.tf

from sensenet.layers.construct import remove_weights  # isort: skip
from sensenet.layers.utils import WEIGHT_INITIALIZERS  # isort: skip


def without_weights(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` with the name of an initializer in place of every weight, and ``trees`` null.

    A network is built from it with new weights of the same shapes, but one that sees trees needs those of the
    document back first: ``networks[i].trees`` still says which does.
    """
    return dict(_named(remove_weights({**document, "trees": None})))


def _named(value: Any, key: str = "") -> Any:
    """sensenet names the initializers of lists; this does it for arrays."""
    if isinstance(value, list):
        return [_named(one) for one in value]
    if isinstance(value, dict):
        return {name: _named(one, name) for name, one in value.items()}
    return WEIGHT_INITIALIZERS.get(key, value) if isinstance(value, np.ndarray) else value
