"""TensorFlow.js: its converter, and its graph models run by TensorFlow."""

import importlib
import importlib.util
import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from google.protobuf.json_format import ParseDict

from pyramid.tf import tf

MODEL_FILE = "model.json"

#: What the converter imports but does not need for a SavedModel.
UNNEEDED = ("tensorflow_decision_forests", "jax", "jax.experimental", "jax.experimental.jax2tf")
FUSED_DEPTHWISE = "FusedDepthwiseConv2dNative"


def converter() -> ModuleType:
    """The package tensorflowjs; its first import takes 0.1 s."""
    with _stand_ins(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pkg_resources is old, as we know
        return importlib.import_module("tensorflowjs")


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Empty modules in place of what is not installed of UNNEEDED, as long as this lasts.

    They must not stay: other packages ask sys.modules whether there is JAX.
    """
    tops = {name.split(".")[0] for name in UNNEEDED}
    missing = {top for top in tops if top not in sys.modules and importlib.util.find_spec(top) is None}
    made = {name: ModuleType(name) for name in UNNEEDED if name.split(".")[0] in missing}
    for name, module in made.items():
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(made[parent], child, module)
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            sys.modules.pop(name, None)


def weight_files(folder: Path) -> list[Path]:
    """The files of weights of the graph model in ``folder``, in its order."""
    manifest = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))["weightsManifest"]
    return [folder / path for group in manifest for path in group["paths"]]


def load_graph_model(folder: Path, detector: bool) -> Any:
    """The graph model in ``folder`` as a function of keyword arguments -> [output …], float32 tensors.

    With ``detector`` the outputs are what the suppression of boxes sees: see `predictions.raw`.
    """
    model = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
    converter()
    read = importlib.import_module("tensorflowjs.read_weights").read_weights
    weights = {one["name"]: one["data"] for one in read(model["weightsManifest"], str(folder), flatten=True)}
    graph = _without_fused_depthwise(_with_weights(ParseDict(model["modelTopology"], tf.compat.v1.GraphDef()), weights))
    whole = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    tensor = whole.graph.get_tensor_by_name
    inputs = {name: tensor(one["name"]) for name, one in model["signature"]["inputs"].items()}
    if detector:
        outputs = _before_suppression(whole.graph)
    else:
        outputs = [tensor(one["name"]) for _, one in sorted(model["signature"]["outputs"].items())]
    part = whole.prune(list(inputs.values()), outputs)
    return lambda **values: part(*[values[name] for name in inputs])


def _with_weights(graph: Any, weights: dict[str, Any]) -> Any:
    """``graph`` (GraphDef), whose constants lie in files of their own, with their values."""
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    for node in nodes:
        if node.op == "Const":
            proto = tf.make_tensor_proto(weights[node.name], tf.as_dtype(node.attr["dtype"].type))
            node.attr["value"].tensor.CopyFrom(proto)
    return graph


def _without_fused_depthwise(graph: Any) -> Any:
    """``graph`` with the operations that TensorFlow.js fuses to one and TensorFlow has only apart."""
    apart = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        apart.node.extend(_unfused(node) if node.op == FUSED_DEPTHWISE else [node])
    return apart


def _unfused(node: Any) -> list[Any]:
    """Depthwise convolution, and bias and activation as far as they are there; the last has the name of ``node``."""
    steps = [step for step in (name.decode() for name in node.attr["fused_ops"].list.s) if step != "NoOp"]
    names = [f"{node.name}/step_{i}" for i in range(len(steps))] + [node.name]
    convolution = type(node)()
    convolution.CopyFrom(node)
    convolution.op, convolution.name = "DepthwiseConv2dNative", names[0]
    for key in ("fused_ops", "num_args"):
        del convolution.attr[key]
    data = [name for name in node.input if not name.startswith("^")]
    convolution.input[:] = data[:2] + [name for name in node.input if name.startswith("^")]
    made = [convolution]
    for step, before, name in zip(steps, names[:-1], names[1:], strict=True):
        made.append(type(node)(op=step, name=name, input=[before, *(data[2:3] if step == "BiasAdd" else [])]))
        made[-1].attr["T"].CopyFrom(node.attr["T"])
    return made


def _before_suppression(graph: Any) -> list[Any]:
    """Boxes and scores: what is rounded and then picked from, and what the surest class is taken of.

    The suppression itself is no longer one operation there.
    """
    operations = [op for op in graph.get_operations() if "non_max_suppression" not in op.name]
    rounded = (op for op in operations if op.type == "Round" and _consumers(op) & {"GatherV2"})
    surest = (op for op in operations if op.type == "ArgMax")
    return [next(rounded).inputs[0], next(surest).inputs[0]]


def _consumers(operation: Any) -> set[str]:
    return {consumer.type for consumer in operation.outputs[0].consumers()}
