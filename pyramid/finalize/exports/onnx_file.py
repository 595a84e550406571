"""ONNX: written, and loaded again by onnxruntime."""

import importlib
import json
import logging
from pathlib import Path
from typing import Any

from pyramid.finalize.exports.runtimes import Arrays, Predict
from pyramid.finalize.exports.served import Served

#: What the file is written for: onnxruntime 1.14 and later.
OPSET = 18

#: The key of the description in the file's metadata.
METADATA = "pyramid"


def write(served: Served, path: Path, description: dict[str, Any]) -> None:
    """Write the file ``path``: uint8 pixels of any size; ``description`` becomes JSON in its metadata."""
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    function = served.function("uint8")
    inputs = {f"{name}:0": name for name in served.specs("uint8", False, None)}
    outputs = {tensor.name: name for name, tensor in function.structured_outputs.items()}
    names = {"input_names": list(inputs), "output_names": list(outputs)}
    graph = importlib.import_module("tf2onnx.tf_loader").from_function(function, **names)
    convert = importlib.import_module("tf2onnx.convert")
    model, _ = convert.from_graph_def(graph, opset=OPSET, tensors_to_rename=inputs | outputs, **names)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA, json.dumps(description, ensure_ascii=False)
    path.write_bytes(model.SerializeToString())


def load(path: Path) -> Predict:
    """The model in the file ``path``."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    kinds = {one.name: {"tensor(uint8)": "uint8"}.get(one.type, "float32") for one in session.get_inputs()}
    names = [one.name for one in session.get_outputs()]

    def predict(inputs: Arrays) -> Arrays:
        found = session.run(names, {name: inputs[name].astype(kind) for name, kind in kinds.items()})
        return dict(zip(names, found, strict=True))

    return predict
