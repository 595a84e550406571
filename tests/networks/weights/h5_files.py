"""Files of weights as Keras 2 writes them, made without the code under test."""

from functools import cache

import h5py
import numpy as np

from pyramid.networks.weights.published import published_layers

#: The smallest published network, in bytes, and another one.
NETWORK, OTHER = "mobilenetv2", "mobilenet"


@cache
def random_weights(network=NETWORK):
    """Any, but for the variances of normalizations, which are above 0."""
    rng = np.random.default_rng(len(network))
    made = [[rng.standard_normal(s, np.float32) for s in layer.shapes] for layer in published_layers(network)]
    return [[*arrays[:3], *map(np.abs, arrays[3:])] for arrays in made]


def save(path, weights, group="/", parts=1, dtype=None):
    """Write ``weights``, and one layer that has none, into the file ``path``; the names' list is in ``parts``."""
    names = ["input", *(f"layer_{i}" for i in range(len(weights)))]
    with h5py.File(path, "w") as file:
        root = file.require_group(group)
        for i, some in enumerate(np.array_split(names, parts)):
            root.attrs[f"layer_names{i}" if parts > 1 else "layer_names"] = some.astype("S")
        for name, arrays in zip(names, [[], *weights], strict=True):
            keys = [f"{name}/array_{i}:0" for i in range(len(arrays))]
            root.create_group(name).attrs["weight_names"] = np.array(keys, "S")
            for key, array in zip(keys, arrays, strict=True):
                root[name].create_dataset(key, data=array, dtype=dtype)
    return path
