"""The whole path on this machine: a head with a token, a second node, a job by submit.sh, its status and its result."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

SUBMIT = Path(__file__).parents[2] / "cluster" / "submit.sh"
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Cluster:
    """A head that works on nothing, as in rayjob.yaml, and one node with a core.

    Attributes:
        environment: of whoever has the token.
        port, dashboard: of the head.
        temporary: in the command line of every process of the cluster.
    """

    environment: dict[str, str]
    port: int
    dashboard: int
    temporary: str

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self.environment | environment, capture_output=True, text=True, timeout=200, check=False
        )

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if any(self.temporary in part for part in process.cmdline()):
                    found.append(process)
        return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    token = tmp_path_factory.mktemp("secret") / "folder" / "token"
    # pytest's folders are too long for the names of Ray's sockets.
    temporary = tempfile.mkdtemp(prefix="pyr", dir="/tmp")
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("", 0))) for _ in range(7)]
        port, dashboard, client, *others = (listener.getsockname()[1] for listener in held)
    dropped = ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_AUTH_MODE", "PYTHONDONTWRITEBYTECODE")
    environment = {key: value for key, value in os.environ.items() if key not in dropped} | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYRAMID_VENV": str(BIN.parent),
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_API_SERVER_ADDRESS": f"http://127.0.0.1:{dashboard}",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    made = Cluster(environment, port, dashboard, temporary)
    run = made.run(str(SUBMIT), "--token")
    assert (run.returncode, token.stat().st_mode & 0o777, len(token.read_text())) == (0, 0o600, 64), run.stderr
    head = [f"--port={port}", "--head", "--num-cpus=0", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"]
    head.append(f"--ray-client-server-port={client}")
    with (
        ended(made),
        node(made, head, others[:2]),
        node(made, [f"--address=127.0.0.1:{port}", "--num-cpus=1"], others[2:]),
    ):
        wait_for(
            lambda: "1.0 CPU" in made.run("ray", "status", f"--address=127.0.0.1:{port}", RAY_AUTH_MODE="token").stdout
        )
        wait_for(lambda: made.run("ray", "job", "list", RAY_AUTH_MODE="token").returncode == 0)
        yield made


@contextlib.contextmanager
def node(cluster: Cluster, arguments: list[str], agent: list[int]) -> Iterator[None]:
    """A node in the foreground, which ends its own processes when it is told to end.

    Each has a folder of its own: nodes that share one remove each other's copy of the job's folder.
    """
    listen, metrics = agent
    ports = [f"--dashboard-agent-listen-port={listen}", f"--metrics-export-port={metrics}"]
    command = ["ray", "start", "--block", *arguments, *ports, f"--temp-dir={cluster.temporary}/{listen}"]
    command.append("--object-store-memory=100000000")
    with subprocess.Popen(
        command,
        env=cluster.environment | {"RAY_AUTH_MODE": "token"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            if "--head" in arguments:
                wait_for(lambda: listens(cluster.port))
            yield
        finally:
            process.terminate()
            # After a job the head's processes take half a minute for it; `ended` ends what is left.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)
            process.kill()


@contextlib.contextmanager
def ended(cluster: Cluster) -> Iterator[None]:
    """Nothing stays, whatever happened: by process id, for other sessions of Ray on this machine are not ours."""
    try:
        yield
    finally:
        left = psutil.wait_procs(cluster.processes(), timeout=2)[1]
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)
        shutil.rmtree(cluster.temporary, ignore_errors=True)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False


def wait_for(condition: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the cluster does not come up"
        time.sleep(0.3)


def pictures_job(folder: Path, results: Path, pictures: Path) -> Path:
    """A configuration of pyramid_train in a folder that the job starts in, with its pictures."""
    shutil.copytree(pictures, folder / "pictures")
    document = {
        "training_data": "pictures",
        "image_network_candidates": [["simple", "randomly_initialize"]],
        "input_image_shape": [24, 24, 3],
        "max_iterations": 100,
        "max_total_time": 120,
        "output_directory": str(results),
    }
    (folder / "config.json").write_text(json.dumps(document))
    return folder / "config.json"


def table_job(folder: Path, results: Path, pictures: Path) -> Path:
    """A configuration of pyramid_search, with its table."""
    lines = [f"{i % 17},{(i * 7) % 13},{3 * (i % 17) - (i * 7) % 13}" for i in range(200)]
    (folder / "table.csv").write_text("a,b,c\n" + "\n".join(lines) + "\n")
    document = {
        "training_data": "table.csv",
        "objective": "c",
        "number_of_candidates": 3,
        "max_iterations": 100,
        "max_total_time": 120,
        "output_directory": str(results),
    }
    (folder / "config.json").write_text(json.dumps(document))
    return folder / "config.json"


#: Each command with what makes a configuration for it.
JOBS = {"pyramid_train": pictures_job, "pyramid_search": table_job}


@pytest.mark.parametrize("command", JOBS)
def test_a_job_is_sent_runs_on_the_other_node_and_leaves_its_model(
    cluster: Cluster, command: str, tmp_path: Path, class_folders: Callable[[int], Path]
) -> None:
    results = tmp_path / "results"
    (tmp_path / "job").mkdir()
    config = JOBS[command](tmp_path / "job", results, class_folders(12))
    run = cluster.run(str(SUBMIT), "--command", command, str(config))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Model: " in run.stdout
    assert f"results: {results}" in run.stdout
    assert json.loads((results / "final_model.json").read_text())
    job = run.stdout.split(" as ")[1].split()[0]
    status = cluster.run("ray", "job", "status", job, RAY_AUTH_MODE="token")
    assert "succeeded" in status.stdout + status.stderr


def test_a_job_that_fails_is_said_with_its_reason(cluster: Cluster, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"training_data": "nowhere", "output_directory": str(tmp_path / "results")}))
    run = cluster.run(str(SUBMIT), "--command", "pyramid_train", str(config))
    assert run.returncode == 1
    assert "nowhere" in run.stdout
    assert run.stderr.splitlines()[-1].endswith(f"failed; what it had written is in {tmp_path / 'results'}")


def test_submit_without_the_token_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"output_directory": "/results"}))
    run = cluster.run(str(SUBMIT), str(config), RAY_AUTH_TOKEN="another")
    assert run.returncode == 2
    assert run.stderr.strip() == (
        f"cluster/submit.sh: the cluster at http://127.0.0.1:{cluster.dashboard} has another token than RAY_AUTH_TOKEN"
    )


def test_clients_of_every_kind_without_the_token_are_refused(cluster: Cluster) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{cluster.dashboard}/api/jobs/", timeout=10)
    assert error.value.code == 401
    address = f"127.0.0.1:{cluster.port}"
    status = cluster.run("ray", "status", f"--address={address}", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="another")
    assert status.returncode != 0
    assert "InvalidAuthToken" in status.stderr
    code = "from pyramid.engine.session import session\nwith session(): pass"
    driver = cluster.run(
        sys.executable, "-c", code, RAY_ADDRESS=address, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="another"
    )
    assert "its token is another one" in driver.stderr


def test_the_dashboard_listens_on_loopback_alone(cluster: Cluster) -> None:
    listening = [
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == cluster.dashboard
    ]
    assert listening == ["127.0.0.1"]
