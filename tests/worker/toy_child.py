"""A job process without TensorFlow: it obeys the commands that a job file lists, in the frame of the real one.

    python toy_child.py [--warm-up SECONDS] FD PARENT

A job is {"job_id", "do": [[command, argument], ...]}; each command is a method of `Toy`. Without a crash, the answer
holds `path` and the process id as `pid`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pyramid.worker.child import Say, work
from pyramid.worker.job_process import write_all
from pyramid.worker.protocol import complete_lines, progress_line

OUT, PARENT = int(sys.argv[-2]), int(sys.argv[-1])
KEPT: list[bytes] = []


class Toy:
    """The commands."""

    def __init__(self, job_id: str, say: Say):
        self.job_id, self.say_line = job_id, say

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def say(self, progress: float) -> None:
        self.say_line(progress_line({"job_id": self.job_id, "progress": progress}))

    def shout(self, text: str) -> None:
        """Rubbish where a library would put it: file descriptor 1, by Python, C and a process."""
        sys.stdout.write(text)
        sys.stdout.flush()
        os.write(1, text.encode())
        subprocess.run(["echo", text], check=True)

    def half(self, text: str) -> None:
        """Half a line of the protocol."""
        write_all(OUT, text.encode())

    def pieces(self, seconds: float) -> None:
        """A progress line, byte by byte."""
        line = progress_line({"job_id": self.job_id, "progress": 0.5}) + "\n"
        for byte in line.encode():
            write_all(OUT, bytes([byte]))
            time.sleep(seconds)

    def kill(self, name: str) -> None:
        os.kill(os.getpid(), getattr(signal, name))
        time.sleep(60)

    def abort(self, _: object) -> None:
        os.abort()

    def exit(self, code: int) -> None:
        os._exit(code)

    def raise_(self, name: str) -> None:
        raise {"SystemExit": SystemExit, "KeyboardInterrupt": KeyboardInterrupt, "MemoryError": MemoryError}[name]

    def recurse(self, _: object) -> None:
        self.recurse(_)

    def closing(self, _: object) -> None:
        """The first line of the closing pair."""
        self.say_line(complete_lines({})[0])

    def keep(self, size: int) -> None:
        KEPT.append(b"x" * size)

    def spawn(self, seconds: float) -> None:
        """A process of its own, which holds what it inherits."""
        subprocess.Popen(["sleep", str(seconds)], close_fds=False)

    def fork(self, seconds: float) -> None:
        """The same without exec: it holds everything."""
        if os.fork() == 0:
            time.sleep(seconds)
            os._exit(0)

    def read_stdin(self, _: object) -> None:
        assert sys.stdin.read() == ""

    def hold_interpreter(self, seconds: float) -> None:
        """Native code that does not let go of the interpreter lock."""
        import ctypes

        ctypes.PyDLL(None).sleep(int(seconds))


def run_job(path: str, say: Say) -> None:
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    if "silent" in job:
        return
    toy = Toy(job["job_id"], say)
    for command, argument in job.get("do", []):
        getattr(toy, command)(argument)
    for line in complete_lines({"job_id": job["job_id"], "path": path, "pid": os.getpid()}):
        say(line)
    say("a line after the last one")


def warm_up() -> None:
    if "--warm-up" in sys.argv:
        time.sleep(float(sys.argv[sys.argv.index("--warm-up") + 1]))


if __name__ == "__main__":
    work(OUT, PARENT, warm_up, run_job)
