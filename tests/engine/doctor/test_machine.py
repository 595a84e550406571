"""What the doctor says of a machine, from the files that tell a container's limits."""

from pathlib import Path

import pytest

from pyramid.engine.doctor.facts import Fact, State
from pyramid.engine.doctor.machine import cpu_limit, machine, memory_limit

#: Bytes: of the limit, of what is used in all, and of files in memory.
LIMIT, USED, INACTIVE, ACTIVE = 8_000_000_000, 7_800_000_000, 5_000_000_000, 1_000_000_000


def version_2(folder: Path, stat: str = f"anon 1\ninactive_file {INACTIVE}\nactive_file {ACTIVE}\n") -> Path:
    (folder / "memory.max").write_text(f"{LIMIT}\n")
    (folder / "memory.current").write_text(f"{USED}\n")
    (folder / "memory.stat").write_text(stat)
    (folder / "cpu.max").write_text("150000 100000\n")
    (folder / "pids.max").write_text("500\n")
    return folder


def version_1(folder: Path) -> Path:
    (folder / "memory").mkdir()
    (folder / "cpu").mkdir()
    (folder / "memory" / "memory.limit_in_bytes").write_text(f"{LIMIT}\n")
    (folder / "memory" / "memory.usage_in_bytes").write_text(f"{USED}\n")
    stat = f"cache 1\ninactive_file 5\ntotal_inactive_file {INACTIVE}\ntotal_active_file {ACTIVE}\n"
    (folder / "memory" / "memory.stat").write_text(stat)
    (folder / "cpu" / "cpu.cfs_quota_us").write_text("150000\n")
    (folder / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    return folder


@pytest.fixture(autouse=True)
def _much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine itself has more than the container may use, whatever machine this is."""

    class Memory:
        total, available = 64_000_000_000, 60_000_000_000

    monkeypatch.setattr("psutil.virtual_memory", Memory)


def fact(cgroup: Path, name: str) -> Fact:
    return next(fact for fact in machine(cgroup) if fact.name == name)


@pytest.mark.parametrize("version", [version_1, version_2])
def test_files_in_memory_are_not_in_use(version, tmp_path: Path) -> None:
    found = fact(version(tmp_path), "memory")
    assert (found.value, found.state) == ("6.2 GB free of 8.0 GB, which the container may use", State.GOOD)


def test_memory_that_is_in_use_is_told(tmp_path: Path) -> None:
    found = fact(version_2(tmp_path, "inactive_file 0\nactive_file 0\n"), "memory")
    assert (found.value, found.state) == ("200 MB free of 8.0 GB, which the container may use", State.WRONG)


@pytest.mark.parametrize("stat", ["", "a line that is none of it\n", "inactive_file much\n"])
def test_without_a_count_of_files_all_is_in_use(stat: str, tmp_path: Path) -> None:
    assert fact(version_2(tmp_path, stat), "memory").state == State.WRONG


@pytest.mark.parametrize("version", [version_1, version_2])
def test_limits_are_read(version, tmp_path: Path) -> None:
    cgroup = version(tmp_path)
    assert (memory_limit(cgroup), cpu_limit(cgroup)) == (LIMIT, 1.5)


def test_a_limit_of_processes_is_told(tmp_path: Path) -> None:
    assert fact(version_2(tmp_path), "processes and threads").state == State.WARNING


def test_without_limits_the_machine_is_told(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert (memory_limit(tmp_path), cpu_limit(tmp_path)) == (None, None)
    assert fact(tmp_path, "memory").value == "60.0 GB free of 64.0 GB"


def test_a_current_folder_that_is_gone_costs_no_other_fact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    facts = {fact.name: fact for fact in machine(tmp_path)}
    assert (facts["current folder"].value, facts["current folder"].state) == ("was removed", State.WARNING)
    assert {"memory", "temporary files", "open files", "cores"} <= set(facts)
