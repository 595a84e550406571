"""Memory, disks and limits of this machine, as far as they bear on training. No TensorFlow, no Ray."""

import contextlib
import os
import resource
import shutil
import tempfile
from pathlib import Path

import psutil

from pyramid.engine.doctor.facts import Fact, State, size

#: Bytes of memory below which training hardly starts, and below which it is short: Ray and one trial take about 2 GB.
_NO_MEMORY, _LITTLE_MEMORY = 1e9, 3e9

#: Bytes of a disk below which a model may not be written, and below which data sets will not fit.
_NO_DISK, _LITTLE_DISK = 2e8, 5e9

#: Share of a disk in use from which Ray puts nothing there any more, and of memory from which it ends processes.
_FULL = 0.95

#: Bytes of shared memory below which Ray keeps pictures and tables on the disk.
_LITTLE_SHARED = 1e9

#: Open files below which Ray's processes run out of them.
_FEW_FILES = 4096

_SHARED = Path("/dev/shm")

_CGROUP = Path("/sys/fs/cgroup")

_MEMORY, _DISK, _LIMITS = "memory", "disk", "limits"


def machine(cgroup: Path = _CGROUP) -> list[Fact]:
    """All there is to say of this machine; ``cgroup`` is the folder with the container's limits."""
    return [*_memory(cgroup), *_disks(), *_shared_memory(), *_limits(cgroup)]


def _memory(cgroup: Path) -> list[Fact]:
    memory, limit = psutil.virtual_memory(), memory_limit(cgroup)
    total, used = memory.total, memory.total - memory.available
    told = f"{size(memory.available)} free of {size(total)}"
    free: float = memory.available
    if limit is not None and limit < total:
        used = _memory_used(cgroup)
        total, free = limit, min(free, limit - used)
        told = f"{size(free)} free of {size(limit)}, which the container may use"
    advice = "end other programs, or use a machine or a container with more"
    if free < _NO_MEMORY:
        return [Fact(_MEMORY, "memory", told, State.WRONG, f"training needs {size(_LITTLE_MEMORY)}: {advice}")]
    if used / total > _FULL:
        why = f"more than {_FULL:.0%} are in use, at which Ray ends trials: {advice}"
        return [Fact(_MEMORY, "memory", told, State.WARNING, why)]
    if free < _LITTLE_MEMORY:
        return [Fact(_MEMORY, "memory", told, State.WARNING, f"large networks may run out of it: {advice}")]
    return [Fact(_MEMORY, "memory", told)]


def _disks() -> list[Fact]:
    places, gone = {}, []
    try:
        places["current folder"] = Path.cwd()
    except OSError:
        way = "go to one that is there: training would not find its files"
        gone = [Fact(_DISK, "current folder", "was removed", State.WARNING, way)]
    places["temporary files"] = Path(tempfile.gettempdir())
    with contextlib.suppress(Exception):  # whatever a broken sensenet does when it is imported; that is told elsewhere
        from pyramid.networks.weights.files import folder

        places["weights"] = folder()
    return gone + [_disk(name, place) for name, place in places.items()]


def _disk(name: str, place: Path) -> Fact:
    there = next(parent for parent in (place, *place.parents) if parent.exists())
    try:
        usage = shutil.disk_usage(there)
    except OSError as error:
        return Fact(_DISK, name, f"{place}: {error.strerror}", State.WARNING, "look whether the disk is there")
    told = f"{size(usage.free)} free at {place}"
    way = (
        "remove files there, or set TMPDIR" if name == "temporary files" else "remove files there, or use another disk"
    )
    if not os.access(there, os.W_OK):
        state = State.WRONG if name == "temporary files" else State.WARNING
        return Fact(
            _DISK, name, f"{told}, which cannot be written to", state, f"give yourself the right to write: {there}"
        )
    if usage.free < _NO_DISK:
        return Fact(_DISK, name, told, State.WRONG, f"too little for a model: {way}")
    if name == "temporary files" and usage.used / usage.total > _FULL:
        return Fact(_DISK, name, told, State.WARNING, f"over {_FULL:.0%} full, so Ray puts no data there: {way}")
    if usage.free < _LITTLE_DISK:
        return Fact(_DISK, name, told, State.WARNING, f"little for data sets: {way}")
    return Fact(_DISK, name, told)


def _shared_memory() -> list[Fact]:
    if not _SHARED.is_dir():
        return []
    free = shutil.disk_usage(_SHARED).free
    told = f"{size(free)} free at {_SHARED}"
    if free >= _LITTLE_SHARED:
        return [Fact(_DISK, "shared memory", told)]
    advice = f"Ray keeps data on the slower disk instead: give the container more (docker run --shm-size={_docker()})"
    return [Fact(_DISK, "shared memory", told, State.WARNING, advice)]


def _docker() -> str:
    """About a third of the memory, which is what Ray would take."""
    return f"{max(1, round(psutil.virtual_memory().total * 0.3 / 1e9))}g"


def _limits(cgroup: Path) -> list[Fact]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    shown = ["unlimited" if n == resource.RLIM_INFINITY else f"{n:,}" for n in (soft, hard)]
    told = f"{shown[0]}, up to {shown[1]} when asked for"  # Ray asks
    few = hard != resource.RLIM_INFINITY and hard < _FEW_FILES
    advice = (
        f"Ray's processes may run out of them: ulimit -Hn {_FEW_FILES} as root, or docker run --ulimit nofile=65536"
    )
    files = Fact(_LIMITS, "open files", told, *((State.WARNING, advice) if few else ()))
    return [files, *_cores(cgroup), *_processes(cgroup)]


def _cores(cgroup: Path) -> list[Fact]:
    count, usable, quota = os.cpu_count() or 1, usable_cores(), cpu_limit(cgroup)
    told = f"{count}" if usable == count else f"{usable} of {count} (this process may use no others)"
    if quota is None or quota >= usable:
        return [Fact(_LIMITS, "cores", told)]
    told = f"{quota:g} of {told}: the container may use no more"
    if quota >= 1:
        return [Fact(_LIMITS, "cores", told)]
    return [Fact(_LIMITS, "cores", told, State.WARNING, "less than a core: training is slow (docker run --cpus=…)")]


def _processes(cgroup: Path) -> list[Fact]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    most = _number(cgroup / "pids.max")
    least = min((n for n in (soft, most) if n is not None and n > 0), default=None)
    if least is None or least >= 2000:
        return []
    advice = "Ray starts hundreds of threads: raise ulimit -u, or docker run --pids-limit"
    return [Fact(_LIMITS, "processes and threads", f"{least:,}", State.WARNING, advice)]


def usable_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_limit(cgroup: Path = _CGROUP) -> int | None:
    """Bytes that the container may use; None without a limit."""
    return _number(cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes")


def _memory_used(cgroup: Path) -> int:
    """Bytes that the container uses, without the pages of files, which go when something else needs the room.

    Ray counts the same way when it decides whether to end a process.
    """
    used = _number(cgroup / "memory.current", cgroup / "memory" / "memory.usage_in_bytes") or 0
    for file, keys in (
        (cgroup / "memory.stat", ("inactive_file", "active_file")),
        (cgroup / "memory" / "memory.stat", ("total_inactive_file", "total_active_file")),
    ):
        with contextlib.suppress(OSError, ValueError):
            told = dict(line.split() for line in file.read_text().splitlines())
            return max(0, used - sum(int(told.get(key, 0)) for key in keys))
    return used


def cpu_limit(cgroup: Path = _CGROUP) -> float | None:
    """Cores that the container may use; None without a limit."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()[:2]
    except (OSError, ValueError):
        whole = _number(cgroup / "cpu" / "cpu.cfs_quota_us")
        of = _number(cgroup / "cpu" / "cpu.cfs_period_us")
        return whole / of if whole and of and whole > 0 else None
    return int(quota) / int(period) if quota.isdecimal() else None


def _number(*files: Path) -> int | None:
    """What the first of ``files`` that is there says."""
    for file in files:
        try:
            return int(file.read_text())
        except (OSError, ValueError):  # "max"
            continue
    return None
