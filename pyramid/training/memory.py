"""Whether a training broke because its memory was used up."""

from pyramid.tf import tf


def out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says so: Python's, TensorFlow's, or that of a library for GPUs inside one of TensorFlow's."""
    words = ("out of memory", "oom when", "bad_alloc", "alloc_failed")
    says_so = isinstance(error, tf.errors.OpError) and any(word in str(error).lower() for word in words)
    return isinstance(error, MemoryError | tf.errors.ResourceExhaustedError) or says_so
