"""When a training writes what it has: so often that little is lost, and so seldom that it costs little."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyramid.training.clock import Stopwatch

#: Weights and checkpoints are written when that costs this share of the time at most; at the end in any case.
SAVING_SHARE = 0.03

#: Seconds of training that are worth a checkpoint.
WORTH_KEEPING = 2.0

#: Bytes in a second, before the first checkpoint has shown it: of a shared folder, rather.
_SPEED = 2e8


class Saving:
    """Keeps count of what writing costs.

    Before the first checkpoint the best weights are written on their own, afterwards with every checkpoint.

    Attributes:
        weights_seconds: for the best weights; 0 before they were written.
        checkpoint_seconds: for a checkpoint: a guess before one was written.
        wanted: whether somebody may go on from checkpoints.
    """

    def __init__(self, watch: Stopwatch, checkpoint_bytes: int):
        """``watch``: of the training; it goes on from what an earlier process spent, if it does."""
        self._watch = watch
        self._last = watch.resumed_at
        self.weights_seconds = 0.0
        self.checkpoint_seconds = checkpoint_bytes / _SPEED
        self.wanted = True

    @property
    def checkpoints(self) -> bool:
        """Whether there are checkpoints, and the training is long enough for them."""
        return self.wanted and self._watch.spent.get("training", 0.0) >= WORTH_KEEPING

    @property
    def seconds_to_finish(self) -> float:
        """For what is written at the end."""
        return self.weights_seconds + (self.checkpoint_seconds if self.checkpoints else 0.0)

    def weights_are_due(self) -> bool:
        """Whether weights that are the best so far are to be written on their own."""
        return not (self.weights_seconds and self.checkpoints) and self._costs_little(self.weights_seconds)

    def checkpoint_is_due(self, seconds_left: float) -> bool:
        """Whether to write a checkpoint, and the best weights if they are not on the disk.

        Args:
            seconds_left: for training.
        """
        seconds = self.weights_seconds + self.checkpoint_seconds
        return self.checkpoints and seconds < seconds_left and self._costs_little(seconds)

    def _costs_little(self, seconds: float) -> bool:
        return SAVING_SHARE * (self._watch.elapsed - self._last) > seconds

    @contextmanager
    def of_weights(self) -> Iterator[None]:
        """Measure the writing of the best weights."""
        before = self._watch.elapsed
        with self._watch.on("saving"):
            yield
        self._last = self._watch.elapsed
        self.weights_seconds = self._last - before

    @contextmanager
    def of_checkpoint(self) -> Iterator[None]:
        """Measure the writing of a checkpoint."""
        before = self._watch.elapsed
        with self._watch.on("saving"):
            yield
        self._last = self._watch.elapsed
        self.checkpoint_seconds = self._last - before
