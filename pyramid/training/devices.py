"""What a training runs on: one device, or several that each learn from a part of every batch."""

import contextlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from pyramid.tf import tf


class Devices:
    """One device of TensorFlow's choice, or several with a copy of every variable each.

    Of several each takes its part of a batch (of 10 rows three take 4, 3 and 3), the gradients are summed, and all
    copies change alike: the step is that of one device. Two things see a part alone: batch normalization, whose moving
    moments are the mean over the devices, and the loss of boxes, which is for each object of a part.

    Attributes:
        count: how many there are.
    """

    def __init__(self, names: Sequence[str] = ()):
        """``names``: such as "GPU:0"; of one or none TensorFlow chooses itself."""
        several = len(names) > 1
        self._strategy: Any = tf.distribute.MirroredStrategy(list(names), _reduction(names)) if several else None
        self.count = max(1, len(names))

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Variables, optimizers among them, must be made in here."""
        return self._strategy.scope() if self._strategy else contextlib.nullcontext()

    def split(self, batch: Sequence[tf.Tensor]) -> tuple[Any, ...]:
        """The part of each device, and its share of the batch. Called in a graph.

        Args:
            batch: tensors [b, …]; b of the last one is known when it is traced.
        """
        if not self._strategy:
            return *batch, 1.0
        rows = int(batch[-1].shape[0])
        ends = [rows * i // self.count for i in range(self.count + 1)]
        places = list(itertools.pairwise(ends))
        columns = [[column[a:b] for a, b in places] for column in batch]
        shares = [tf.constant((b - a) / rows, tf.float32) for a, b in places]
        return tuple(self._dealt(parts) for parts in (*columns, shares))

    def _dealt(self, parts: list[tf.Tensor]) -> Any:
        """Each of the ``parts`` for its device."""
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: parts[context.replica_id_in_sync_group]
        )

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What ``function`` gives on each device, for its own part of the ``arguments``. Called in a graph."""
        return self._strategy.run(function, arguments) if self._strategy else function(*arguments)

    def sum(self, gradients: list[Any]) -> list[Any]:
        """Over all devices; None stays None. Called in a function that `run` runs."""
        if not self._strategy:
            return gradients
        there = [gradient for gradient in gradients if gradient is not None]
        summed = iter(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, there))
        return [None if gradient is None else next(summed) for gradient in gradients]

    def total(self, values: Any) -> tf.Tensor:
        """The sum of what `run` gave on each device."""
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None) if self._strategy else values

    def first(self, values: Any) -> tf.Tensor:
        """What `run` gave on the first device."""
        return self._strategy.experimental_local_results(values)[0] if self._strategy else values


def _reduction(names: Sequence[str]) -> Any:
    """How gradients are summed.

    Not with TensorFlow's collective operations, its default: they do not let a process have now two, now three devices,
    and once a step has failed, for want of memory say, they fail in all trainings that the process has after it.
    """
    return tf.distribute.NcclAllReduce() if "GPU" in names[0].upper() else tf.distribute.ReductionToOneDevice()


def available(most: int, batch_size: int) -> Devices:
    """The GPUs that TensorFlow sees, ``most`` at most, and no more than there are rows in a batch.

    Without any it is the CPU: Ray may have promised what TensorFlow cannot use.
    """
    names = [device.name for device in tf.config.list_logical_devices("GPU")]
    return Devices(names[: min(most, batch_size)])
