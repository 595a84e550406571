"""What may crash or hang when it is tried, each in a process of its own (``python -m`` this module, and a name).

A probe prints its facts as lines of JSON as soon as it has them, so that those before a crash are known.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from pyramid.engine.doctor.facts import Fact, State, size
from pyramid.engine.doctor.machine import usable_cores

TENSORFLOW, RAY = "tensorflow", "ray"

_DEVICES, _OPERATORS, _RAY = "devices", "compiled operators", "Ray"

#: How a line with a fact begins: others may write to standard output too.
MARK = "pyramid-doctor-fact "


def tensorflow() -> Iterator[Fact]:
    """The devices as TensorFlow sees them, and what of sensenet is compiled."""
    from pyramid.tf import tf

    build = tf.sysconfig.get_build_info()
    cuda = f"CUDA {build.get('cuda_version', '')}" if build.get("is_cuda_build") else "no CUDA"
    yield Fact(_DEVICES, "TensorFlow", f"{tf.version.VERSION}, built with {cuda}; the CPU has {_instructions()}")
    value = float(tf.reduce_sum(tf.matmul(tf.ones((64, 64)), tf.ones((64, 64)))))
    right = value == 64.0**3
    cores = usable_cores()
    cpu = "1 core" if cores == 1 else f"{cores} cores"
    yield Fact(_DEVICES, "CPU", cpu, State.GOOD if right else State.WRONG, "" if right else "it computes wrongly")
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        details = tf.config.experimental.get_device_details(gpu)
        yield Fact(_DEVICES, gpu.name.removeprefix("/physical_device:"), _gpu(details))
    if not gpus:
        yield _no_gpu()
    yield _tree_operator()


def _instructions() -> str:
    """The vector instructions that TensorFlow can make use of."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next((line.split() for line in file if line.startswith("flags")), [])
    except OSError:
        flags = []
    names = {"avx": "AVX", "avx2": "AVX2", "fma": "FMA", "avx512f": "AVX-512", "avx512_bf16": "bfloat16"}
    return ", ".join(name for flag, name in names.items() if flag in flags) or "no vector instructions that are known"


def _gpu(details: dict[str, Any]) -> str:
    capability = ".".join(map(str, details.get("compute_capability", ())))
    name = details.get("device_name", "of an unknown kind")
    return f"{name}, compute capability {capability}" if capability else str(name)


def _no_gpu() -> Fact:
    if not any(os.path.exists(f"/dev/{name}") for name in ("nvidia0", "nvidiactl")):
        return Fact(_DEVICES, "GPU", "none", State.ABSENT)
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return Fact(_DEVICES, "GPU", "hidden by CUDA_VISIBLE_DEVICES")
    advice = "install CUDA for TensorFlow: pip install 'bigml-pyramid[gpu]'; and look at the driver with nvidia-smi"
    return Fact(_DEVICES, "GPU", "there is one that TensorFlow does not see", State.WARNING, advice)


def _tree_operator() -> Fact:
    """sensenet's: without it tables with trees cannot be predicted. One for another TensorFlow does not load."""
    again = "install sensenet anew, so that it is compiled for this TensorFlow: bin/install (needs g++)"
    try:
        from sensenet.importers import bigml_tf_module
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        return Fact(_OPERATORS, "sensenet", f"does not load: {type(error).__name__}: {reason}", State.WRONG, again)
    if bigml_tf_module is None:
        return Fact(_OPERATORS, "tree operator", "not found", State.WARNING, f"models with trees need it: {again}")
    return Fact(_OPERATORS, "tree operator", "loads")


def ray() -> Iterator[Fact]:
    """The cluster that RAY_ADDRESS names, or what a session on this machine would have."""
    address = os.environ.get("RAY_ADDRESS", "")
    from pyramid.engine import session

    if address in ("", "local"):
        yield _session_here()
        return
    from pyramid.errors import ConfigError

    try:
        with session.session():
            yield from _cluster(address, session.ray)
    except ConfigError as error:
        yield Fact(_RAY, "cluster", address, State.WRONG, "; ".join(error.problems))


def _session_here() -> Fact:
    """Ray's own estimate, as it would make it at its start."""
    from ray._private.utils import estimate_available_memory, get_num_cpus, resolve_object_store_memory

    cpus, memory = get_num_cpus(), estimate_available_memory()
    store = resolve_object_store_memory(memory)
    told = f"{cpus} cores, {size(memory)} of memory, {size(store)} of them for data"
    return Fact(_RAY, "session", f"one on this machine would have {told}")


def _cluster(address: str, module: Any) -> Iterator[Fact]:
    nodes = [node for node in module.nodes() if node["Alive"]]
    all_of = module.cluster_resources()
    counts = f"{all_of.get('CPU', 0):g} cores, {all_of.get('GPU', 0):g} GPUs, {size(all_of.get('memory', 0))} of memory"
    plural = "machine" if len(nodes) == 1 else "machines"
    none = not all_of.get("CPU")
    advice = "no machine offers a core: start its nodes without --num-cpus=0" if none else ""
    told = f"{len(nodes)} {plural} at {address}: {counts}"
    yield Fact(_RAY, "cluster", told, State.WRONG if none else State.GOOD, advice)
    for node in nodes:
        has = node["Resources"]
        kind = next((name.partition(":")[2] for name in has if name.startswith("accelerator_type:")), "")
        gpus = f"{has.get('GPU', 0):g} GPUs {kind}".strip()
        yield Fact(_RAY, f"machine {node['NodeManagerAddress']}", f"{has.get('CPU', 0):g} cores, {gpus}")


def main() -> None:
    probes = {TENSORFLOW: tensorflow, RAY: ray}
    for fact in probes[sys.argv[1]]():
        sys.stdout.write(f"{MARK}{json.dumps(fact.to_dict())}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
