"""The one place that imports TensorFlow; every other module takes ``tf`` from here.

sensenet's layers are Keras 2, so the legacy Keras must be chosen before TensorFlow is first imported,
in every process. The import takes 5 seconds with compiled bytecode: nothing that only reads
settings, prints help or reports an error may import this module.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Mute file descriptor 2, to which TensorFlow's C++ logs some things that it cannot be told to keep to itself."""
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


with muted_stderr():
    import tensorflow as tf

tf.get_logger().setLevel("ERROR")

__all__ = ["limit_devices", "muted_stderr", "share_gpus", "tf"]


def limit_devices(threads: int) -> None:
    """Let TensorFlow use ``threads`` cores of this process, and GPU memory only as it needs it.

    Once TensorFlow has run its first operation the number of threads is fixed: later calls with the
    same number are harmless, others leave it as it is.
    """
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(max(2, threads))
    share_gpus()


def share_gpus() -> None:
    """Let TensorFlow take GPU memory only as this process needs it: others may want the rest."""
    with suppress(RuntimeError):  # it has run an operation already
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
