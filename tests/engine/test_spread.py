"""One function on many items: the same results, errors and bounds in this process, in others and on Ray."""

import contextlib
import importlib
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from pyramid.engine.spread.cores import cores
from pyramid.errors import ConfigError, PyramidError

ROOT = Path(__file__).parents[2]

#: What the processes import: a module of the tests themselves cannot be found by its name there.
WORK = """
import os, signal, threading, time
from collections.abc import Callable
from pathlib import Path
from pyramid.errors import DataError, PyramidError


def slower_first(shared: int, item: int) -> int:
    time.sleep(0.05 if item % 4 == 0 else 0)
    return shared + item


class OddError(Exception):
    # Not what pickle expects.

    def __init__(self, number: int, unit: str):
        super().__init__(f"{number} {unit}")
        self.number = number


ERRORS: dict[str, Callable[[], Exception]] = {
    "os": lambda: FileNotFoundError(2, "No such file or directory", "a.png"),
    "pyramid": lambda: PyramidError("one message"),
    "problems": lambda: DataError(["the first", "the second"]),
    "odd": lambda: OddError(3, "pixels"),
    "unicode": lambda: UnicodeDecodeError("utf-8", b"\\xff", 0, 1, "invalid start byte"),
    "lock": lambda: ValueError(threading.Lock()),
}


def fail_at_5(kind: str, item: int) -> int:
    if item == 5:
        raise ERRORS[kind]()
    return item


def touch(folder: Path, item: int) -> int:
    (folder / f"{item}_in_work").touch()
    try:
        time.sleep(0.2)
    finally:
        (folder / f"{item}_in_work").rename(folder / str(item))
    return item


class Opened:
    # Writes a file whenever it is unpickled.

    def __init__(self, folder: Path):
        self.folder = folder

    def __setstate__(self, state: dict) -> None:
        self.__dict__ = state
        (self.folder / f"{os.getpid()}_{time.monotonic_ns()}").touch()


def process_id(_: object, __: int) -> int:
    time.sleep(0.01)
    return os.getpid()


def die_at_5(_: object, item: int) -> int:
    if item == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def make_lambda(_: object, __: int) -> Callable[[], None]:
    return lambda: None
"""


@pytest.fixture(scope="module", autouse=True)
def work(tmp_path_factory) -> Iterator[ModuleType]:
    """The module `WORK`, for Ray's processes too."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "spread_work.py").write_text(WORK)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield importlib.import_module("spread_work")


@pytest.fixture(scope="module", params=["here", "processes", "ray"])
def spread(request) -> Iterator:
    """Each kind of cores, used by all tests one after another."""
    if request.param == "ray":
        request.getfixturevalue("ray_session")
    with cores({"here": 1}.get(request.param, 2), on_ray=request.param == "ray") as cores_:
        yield cores_


@pytest.fixture
def two_processes() -> Iterator:
    with cores(2, on_ray=False) as cores_:
        yield cores_


def test_results_come_in_the_order_of_the_items(work, spread):
    assert list(spread.map(work.slower_first, spread.put(100), range(23))) == list(range(100, 123))
    assert list(spread.map(work.slower_first, spread.put(200), range(1))) == [200]
    assert list(spread.map(work.slower_first, spread.put(300), [])) == []


def test_values_may_be_put_at_any_time_and_used_in_turns(spread):
    first = spread.put({"a": 1})
    assert list(spread.map(operator.getitem, first, "aa")) == [1, 1]
    second = spread.put({"b": 2})
    assert list(spread.map(operator.getitem, second, "b")) == [2]
    assert list(spread.map(operator.getitem, first, "a")) == [1]
    in_turns = zip(spread.map(operator.getitem, first, "aaa"), spread.map(operator.getitem, second, "bbb"), strict=True)
    assert list(in_turns) == [(1, 2)] * 3


def test_items_are_taken_as_they_are_needed(spread):
    taken = []
    results = spread.map(operator.add, spread.put(0), (taken.append(i) or i for i in range(10**9)))
    assert taken == []
    for i in range(40):
        assert next(results) == i
        assert len(taken) - i - 1 <= 2 * spread.count + 2
    results.close()


@pytest.mark.parametrize("kind", ["os", "pyramid", "problems", "odd", "unicode"])
def test_an_error_comes_out_as_itself(work, spread, kind):
    expected = work.ERRORS[kind]()
    with pytest.raises(type(expected)) as caught:
        list(spread.map(work.fail_at_5, spread.put(kind), range(100)))
    assert type(caught.value) is type(expected)
    assert str(caught.value) == str(expected)
    state = {name: value for name, value in vars(caught.value).items() if name != "__notes__"}
    assert (caught.value.args, state) == (expected.args, vars(expected))
    assert getattr(caught.value, "filename", None) == getattr(expected, "filename", None)


def test_results_before_an_error_are_given(work, spread):
    results = spread.map(work.fail_at_5, spread.put("os"), range(100))
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(FileNotFoundError):
        next(results)


def test_an_error_that_cannot_be_sent_is_told(work, two_processes):
    with pytest.raises(PyramidError, match=r"ValueError: <unlocked _thread.lock"):
        list(two_processes.map(work.fail_at_5, two_processes.put("lock"), range(9)))


def test_an_error_shows_where_it_was_raised(work, two_processes):
    with pytest.raises(FileNotFoundError) as caught:
        list(two_processes.map(work.fail_at_5, two_processes.put("os"), range(9)))
    [note] = caught.value.__notes__
    assert "in fail_at_5" in note


def failing_items() -> Iterator[int]:
    yield from range(20)
    raise ConfigError(["no more items"])


def test_an_error_of_the_items_comes_out(spread):
    with pytest.raises(ConfigError, match="no more items"):
        list(spread.map(operator.add, spread.put(1), failing_items()))
    assert list(spread.map(operator.add, spread.put(1), [1])) == [2]


def test_after_an_early_end_nothing_is_in_work_and_nothing_more_begins(work, spread, tmp_path):
    results = spread.map(work.touch, spread.put(tmp_path), range(100))
    assert next(results) == 0
    time.sleep(0.1)
    before = len(os.listdir(tmp_path))
    results.close()
    begun = set(os.listdir(tmp_path))
    assert all(name.isdigit() for name in begun)
    assert len(begun) <= before + 1
    assert list(spread.map(operator.add, spread.put(1), [1])) == [2]
    time.sleep(0.3)
    assert set(os.listdir(tmp_path)) == begun


def test_a_map_that_outlives_its_cores_can_be_closed(work, tmp_path):
    with cores(2, on_ray=False) as two:
        results = two.map(work.touch, two.put(tmp_path), range(100))
        next(results)
    begun = set(os.listdir(tmp_path))
    results.close()
    time.sleep(0.3)
    assert set(os.listdir(tmp_path)) == begun
    assert len(begun) <= 5


def test_a_process_opens_what_was_put_once(work, two_processes, tmp_path):
    shared = two_processes.put(work.Opened(tmp_path))
    workers = {worker for _ in range(3) for worker in two_processes.map(work.process_id, shared, range(20))}
    assert len(workers) == 2
    assert os.getpid() not in workers
    assert sorted(int(name.split("_")[0]) for name in os.listdir(tmp_path)) == sorted(workers)


def test_one_worker_is_this_process(work, tmp_path):
    before = psutil.Process().children()
    with cores(1, on_ray=False) as one:
        assert one.count == 1
        assert list(one.map(work.process_id, one.put(work.Opened(tmp_path)), range(2))) == [os.getpid()] * 2
        assert psutil.Process().children() == before
    assert not os.listdir(tmp_path)


def test_processes_and_files_end_with_the_block(work, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with cores(2, on_ray=False) as two:
        workers = set(two.map(work.process_id, two.put(None), range(20)))
        assert len(os.listdir(tmp_path)) == 1
        assert all(psutil.pid_exists(worker) for worker in workers)
    assert not any(psutil.pid_exists(worker) for worker in workers)
    assert not os.listdir(tmp_path)


def test_a_worker_that_is_killed_is_one_clear_error(work, two_processes):
    with pytest.raises(PyramidError, match="a worker process ended by itself"):
        list(two_processes.map(work.die_at_5, two_processes.put(None), range(50)))
    with pytest.raises(PyramidError, match="a worker process ended by itself"):
        list(two_processes.map(operator.add, two_processes.put(1), range(5)))


def test_what_cannot_be_pickled_is_an_error_and_the_processes_stay(work, two_processes):
    nothing = two_processes.put(None)
    for function, items in ((work.make_lambda, [1]), (lambda *_: 0, [1]), (work.process_id, [threading.Lock()])):
        with pytest.raises(Exception, match=r"pickle"):
            list(two_processes.map(function, nothing, items))
    assert list(two_processes.map(operator.eq, nothing, [None])) == [True]


def test_fewer_workers_than_one_are_refused():
    with pytest.raises(ConfigError, match="workers: must be at least 1, but got 0"), cores(0):
        pass


def test_a_session_that_is_there_is_used(work, ray_session):
    with cores() as all_cores:
        workers = set(all_cores.map(work.process_id, all_cores.put(None), range(4)))
        names = [psutil.Process(worker).cmdline()[0] for worker in workers]
    assert all(name.startswith("ray::") for name in names)


# Whole programs: a script that is killed, interrupted, or has no guard.


def run(*arguments: str, **options) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "RAY_ADDRESS": ""}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=60, **options
    )


def test_without_a_cluster_ray_is_not_imported_and_all_own_cores_are_used():
    code = """
import operator, os, sys
from pyramid.engine.spread.cores import cores
with cores() as all_cores:
    print(all_cores.count == len(os.sched_getaffinity(0)), list(all_cores.map(operator.add, all_cores.put(1), [1, 2])))
print({"ray", "tensorflow", "numpy"} & set(sys.modules))
"""
    assert run("-c", code).stdout == "True [2, 3]\nset()\n"


def test_a_function_that_a_worker_cannot_find_is_told_and_nothing_hangs():
    code = """
from pyramid.engine.spread.cores import cores
def double(_, item): return 2 * item
with cores(2, on_ray=False) as two:
    list(two.map(double, two.put(None), [1]))
"""
    assert "AttributeError: Can't get attribute 'double'" in run("-c", code).stderr


def test_a_script_without_a_guard_is_told_why(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import operator
from pyramid.engine.spread.cores import cores
with cores(2, on_ray=False) as two:
    list(two.map(operator.add, two.put(1), [1]))
""")
    told = run(str(script)).stderr
    assert "if __name__ == '__main__':" in told
    assert "a worker process ended by itself" in told


SLOW_SCRIPT = """
import os, sys, time
from pathlib import Path
from pyramid.engine.spread.cores import cores

folder = Path(sys.argv[1])

def work(_, item):
    (folder / f"begun_{os.getpid()}_{item}").touch()
    time.sleep(0.5)
    (folder / f"done_{os.getpid()}_{item}").touch()

def count(word):
    return len(list(folder.glob(word + "_*")))

if __name__ == "__main__":
    with cores(2, on_ray=False) as two:
        try:
            list(two.map(work, two.put(None), range(1000)))
        except KeyboardInterrupt:
            print(count("begun"), count("done"))
    print(os.listdir(os.environ["TMPDIR"]))
else:
    (folder / f"starting_{os.getpid()}").touch()
    time.sleep(0.3)
"""


@pytest.fixture
def slow_program(tmp_path) -> Iterator[tuple[subprocess.Popen, Path]]:
    """A script in its own process group, like one in a terminal; its files are in the folder."""
    (tmp_path / "script.py").write_text(SLOW_SCRIPT)
    for name in ("out", "tmp"):
        (tmp_path / name).mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp")}
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "out")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, start_new_session=True, **pipes) as program:
        yield program, tmp_path
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def begun_by(folder: Path) -> set[int]:
    return {int(path.name.split("_")[1]) for path in (folder / "out").glob("begun_*")}


def test_the_processes_of_a_killed_program_end_too(slow_program):
    program, folder = slow_program
    wait_until(lambda: len(begun_by(folder)) == 2)
    children = psutil.Process(program.pid).children(recursive=True)
    assert begun_by(folder) <= {child.pid for child in children}
    program.kill()
    _, alive = psutil.wait_procs(children, timeout=2.0)
    assert not alive
    assert not os.listdir(folder / "tmp")


def test_ctrl_c_is_for_the_program_and_what_has_begun_is_finished(slow_program):
    program, folder = slow_program
    wait_until(lambda: len(begun_by(folder)) == 2)
    os.killpg(program.pid, signal.SIGINT)
    stdout, stderr = program.communicate(timeout=5)
    assert stderr == ""
    begun, done, files = stdout.split()
    assert 2 <= int(begun) == int(done) <= 4
    assert files == "[]"


def test_ctrl_c_while_the_processes_start_is_for_the_program(slow_program):
    program, folder = slow_program
    wait_until(lambda: len(list((folder / "out").glob("starting_*"))) == 2)
    os.killpg(program.pid, signal.SIGINT)
    stdout, stderr = program.communicate(timeout=5)
    assert (stdout, stderr) == ("0 0\n[]\n", "")
