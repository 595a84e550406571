"""One training on several devices: tested on the parts of a CPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyramid.tf import tf
from pyramid.training.devices import Devices, available

HERE = Path(__file__).parent


def test_several_devices_learn_as_one():
    """See `on_logical_devices.py`."""
    code = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(HERE / "on_logical_devices.py")]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(code, cwd=HERE.parents[1], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="there are GPUs")
@pytest.mark.parametrize("most", [0, 1, 2, 8])
def test_without_gpus_a_training_that_may_have_some_runs_on_the_cpu(most):
    assert available(most, 32).count == 1


def test_a_single_device_is_left_to_tensorflow():
    for devices in (Devices(), Devices(["GPU:0"])):
        assert devices.count == 1
        assert devices.split((tf.zeros((4, 2)), tf.zeros(4)))[-1] == 1.0
        assert devices.run(lambda a, b: a + b, 1, 2) == 3
