"""What Tune does not foresee of a trial's death."""

import sys
from typing import Any

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.tune.execution import tune_controller
from ray.tune.experiment import Trial

#: What Ray says of an actor whose machine is gone.
_LOST_MACHINE = "node has died"


class _ActorManager(RayActorManager):
    """Takes any error of Ray for the death of the actor: Tune's own ends the whole search on `OutOfMemoryError`."""

    def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
        if isinstance(exception, RayError) and not isinstance(exception, RayActorError | RayTaskError):
            exception = RayActorError(error_msg=f"{type(exception).__name__}: {exception}")
        super()._actor_task_failed(tracked_actor_task, exception)


class _Controller(tune_controller.TuneController):
    """Tries a trial again whose process was another trial's before, and died when it was handed over."""

    def _trial_task_failure(self, trial: Trial, exception: Exception) -> None:
        if isinstance(exception, RayActorError) and trial.status == Trial.PENDING:
            return  # that was told before, and the trial waits for another process already
        self._resetting_trials.discard(trial)  # else it would wait for the dead one
        if isinstance(exception, RayActorError) and _LOST_MACHINE in str(exception):
            trial.run_metadata.num_failures -= 1  # it will be counted, though no candidate ends a machine
        super()._trial_task_failure(trial, exception)


def foresee_deaths() -> None:
    """Have Tune survive them."""
    tune_controller.RayActorManager = _ActorManager
    sys.modules["ray.tune.tune"].TuneController = _Controller  # type: ignore[attr-defined]
