"""TensorFlow.js in Node: where it is, and a graph model run by it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np

from pyramid.errors import PyramidError
from pyramid.finalize.exports.runtimes import Arrays

PACKAGE = "@tensorflow/tfjs"

#: Where it is looked for at last.
FOLDER = Path("~/.cache/pyramid/node")

#: Seconds that Node may take to look for it, and to run a model: four pictures of the largest ones take minutes.
LOOKING, RUNNING = 30.0, 1800.0

#: Prints where the package is, as seen from each of the folders.
_FIND = "console.log(require.resolve(process.argv[1], {paths: process.argv.slice(2)}))"

#: Reads the model, the inputs (JSON: a list for each name's type, shape and file) and writes the outputs as JSON.
_RUN = """
const fs = require('fs'), path = require('path');
const [library, folder, work] = process.argv.slice(1);
const tf = require(library);
const read = (file) => {
  const bytes = fs.readFileSync(file);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
};
const join = (parts) => {
  const whole = new Uint8Array(parts.reduce((n, part) => n + part.byteLength, 0));
  let at = 0;
  for (const part of parts) { whole.set(new Uint8Array(part), at); at += part.byteLength; }
  return whole.buffer;
};
const load = async () => {
  const model = JSON.parse(fs.readFileSync(path.join(folder, 'model.json'), 'utf8'));
  const files = model.weightsManifest.flatMap((group) => group.paths);
  const weightSpecs = model.weightsManifest.flatMap((group) => group.weights);
  const {modelTopology, format, signature} = model;
  return {modelTopology, format, signature, weightSpecs,
          weightData: join(files.map((file) => read(path.join(folder, file))))};
};
(async () => {
  await tf.setBackend('cpu');
  const artifacts = await load();
  const model = await tf.loadGraphModel({load: async () => artifacts});
  const names = Object.keys(artifacts.signature.outputs);
  const tensors = names.map((name) => artifacts.signature.outputs[name].name);
  const all = [];
  for (const sample of JSON.parse(fs.readFileSync(path.join(work, 'inputs.json'), 'utf8'))) {
    const inputs = {};
    for (const [name, {type, shape, file}] of Object.entries(sample)) {
      const values = type === 'int32' ? new Int32Array(read(file)) : new Float32Array(read(file));
      inputs[artifacts.signature.inputs[name].name] = tf.tensor(values, shape, type);
    }
    const found = [await model.executeAsync(inputs, tensors)].flat();
    const one = {};
    for (let i = 0; i < names.length; i++) {
      one[names[i]] = {shape: found[i].shape, values: Array.from(await found[i].data())};
    }
    all.push(one);
  }
  fs.writeFileSync(path.join(work, 'outputs.json'), JSON.stringify(all));
})().catch((error) => { console.error(String(error && error.stack || error)); process.exit(1); });
"""


def library() -> str | None:
    """Where Node finds TensorFlow.js: from the working folder, NODE_PATH or FOLDER; None without it or Node.

    A Node that does not answer is none.
    """
    node = shutil.which("node")
    if node is None:
        return None
    places = [os.getcwd(), str(FOLDER.expanduser())]
    command = [node, "-e", _FIND, PACKAGE, *places]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LOOKING)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() or None


def way_out() -> str:
    """How Node gets it, for a person."""
    if shutil.which("node") is None:
        return f"install Node and run: npm install --prefix {FOLDER} {PACKAGE}"
    return f"npm install --prefix {FOLDER} {PACKAGE}"


def run(model: Path, library: str, samples: list[Arrays], work: Path) -> list[Arrays]:
    """The outputs of the graph model in the folder ``model`` for each of ``samples`` (int32 and float32).

    Raises:
        PyramidError: Node could not run it, or took too long.
    """
    listed = [
        {name: _written(values, work / f"{i}_{name}") for name, values in one.items()} for i, one in enumerate(samples)
    ]
    (work / "inputs.json").write_text(json.dumps(listed), encoding="utf-8")
    command = ["node", "-e", _RUN, library, str(model), str(work)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUNNING)
    except subprocess.TimeoutExpired as error:
        raise PyramidError(f"TensorFlow.js did not end within {RUNNING:g} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "Error" in line] or [f"exit code {done.returncode}"]
        raise PyramidError(f"TensorFlow.js cannot run it: {lines[0]}")
    found = json.loads((work / "outputs.json").read_text(encoding="utf-8"))
    return [{name: np.reshape(one["values"], one["shape"]) for name, one in sample.items()} for sample in found]


def _written(values: np.ndarray, file: Path) -> dict[str, object]:  # type: ignore[type-arg]
    np.ascontiguousarray(values).tofile(file)
    return {"type": str(values.dtype), "shape": list(values.shape), "file": str(file)}
