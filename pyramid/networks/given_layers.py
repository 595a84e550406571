"""`layers` of a job -> documents with all that sensenet wants, the output at their end. No TensorFlow."""

from typing import Any

from pyramid.errors import ConfigError
from pyramid.networks.hidden_layers import BLOCK, PATHS
from pyramid.networks.readout import dense
from pyramid.networks.topologies import Layer, activation, normalization
from pyramid.settings.deepnets import ACTIVATIONS

#: What stands for what a document does not say, for each type of layer that a network on rows may have.
_DEFAULTS: dict[str, Layer] = {
    "activation": activation("linear"),
    "add": {"type": "add"},
    "batch_normalization": normalization(),
    "concatenate": {"type": "concatenate"},
    "dense": {key: value for key, value in dense(0, "linear").items() if key != "number_of_nodes"},
    BLOCK: {"type": BLOCK, "activation_function": "linear", "identity_path": []},
    "dropout": {"type": "dropout", "dropout_type": "zero"},
}
_NEEDED = {"dense": "number_of_nodes", "dropout": "rate", BLOCK: PATHS[0]}

#: What new weights may be drawn from, or be: sensenet's names.
_INITIALIZERS = ("glorot_uniform", "glorot_normal", "zeros", "ones")
_WEIGHTS = ("weights", "offset", "gamma", "beta", "mean", "variance")

#: Keys with a few values.
_CHOICES = {
    "activation_function": (*ACTIVATIONS, "softmax"),
    "dropout_type": ("zero", "alpha"),
    **dict.fromkeys(_WEIGHTS, _INITIALIZERS),
}


def complete_layers(layers: list[Any], outputs: int, categorical: bool) -> list[Layer]:
    """Check ``layers``, and add what they leave out.

    Their end may be the output: a dense layer of ``outputs`` nodes without activation or, for classes, with a softmax
    in it or behind it. Where it is not, the output is added.

    Raises:
        ConfigError: with every problem, each with its path.
    """
    problems: list[str] = []
    made = [_complete(layer, f"layers[{i}]", i, problems) for i, layer in enumerate(layers)]
    if problems:
        raise ConfigError(problems)
    return _with_output(made, outputs, categorical)


def output_layers(outputs: int, categorical: bool) -> list[Layer]:
    return [dense(outputs, "linear"), *([activation("softmax")] if categorical else [])]


def _complete(layer: Any, path: str, place: int, problems: list[str], inner: bool = False) -> Layer:
    kinds = [kind for kind in _DEFAULTS if kind != BLOCK or not inner]
    kind = layer.get("type") if isinstance(layer, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        problems.append(f"{path}: must have a type that is one of {', '.join(kinds)}, but got {str(layer)[:80]}")
        return {}
    given = {key: value for key, value in layer.items() if value is not None}
    made = _DEFAULTS[kind] | given
    problems += [f"{path}: {problem}" for problem in _problems(made, kind, place)]
    for name in PATHS:
        if kind == BLOCK and isinstance(made.get(name), list):
            listed = enumerate(made[name])
            made[name] = [_complete(one, f"{path}.{name}[{i}]", i, problems, inner=True) for i, one in listed]
    return made


def _problems(layer: Layer, kind: str, place: int) -> list[str]:
    known = {*_DEFAULTS[kind], "inputs", *filter(None, [_NEEDED.get(kind)])}
    found = [f"unknown key {key!r}; a layer of the type {kind} has {', '.join(known)}" for key in layer.keys() - known]
    needed = _NEEDED.get(kind)
    if needed and needed not in layer:
        found.append(f"a layer of the type {kind} must have {needed}")
    for key, choices in _CHOICES.items():
        if key in layer and layer[key] not in choices:
            rule = "must come without weights: one of" if isinstance(layer[key], list) else "must be one of"
            found.append(f"{key} {rule} {', '.join(choices)}, but got {repr(layer[key])[:80]}")
    nodes, rate, epsilon = layer.get("number_of_nodes", 1), layer.get("rate", 0.0), layer.get("epsilon", 1e-3)
    if not _is_number(nodes, int) or not 1 <= nodes <= 8192:
        found.append(f"number_of_nodes must be a whole number from 1 to 8192, but got {nodes!r}")
    if not _is_number(rate, float) or not 0 <= rate < 1:
        found.append(f"rate must be a number from 0 to below 1, but got {rate!r}")
    if not _is_number(epsilon, float) or not 0 < epsilon <= 1:
        found.append(f"epsilon must be a number above 0, 1 at most, but got {epsilon!r}")
    found += [f"{name} must be a list of layers" for name in PATHS if not isinstance(layer.get(name, []), list)]
    return found + _wrong_inputs(layer, kind, place)


def _wrong_inputs(layer: Layer, kind: str, place: int) -> list[str]:
    several = kind in ("add", "concatenate")
    inputs = layer.get("inputs", [0] if not several else [])
    right = isinstance(inputs, list) and all(_is_number(i, int) for i in inputs)
    found = []
    if "inputs" in layer and not (right and inputs and all(0 <= i < place for i in inputs)):
        found = [f"inputs must be places of layers before it, but got {inputs!r}"]
    if several != (isinstance(inputs, list) and len(inputs) > 1):
        found.append(f"a layer of the type {kind} must have {'two or more inputs' if several else 'one input'}")
    return found


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, (int, kind)) and not isinstance(value, bool)


def _with_output(layers: list[Layer], outputs: int, categorical: bool) -> list[Layer]:
    """``layers``, with the output behind them if it is not there."""
    before, last = ([{}, {}, *layers])[-2:]
    if categorical and _is_output(last, outputs, "softmax"):
        return [*layers[:-1], last | {"activation_function": "linear"}, activation("softmax")]
    if not categorical and _is_output(last, outputs, "linear"):
        return [*layers[:-1], last | {"activation_function": "linear"}]
    behind = last.get("inputs", [len(layers) - 2]) == [len(layers) - 2]
    softmax = last.get("type") == "activation" and last["activation_function"] == "softmax"
    if categorical and softmax and behind and _is_output(before, outputs, "linear"):
        return [*layers[:-2], before | {"activation_function": "linear"}, last]
    return [*layers, *output_layers(outputs, categorical)]


def _is_output(layer: Layer, outputs: int, function: str) -> bool:
    functions = ("linear", "identity") if function == "linear" else (function,)
    of_size = layer.get("type") == "dense" and layer["number_of_nodes"] == outputs
    return of_size and layer["activation_function"] in functions
