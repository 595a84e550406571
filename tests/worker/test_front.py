"""The front of the worker: real processes, real signals, with a job process that obeys commands."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.worker.running import Answer, Worker, check_protocol, environment, start_command, worker

TOY = [sys.executable, str(Path(__file__).with_name("toy_child.py"))]
LONG = 600
#: Seconds in which everything must be gone.
SOON = 2.0

Job = Callable[..., Path]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Write a job file: its `job_id`, and what the toy shall do."""

    def write(job_id: str, *do: list[object], **more: Any) -> Path:
        path = tmp_path / f"{job_id}.json"
        path.write_text(json.dumps({"job_id": job_id, "do": do} | more), encoding="utf-8")
        return path

    return write


@pytest.fixture
def toy() -> Iterator[Worker]:
    with worker(command=TOY) as running:
        yield running


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(is_alive(process) for process in processes)


def is_alive(process: psutil.Process) -> bool:
    """A zombie is gone: nobody may be there to reap it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def assert_gone(processes: list[psutil.Process]) -> None:
    """All are gone soon; a test that fails leaves none either."""
    try:
        wait_for(lambda: all_gone(processes), SOON)
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def ids(answers: list[Answer]) -> list[object]:
    return [answer.complete["job_id"] for answer in answers]


def is_good(answer: Answer) -> bool:
    return "error" not in answer.complete


# --- lines in, lines out ----------------------------------------------------------------------------------------------


def test_a_burst_of_lines_is_answered_in_order(toy: Worker, job: Job) -> None:
    names = [f"job{i}" for i in range(50)]
    toy.send(*[job(name, ["sleep", 0.005]) for name in names])
    answers = toy.answers(50)
    assert ids(answers) == names
    assert all(map(is_good, answers))
    assert len({answer.complete["pid"] for answer in answers}) == 1  # one warm process for all


def test_lines_that_come_while_a_job_runs_wait(toy: Worker, job: Job) -> None:
    toy.send(job("a", ["say", 0.1], ["sleep", 0.3]))
    assert toy.progress()["progress"] == 0.1
    for name in "bcd":
        toy.send(job(name))
        time.sleep(0.02)
    assert ids(toy.answers(4)) == ["a", "b", "c", "d"]


def test_lines_may_be_split_anywhere_and_end_in_any_way(toy: Worker, job: Job) -> None:
    data = b"\n\r\n%b\r\n  \n%b\n\n%b" % tuple(os.fsencode(job(name)) for name in "abc")
    for i in range(0, len(data), 7):
        toy.write(data[i : i + 7])
        time.sleep(0.002)
    assert toy.close() == 0
    assert ids(toy.answers(3)) == ["a", "b", "c"]


def test_a_path_may_hold_any_bytes(toy: Worker, job: Job, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/ \xff\xfe \xc3\xa9 \\ \" '.json"
    os.rename(job("odd"), path)
    toy.send(path)
    (answer,) = toy.answers(1)
    assert is_good(answer)
    assert answer.complete["path"] == os.fsdecode(path)


def test_what_a_job_prints_goes_to_standard_error(toy: Worker, job: Job) -> None:
    toy.send(job("loud", ["say", 0.2], ["shout", "rubbish without end"], ["read_stdin", None]))
    (answer,) = toy.answers(1)
    assert is_good(answer)
    assert toy.close() == 0
    assert toy.stderr.count("rubbish") == 3
    check_protocol(toy.lines)  # and nothing but the protocol on standard output
    assert len(toy.lines) == 4


def test_a_line_that_comes_in_pieces_is_passed_on_whole(toy: Worker, job: Job) -> None:
    toy.send(job("slow", ["pieces", 0.002]))
    (answer,) = toy.answers(1)
    assert answer.progress == [{"job_id": "slow", "progress": 0.5}]


def test_it_is_ready_before_its_job_process_is_warm(job: Job) -> None:
    with worker(command=[*TOY, "--warm-up", "2"]) as running:  # has read the ready line
        began = time.monotonic()
        running.send(job("first"))
        assert is_good(running.answers(1)[0])
        assert time.monotonic() - began > 1


def test_two_workers_do_not_mix(toy: Worker, job: Job) -> None:
    with worker(command=TOY) as other:
        for i in range(5):
            toy.send(job(f"one{i}", ["say", 0.5]))
            other.send(job(f"two{i}", ["say", 0.5]))
        assert ids(toy.answers(5)) == [f"one{i}" for i in range(5)]
        assert ids(other.answers(5)) == [f"two{i}" for i in range(5)]


READY = "pyramid process ready - version 1.2.3"
CLOSING = ['pyramid progress - {"progress": 1.0}', 'pyramid job complete - {"job_id": "a"}']
NO_PROTOCOL = [
    ["Epoch 1/5", READY],
    [READY, "Epoch 1/5"],
    [READY, READY],
    [READY, CLOSING[1]],
    [READY, CLOSING[0], CLOSING[0]],
    [READY, 'pyramid progress - {"progress": 0.5}'],
    [READY, 'pyramid progress - {"job_id": "a", "progress": 1.5}'],
    [READY, 'pyramid progress - {"job_id": "a", "progress": 0.1, "loss": NaN}'],
    [READY, *(f'pyramid progress - {{"job_id": "a", "progress": {value}}}' for value in (0.5, 0.4))],
]


@pytest.mark.parametrize("lines", NO_PROTOCOL)
def test_the_check_of_these_tests_finds_what_is_not_the_protocol(lines: list[str]) -> None:
    check_protocol([READY, 'pyramid progress - {"job_id": "a", "progress": 0}', *CLOSING, *CLOSING])
    with pytest.raises(AssertionError):
        check_protocol(lines)


# --- the end ----------------------------------------------------------------------------------------------------------


def test_terminate_ends_it_after_the_jobs_before_it(toy: Worker, job: Job) -> None:
    processes = [psutil.Process(toy.process.pid), toy.job_process()]
    toy.send(job("a", ["sleep", 0.2]), job("b"), "terminate", job("after"))
    assert toy.wait() == 0
    assert ids(toy.answers(2)) == ["a", "b"]
    assert len(toy.lines) == 5
    assert_gone(processes)


def test_the_end_of_the_input_ends_it_after_the_jobs_before_it(toy: Worker, job: Job) -> None:
    toy.send(job("a", ["sleep", 0.2]), job("b"))
    assert toy.close() == 0
    assert ids(toy.answers(2)) == ["a", "b"]


def test_the_idle_time_does_not_count_while_a_job_runs(job: Job) -> None:
    with worker(timeout=1, command=TOY) as running:
        running.send(job("long", ["sleep", 2]))
        assert is_good(running.answers(1)[0])
        running.send(job("next"))
        assert is_good(running.answers(1)[0])
        began = time.monotonic()
        assert running.wait() == 0
        assert 0.8 < time.monotonic() - began < 3


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_at_once_while_a_job_runs(job: Job, number: int, code: int) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # the tests may run in the background, where SIGINT is ignored
    try:
        with worker(command=TOY) as running:
            signal.signal(number, before)
            running.send(job("long", ["spawn", LONG], ["say", 0.1], ["sleep", LONG]))
            running.progress()
            processes = running.processes()
            assert len(processes) == 3
            running.process.send_signal(number)
            assert_gone(processes)
            assert running.wait() == code
    finally:
        signal.signal(number, before)


def test_a_signal_ends_it_while_the_job_process_warms_up() -> None:
    with worker(command=[*TOY, "--warm-up", str(LONG)]) as running:
        processes = [psutil.Process(running.process.pid), running.job_process()]
        running.process.terminate()
        assert_gone(processes)
        assert running.wait() == 143


@pytest.mark.parametrize("how", ["sleep", "hold_interpreter"])
def test_a_killed_front_leaves_no_job_process(toy: Worker, job: Job, how: str) -> None:
    toy.send(job("long", ["say", 0.1], [how, LONG]))
    toy.progress()
    processes = toy.processes()
    toy.process.kill()
    assert_gone(processes)


PARENT = "import json, subprocess, sys, time; subprocess.Popen(json.loads(sys.argv[1])); time.sleep(600)"


def test_the_death_of_the_parent_ends_it(job: Job) -> None:
    """Standard input stays open, as it does when the parent has other children."""
    command = [sys.executable, "-c", PARENT, json.dumps(start_command(60, TOY))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(), **pipes) as parent:  # type: ignore[call-overload]
        assert parent.stdout.readline().startswith(b"pyramid process ready")
        parent.stdin.write(bytes(job("long", ["say", 0.1], ["sleep", LONG])) + b"\n")
        parent.stdin.flush()
        assert b"0.1" in parent.stdout.readline()
        below = psutil.Process(parent.pid).children(recursive=True)
        assert len(below) == 2
        parent.kill()
        assert_gone(below)
        assert parent.stdout.read() == b""  # the job is not answered as a crash


def test_it_ends_when_nobody_reads_its_answers(toy: Worker, job: Job) -> None:
    read, write = os.pipe()
    process = subprocess.Popen(start_command(60, TOY), env=environment(), stdin=subprocess.PIPE, stdout=write)
    os.close(write)
    assert os.read(read, 1000).startswith(b"pyramid process ready")
    os.close(read)
    assert process.stdin
    process.stdin.write(bytes(job("a")) + b"\n")
    process.stdin.flush()
    assert process.wait(10) == 141
    process.stdin.close()


# --- crashes ----------------------------------------------------------------------------------------------------------

CRASHES = [
    ("abort", None, "SIGABRT"),
    ("kill", "SIGKILL", "memory ran out"),
    ("kill", "SIGSEGV", "SIGSEGV"),
    ("exit", 7, "exit code 7"),
    ("exit", 0, "exit code 0"),
]


@pytest.mark.parametrize(("command", "argument", "text"), CRASHES)
def test_a_crash_costs_its_job_alone(toy: Worker, job: Job, command: str, argument: object, text: str) -> None:
    toy.send(job("before"), job("crash", ["say", 0.3], [command, argument]), job("after", ["say", 0.1]))
    before, crash, after = toy.answers(3)
    assert is_good(before)
    assert crash.progress == [{"job_id": "crash", "progress": 0.3}]
    assert crash.complete["job_id"] == "crash"
    assert text in crash.complete["error"]
    assert "This job alone is lost" in crash.complete["error"]
    assert is_good(after)
    assert after.complete["pid"] != before.complete["pid"]


def test_half_a_line_before_a_crash_is_dropped(toy: Worker, job: Job) -> None:
    toy.send(job("crash", ["say", 0.2], ["half", 'pyramid progress - {"job_'], ["abort", None]), job("after"))
    crash, after = toy.answers(2)
    assert crash.progress == [{"job_id": "crash", "progress": 0.2}]
    assert is_good(after)


def test_a_crash_inside_the_closing_pair_does_not_double_it(toy: Worker, job: Job) -> None:
    toy.send(job("crash", ["closing", None], ["abort", None]), job("after"))
    crash, after = toy.answers(2)
    assert "SIGABRT" in crash.complete["error"]
    assert is_good(after)


def test_a_native_crash_leaves_its_trace_on_standard_error(toy: Worker, job: Job) -> None:
    toy.send(job("crash", ["say", 0.1], ["abort", None]))
    toy.answers(1)
    assert toy.close() == 0
    assert "Fatal Python error: Aborted" in toy.stderr
    assert "toy_child.py" in toy.stderr


@pytest.mark.parametrize("how", ["spawn", "fork"])
def test_a_process_that_a_crashed_job_left_does_not_hold_up_the_answer(toy: Worker, job: Job, how: str) -> None:
    toy.send(job("crash", [how, LONG], ["say", 0.1], ["sleep", 0.3], ["abort", None]))
    toy.progress()
    left = toy.job_process().children()
    assert len(left) == 1
    assert "SIGABRT" in toy.answers(1, 10)[0].complete["error"]
    assert_gone(left)


def test_the_job_id_of_a_crash_is_null_when_the_file_cannot_be_read(toy: Worker, job: Job, tmp_path: Path) -> None:
    path = job("crash", ["say", 0.1], ["sleep", 0.5], ["abort", None])
    toy.send(path)
    toy.progress()
    path.unlink()
    os.mkfifo(path)  # which would block a reader
    (crash,) = toy.answers(1)
    assert crash.complete["job_id"] is None


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "MemoryError"])
def test_an_exception_of_any_kind_costs_its_job_alone(toy: Worker, job: Job, name: str) -> None:
    toy.send(job("bad", ["raise_", name]), job("deep", ["recurse", None]), job("silent", silent=True), job("after"))
    bad, deep, silent, after = toy.answers(4)
    assert name in bad.complete["error"]
    assert "RecursionError" in deep.complete["error"]
    assert "without an answer" in silent.complete["error"]
    assert ids([bad, deep, silent]) == ["bad", "deep", "silent"]
    assert is_good(after)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_job_process_that_dies_while_idle_costs_no_job(toy: Worker, job: Job, at_once: bool) -> None:
    toy.send(job("a", ["keep", 100_000_000]))  # a large process takes a while to die
    toy.answers(1)
    child = toy.job_process()
    child.kill()
    if not at_once:
        wait_for(lambda: not is_alive(child))
    toy.send(job("b"))
    assert is_good(toy.answers(1)[0])


def test_a_job_that_crashes_before_its_first_line_is_tried_twice(toy: Worker, job: Job) -> None:
    toy.send(job("crash", ["shout", "tried"], ["abort", None]), job("after"))
    crash, after = toy.answers(2)
    assert "SIGABRT" in crash.complete["error"]
    assert is_good(after)
    assert toy.close() == 0
    assert toy.stderr.count("tried") == 6  # three shouts each


def test_a_job_process_that_dies_while_it_warms_up_costs_no_job(job: Job) -> None:
    with worker(command=[*TOY, "--warm-up", "0.5"]) as running:
        running.send(job("a"))
        running.job_process().kill()
        assert is_good(running.answers(1)[0])


def test_without_a_job_process_every_job_is_answered_with_the_reason(job: Job, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    script = f"import sys\nprint('rubbish')\nopen({str(starts)!r}, 'a').write('x')\nsys.exit(3)"
    with worker(command=[sys.executable, "-c", script]) as running:
        running.send(job("a"), job("b"))
        answers = running.answers(2)
        assert ids(answers) == ["a", "b"]
        assert all("cannot be started" in answer.complete["error"] for answer in answers)
        assert all("exit code 3" in answer.complete["error"] for answer in answers)
        time.sleep(0.3)
        assert len(starts.read_text()) == 3  # at the beginning, and once for each job
        assert running.close() == 0
        assert running.stderr.count("rubbish") == 3


def test_a_command_that_is_not_there_is_answered_with_the_reason(job: Job, tmp_path: Path) -> None:
    with worker(command=[str(tmp_path / "nothing")]) as running:
        running.send(job("a"))
        assert "No such file" in running.answers(1)[0].complete["error"]
        assert running.close() == 0


def test_a_job_process_that_has_grown_is_replaced(job: Job) -> None:
    with worker(
        command=TOY, first="from pyramid.worker import job_process; job_process.GROWTH = 30_000_000"
    ) as running:
        running.send(job("a"), job("b", ["keep", 60_000_000]), job("c"))
        a, b, c = (answer.complete["pid"] for answer in running.answers(3))
        assert a == b != c
