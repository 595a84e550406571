"""How many pictures a network computes at once.

A batch of few leaves cores idle while one layer follows another, so several are computed at once.
"""

import os

from pyramid.tf import tf

#: Pixels of a batch. On a CPU what a layer writes should be in its cache when the next one reads it: with 4 pictures
#: of 224×224 a `mobilenetv2` computes 1.5 times as many a second as with 32. A GPU is kept busy by more.
_PIXELS_ON_CPU, _PIXELS_ON_GPU = 4 * 224 * 224, 64 * 224 * 224
_MOST = 256

#: Batches at once on any number of cores: each has its activations in memory.
_MOST_STREAMS = 16


def pictures_at_once(width: int, height: int) -> int:
    """Pictures of a batch of a network that takes ``width`` × ``height`` pixels."""
    pixels = _PIXELS_ON_GPU if _gpus() else _PIXELS_ON_CPU
    return max(1, min(_MOST, pixels // (width * height)))


def batches_at_once() -> int:
    """Batches at once: one for each core that TensorFlow uses and one that waits; two where there is a GPU."""
    return 2 if _gpus() else min(_MOST_STREAMS, _cores() + 1)


def decoding_threads() -> int:
    """Cores that decode: beside a GPU all, else half, for the network has use for the others and takes longer."""
    return _cores() if _gpus() else max(1, _cores() // 2)


def _gpus() -> bool:
    return bool(tf.config.list_physical_devices("GPU"))


def _cores() -> int:
    return tf.config.threading.get_intra_op_parallelism_threads() or len(os.sched_getaffinity(0))
