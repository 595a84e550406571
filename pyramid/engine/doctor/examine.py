"""The whole visit: what may crash runs in processes of its own, all at once, and is given up after a while."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from pyramid.engine.doctor.facts import Fact, State
from pyramid.engine.doctor.machine import machine
from pyramid.engine.doctor.packages import packages
from pyramid.engine.doctor.probes import MARK, RAY, TENSORFLOW

#: Seconds that a probe may take; TensorFlow's import takes 5 with compiled bytecode, 18 without it.
PATIENCE = 20.0

_PARTS = {TENSORFLOW: ("devices", "TensorFlow"), RAY: ("Ray", "session")}

#: Most letters of an error that are shown.
_LONGEST = 300

_WAYS = {
    TENSORFLOW: "run bin/install again; on a CPU without AVX TensorFlow has to be compiled from source",
    RAY: "run bin/install again, and look at RAY_ADDRESS",
}


def examine(patience: float = PATIENCE) -> list[Fact]:
    """All facts, in the order in which they are shown.

    Args:
        patience: seconds for what is tried in other processes.
    """
    end = time.monotonic() + patience
    probes: dict[str, subprocess.Popen[str]] = {}
    try:
        for name in (TENSORFLOW, RAY):
            probes[name] = _start(name)
        looks = {"versions": packages, "pretrained weights": _weights, "memory": machine}
        here = [_safely(part, look) for part, look in looks.items()]
        tried = {name: _finish(name, probe, end, patience) for name, probe in probes.items()}
    finally:
        for probe in probes.values():
            _kill(probe)
    return [*here[0], *tried[TENSORFLOW], *tried[RAY], *here[1], *here[2]]


def _weights() -> list[Fact]:
    """Imported late: it reads a list of sensenet's, which may be broken."""
    from pyramid.engine.doctor.weights import weights

    return weights()


def _safely(part: str, look: Callable[[], list[Fact]]) -> list[Fact]:
    """What ``look`` finds; on a machine of an unknown kind the other parts are told all the same."""
    try:
        return look()
    except Exception as error:
        told = f"cannot be told: {type(error).__name__}: {error}"
        return [Fact(part, part, told, State.WARNING, "tell the makers of pyramid, and what machine this is")]


def _start(name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pyramid.engine.doctor.probes", name]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, **pipes, encoding="utf-8", errors="replace", start_new_session=True)  # type: ignore[call-overload,no-any-return]


def _finish(name: str, probe: subprocess.Popen[str], end: float, patience: float) -> list[Fact]:
    """What it has told, and how it failed if it did."""
    late = False
    try:
        out, err = probe.communicate(timeout=max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        late = True
        _kill(probe)
        out, err = probe.communicate()
    facts = [_read(line) for line in out.splitlines() if line.startswith(MARK)]
    if not late and probe.returncode == 0:
        return facts
    part, what = _PARTS[name]
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    why = f"did not answer within {patience:g} s" if late else _ending(probe.returncode, lines)
    done = f" after it told of {facts[-1].name}" if facts else ""
    way = "wait longer with --patience; if that does not help, " if late else ""
    return [*facts, Fact(part, what, f"{why}{done}", State.WRONG, way + _WAYS[name])]


def _ending(code: int, lines: list[str]) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"its process died of {signal.Signals(-code).name}"
    return f"does not work: {(lines or ['nothing is known of it'])[-1][:_LONGEST]}"


def _read(line: str) -> Fact:
    values = json.loads(line.removeprefix(MARK))
    return Fact(**{**values, "state": State(values["state"])})


def _kill(probe: subprocess.Popen[str]) -> None:
    """End it and what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(probe.pid, signal.SIGKILL)
