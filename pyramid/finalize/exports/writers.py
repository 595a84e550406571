"""Each format written and loaded again: what is said of it, and how far it is from the model."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.finalize.exports import node, onnx_file, savedmodel, sensenet_files, tfjs, tflite
from pyramid.finalize.exports.comparing import Difference, Reference
from pyramid.finalize.exports.descriptions import description
from pyramid.finalize.exports.fitting import fit
from pyramid.finalize.exports.formats import DESCRIPTION_FILE, FORMATS
from pyramid.finalize.exports.places import files_of
from pyramid.finalize.exports.runtimes import Arrays, Predict
from pyramid.finalize.exports.samples import Sample
from pyramid.finalize.exports.served import Served
from pyramid.tf import tf
from pyramid.training.storage import write_json

from sensenet.constants import PIXEL_INPUTS  # isort: skip

#: Node computes slowly: of a picture of 416×416 through tinyyolov4 for ten seconds.
_MOST_IN_NODE = 4


@dataclass(frozen=True)
class Job:
    """A model, what it is as a graph, what it predicts, and for what."""

    document: dict[str, Any]
    served: Served
    reference: Reference
    samples: list[Sample]


@dataclass(frozen=True)
class Written:
    """An export: what it was tried on and how far it was off; what is said of it; and what loaded it."""

    samples: list[Sample]
    differences: list[Difference]
    description: dict[str, Any] = field(default_factory=dict)
    reader: str = ""
    notes: list[str] = field(default_factory=list)


def _differences(job: Job, samples: list[Sample], predict: Predict) -> list[Difference]:
    return [job.reference.difference(sample, predict(sample.inputs)) for sample in samples]


def _savedmodel(job: Job, path: Path, work: Path) -> Written:
    told = description(job.document, job.served, "uint8", False, None)
    if job.served.images:
        told["notes"].append("the signature float32 takes pixels of that type")
    savedmodel.write(job.served, path)
    write_json(path / DESCRIPTION_FILE, told)
    return Written(job.samples, _differences(job, job.samples, savedmodel.load(path)), told)


def _onnx(job: Job, path: Path, work: Path) -> Written:
    told = description(job.document, job.served, "uint8", False, None)
    onnx_file.write(job.served, path, told)
    return Written(job.samples, _differences(job, job.samples, onnx_file.load(path)), told)


def _tflite(job: Job, path: Path, work: Path) -> Written:
    fitted = tflite.takes_fitted(job.served)
    told = description(job.document, job.served, "float32", fitted, 1)
    tflite.write(job.served, path)
    write_json(files_of(FORMATS["tflite"], path)[1], told)
    predict = tflite.load(path)
    if not fitted:
        return Written(job.samples, _differences(job, job.samples, predict), told)
    inputs = [_fitted(job.served, sample.inputs) for sample in job.samples]
    if job.served.detector:  # sensenet sees what it sees, so that boxes are in the same pixels
        samples = [Sample({PIXEL_INPUTS: np.rint(one[PIXEL_INPUTS]).astype(np.uint8)}) for one in inputs]
        return Written(samples, _differences(job, samples, predict), told)
    pairs = zip(job.samples, inputs, strict=True)
    return Written(job.samples, [job.reference.difference(sample, predict(one)) for sample, one in pairs], told)


def _fitted(served: Served, inputs: Arrays) -> Arrays:
    """``inputs`` with pictures of the network's size, float32; those of rows have it already."""
    if served.columns > 1:
        return inputs
    pixels = tf.constant(inputs[PIXEL_INPUTS], tf.float32)
    return inputs | {PIXEL_INPUTS: fit(pixels, served.width, served.height, served.rescale_type).numpy()}


def _tfjs(job: Job, path: Path, work: Path) -> Written:
    told = description(job.document, job.served, tfjs.PIXELS, False, None)
    tfjs.write(job.served, path, work)
    write_json(path / DESCRIPTION_FILE, told)
    library = node.library()
    samples = job.samples[:_MOST_IN_NODE] if library else job.samples
    found = tfjs.run(path, library, [sample.inputs for sample in samples])
    differences = [job.reference.difference(sample, one) for sample, one in zip(samples, found, strict=True)]
    if library:
        return Written(samples, differences, told, "TensorFlow.js in Node")
    note = f"TensorFlow.js was not found, so TensorFlow ran the graph; to have it checked by Node: {node.way_out()}"
    return Written(samples, differences, told, "TensorFlow", [note])


def _smbundle(job: Job, path: Path, work: Path) -> Written:
    sensenet_files.write_bundle(job.document, path)
    return _of_sensenet(job, sensenet_files.load_bundle(path))


def _h5(job: Job, path: Path, work: Path) -> Written:
    short = files_of(FORMATS["h5"], path)[1]
    sensenet_files.write_weights(job.document, path, short)
    told = _of_sensenet(job, sensenet_files.load_weights(path, short, job.reference.parameters))
    told.notes.append(f"the network without weights is {short.name}")
    return told


def _of_sensenet(job: Job, model: Any) -> Written:
    return Written(job.samples, [job.reference.of_sensenet(sample, model) for sample in job.samples])


#: Format name -> writes it to a path, with a folder for what is only needed meanwhile.
WRITERS: dict[str, Callable[[Job, Path, Path], Written]] = {
    "savedmodel": _savedmodel,
    "smbundle": _smbundle,
    "tflite": _tflite,
    "onnx": _onnx,
    "tfjs": _tfjs,
    "h5": _h5,
}
