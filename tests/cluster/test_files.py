"""The files of cluster/, checked as far as they can be without a cluster."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "cluster"
SUBMIT = CLUSTER / "submit.sh"
FILES = sorted(path for path in CLUSTER.iterdir() if path.is_file())
LAUNCHERS = [CLUSTER / "aws.yaml", CLUSTER / "on-premise.yaml"]
BIN = Path(sys.executable).parent
RAY = re.search(r"^ray==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE).group(1)  # type: ignore[union-attr]

#: The fields of ray.io/v1 (KubeRay's API reference, 1.6).
RAYJOB = {
    "activeDeadlineSeconds", "authOptions", "backoffLimit", "clusterSelector", "deletionStrategy", "entrypoint",
    "entrypointNumCpus", "entrypointNumGpus", "entrypointResources", "jobId", "managedBy", "metadata", "rayClusterSpec",
    "runtimeEnvYAML", "shutdownAfterJobFinishes", "submissionMode", "submitterConfig", "submitterPodTemplate",
    "suspend", "ttlSecondsAfterFinished",
}  # fmt: skip
RAYCLUSTER = {
    "authOptions", "autoscalerOptions", "enableInTreeAutoscaling", "gcsFaultToleranceOptions", "headGroupSpec",
    "headServiceAnnotations", "managedBy", "rayVersion", "suspend", "workerGroupSpecs",
}  # fmt: skip
HEAD = {"enableIngress", "headService", "rayStartParams", "serviceType", "template"}
WORKERS = {
    "groupName", "idleTimeoutSeconds", "maxReplicas", "minReplicas", "numOfHosts", "rayStartParams", "replicas",
    "scaleStrategy", "suspend", "template",
}  # fmt: skip


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((CLUSTER / "rayjob.yaml").read_text()))


@pytest.fixture(scope="module")
def rayjob(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    return manifests[0]["spec"]


def pods(rayjob: dict[str, Any]) -> list[dict[str, Any]]:
    cluster = rayjob["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [rayjob["submitterPodTemplate"], *(group["template"] for group in groups)]


def test_there_is_no_python_in_the_folder() -> None:
    assert {path.name for path in FILES} == {
        "Dockerfile", "README.md", "aws.yaml", "on-premise.yaml", "rayjob.yaml", "submit.sh"
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_holds_a_secret_or_names_a_registry(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"[0-9a-f]{32}|AKIA[0-9A-Z]{16}|BEGIN [A-Z ]*PRIVATE KEY|RAY_AUTH_TOKEN=\S", text)
    assert set(re.findall(r"\w+://([\w.-]+)", text)) <= {"127.0.0.1", "localhost", "bucket"}
    assert all("/" not in name for name in re.findall(r"^\s*(?:image:|FROM) (\S+)", text, re.MULTILINE))
    assert str(ROOT) not in text


def test_the_manifest_has_fields_that_kuberay_knows(manifests: list[dict[str, Any]], rayjob: dict[str, Any]) -> None:
    assert (manifests[0]["apiVersion"], manifests[0]["kind"]) == ("ray.io/v1", "RayJob")
    assert set(rayjob) <= RAYJOB
    cluster = rayjob["rayClusterSpec"]
    assert set(cluster) <= RAYCLUSTER
    assert set(cluster["headGroupSpec"]) <= HEAD
    assert all(set(group) <= WORKERS for group in cluster["workerGroupSpecs"])
    parameters = [group["rayStartParams"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]
    assert all(isinstance(value, str) for each in parameters for value in each.values())


def test_the_manifest_runs_a_search_and_takes_the_cluster_down(rayjob: dict[str, Any]) -> None:
    assert rayjob["submissionMode"] in ("K8sJobMode", "HTTPMode", "SidecarMode")
    assert rayjob["shutdownAfterJobFinishes"] is True
    assert rayjob["ttlSecondsAfterFinished"] >= 0
    assert rayjob["activeDeadlineSeconds"] > 3600
    command, config = rayjob["entrypoint"].split()
    assert command in scripts()
    head = rayjob["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    assert str(Path(config).parent) in {mount["mountPath"] for mount in head["containers"][0]["volumeMounts"]}
    assert set(yaml.safe_load(rayjob["runtimeEnvYAML"])) <= {"env_vars", "working_dir"}


def test_the_manifest_has_the_version_of_ray_that_is_installed_with_pyramid(rayjob: dict[str, Any]) -> None:
    assert rayjob["rayClusterSpec"]["rayVersion"] == RAY


def test_the_manifest_takes_its_token_from_a_secret(rayjob: dict[str, Any]) -> None:
    assert rayjob["rayClusterSpec"]["authOptions"] == {"mode": "token", "secretName": "pyramid-token"}


def test_the_manifest_scales_groups_with_and_without_gpus(rayjob: dict[str, Any]) -> None:
    cluster = rayjob["rayClusterSpec"]
    assert cluster["enableInTreeAutoscaling"] is True
    assert cluster["autoscalerOptions"]["upscalingMode"] in ("Default", "Aggressive", "Conservative")
    groups = {group["groupName"]: group for group in cluster["workerGroupSpecs"]}
    assert set(groups) == {"cpu", "gpu"}
    assert all(group["minReplicas"] <= group["replicas"] < group["maxReplicas"] for group in groups.values())
    limits = {name: group["template"]["spec"]["containers"][0]["resources"]["limits"] for name, group in groups.items()}
    assert "nvidia.com/gpu" not in limits["cpu"]
    assert limits["gpu"]["nvidia.com/gpu"] == 1


def test_no_pod_runs_as_root_and_every_volume_is_there(rayjob: dict[str, Any]) -> None:
    for pod in pods(rayjob):
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes
            assert re.fullmatch(r"pyramid:(latest|gpu)", container["image"])


def test_the_policy_lets_in_the_pods_of_the_search_and_the_operator(
    manifests: list[dict[str, Any]], rayjob: dict[str, Any]
) -> None:
    policy = manifests[1]["spec"]
    assert (manifests[1]["apiVersion"], manifests[1]["kind"]) == ("networking.k8s.io/v1", "NetworkPolicy")
    labels = policy["podSelector"]["matchLabels"]
    assert all(pod["metadata"]["labels"] == labels for pod in pods(rayjob))
    own, operator = policy["ingress"]
    assert own == {"from": [{"podSelector": {"matchLabels": labels}}]}
    assert operator["ports"] == [{"protocol": "TCP", "port": 8265}]


@pytest.mark.parametrize("path", LAUNCHERS, ids=lambda path: path.name)
def test_ray_accepts_the_launcher_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `ray up` does before it asks the cloud for anything."""
    monkeypatch.chdir(ROOT)
    config = prepare_config(yaml.safe_load(path.read_text()))
    validate_config(config)
    assert config["max_workers"] > 0


@pytest.mark.parametrize("path", LAUNCHERS, ids=lambda path: path.name)
def test_the_launcher_starts_ray_with_the_token_and_the_dashboard_on_loopback(path: Path) -> None:
    config = yaml.safe_load(path.read_text())
    commands = [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]
    assert all(command.startswith(". ~/.pyramid/environment;") for command in commands)
    [environment] = [command for command in config["setup_commands"] if "environment" in command]
    assert "RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$HOME/.pyramid/ray_token" in environment
    [head] = [command for command in config["head_start_ray_commands"] if "--head" in command]
    assert "--dashboard-host=127.0.0.1" in head
    assert config["file_mounts"]["~/.pyramid/ray_token"] == "~/.pyramid/ray_token"
    assert not any("0.0.0.0" in command for command in commands)


@pytest.mark.parametrize("path", LAUNCHERS, ids=lambda path: path.name)
def test_the_commands_of_the_launcher_are_shell_and_have_options_that_exist(path: Path) -> None:
    config = yaml.safe_load(path.read_text())
    commands = [command for key, value in config.items() if key.endswith("_commands") for command in value]
    for command in commands:
        subprocess.run(["bash", "-n", "-c", command], check=True)
    text = " ".join(commands)
    help_text = subprocess.run([BIN / "ray", "start", "--help"], capture_output=True, text=True).stdout
    options = [option for start in re.findall(r"ray start ([^;]*)", text) for option in re.findall(r"--[\w-]+", start)]
    assert options
    assert all(re.search(rf"^\s+{option}\b", help_text, re.MULTILINE) for option in options)
    assert set(re.findall(r"bin/install ([\w ]+)", text)) <= {"cluster", "cluster gpu"}


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", (CLUSTER / "Dockerfile").read_text(), flags=re.MULTILINE))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def test_the_image_is_made_in_an_order_that_works() -> None:
    names = [name for name, _ in instructions()]
    assert set(names) <= {"ARG", "FROM", "RUN", "ENV", "WORKDIR", "COPY", "USER", "CMD"}
    assert next(name for name in names if name != "ARG") == "FROM"
    [install] = [i for i, (name, text) in enumerate(instructions()) if name == "RUN" and "bin/install" in text]
    [compiler] = [i for i, (name, text) in enumerate(instructions()) if name == "RUN" and "g++" in text]
    [extras] = [i for i, (name, text) in enumerate(instructions()) if name == "ARG" and text == 'EXTRAS="cluster"']
    copies = [i for i, name in enumerate(names) if name == "COPY"]
    assert compiler < min(copies) <= max(copies) < install < names.index("USER")
    assert extras < install
    assert [text for name, text in instructions() if name == "USER"] == ["pyramid"]


def test_the_image_has_a_python_that_pyramid_runs_on_and_compiled_bytecode() -> None:
    values = dict(text.split("=") for name, text in instructions() if name == "ARG")
    assert values["PYTHON"] in ("3.11", "3.12")
    assert "PYTHONDONTWRITEBYTECODE" not in (CLUSTER / "Dockerfile").read_text()
    environment = next(text for name, text in instructions() if name == "ENV")
    assert "PATH=/opt/pyramid/venv/bin:$PATH" in environment.split()
    assert "PYRAMID_VENV=/opt/pyramid/venv" in environment.split()
    assert "RAY_AUTH_MODE=token" in environment.split()


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = [source for name, text in instructions() if name == "COPY" for source in text.split()[:-1]]
    assert {source.split("/")[0] for source in sources} == kept
    assert all((ROOT / source).exists() for source in sources)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck here")
def test_shellcheck_finds_nothing_in_submit() -> None:
    subprocess.run(["shellcheck", SUBMIT], check=True)


def submit(*arguments: str | Path, **environment: str | Path) -> subprocess.CompletedProcess[str]:
    """With the variables that matter here as given, and no others."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "PYRAMID_"))}
    values = {key: str(value) for key, value in environment.items()}
    run = [str(SUBMIT), *map(str, arguments)]
    return subprocess.run(run, env=kept | {"PYRAMID_VENV": str(BIN.parent)} | values, capture_output=True, text=True)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "secret" / "token"
    assert submit("--token", RAY_AUTH_TOKEN_PATH=file).returncode == 0
    return file


def test_submit_is_shell_and_makes_a_token_once_that_nobody_else_reads(token: Path) -> None:
    subprocess.run(["bash", "-n", SUBMIT], check=True)
    assert re.fullmatch("[0-9a-f]{64}", token.read_text())
    assert token.stat().st_mode & 0o777 == 0o600
    assert token.parent.stat().st_mode & 0o777 == 0o700
    before = token.read_text()
    assert submit("--token", RAY_AUTH_TOKEN_PATH=token).stdout == ""
    assert token.read_text() == before
    assert [path.name for path in token.parent.iterdir()] == ["token"]


def assert_refused(run: subprocess.CompletedProcess[str], said: str) -> None:
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"cluster/submit.sh: {said}")
    assert len(run.stderr.splitlines()) == 1


def test_submit_says_in_one_line_what_is_wrong_with_its_arguments(token: Path, tmp_path: Path) -> None:
    assert_refused(submit(RAY_AUTH_TOKEN_PATH=token), "name a configuration")
    assert_refused(submit("--wait", RAY_AUTH_TOKEN_PATH=token), "unknown option '--wait'; use --command")
    assert_refused(
        submit("--command", "rm", "x", RAY_AUTH_TOKEN_PATH=token), "unknown command 'rm'; use pyramid_search"
    )
    assert_refused(submit(tmp_path / "none.json", RAY_AUTH_TOKEN_PATH=token), f"no file {tmp_path / 'none.json'}")
    token.chmod(0o644)
    assert_refused(submit("x", RAY_AUTH_TOKEN_PATH=token), f"others may read the token in {token}; chmod 600")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "is no JSON object with the key output_directory"),
        ("{}", "is no JSON object with the key output_directory"),
        (
            json.dumps({"output_directory": "results"}),
            "output_directory is 'results', which would lie in a folder that",
        ),
    ],
)
def test_submit_refuses_a_configuration_whose_results_would_be_lost(
    token: Path, tmp_path: Path, document: str, said: str
) -> None:
    config = tmp_path / "config.json"
    config.write_text(document)
    prefix = "" if said.startswith("output") else f"{config} "
    assert_refused(submit(config, RAY_AUTH_TOKEN_PATH=token), prefix + said)


def test_submit_says_that_nobody_answers(token: Path, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    config = tmp_path / "job" / "config.json"
    config.write_text(json.dumps({"output_directory": "s3://bucket/results"}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    run = submit(config, RAY_AUTH_TOKEN_PATH=token, RAY_API_SERVER_ADDRESS=address)
    assert_refused(run, f"no Ray cluster answers at {address}; is the tunnel open")


def scripts() -> set[str]:
    """The names of pyramid's commands."""
    return set(re.findall(r'^(\w+) = "pyramid\.cli', (ROOT / "pyproject.toml").read_text(), re.MULTILINE))


def test_the_readme_names_files_and_commands_that_exist() -> None:
    text = (CLUSTER / "README.md").read_text()
    for path in re.findall(r"(?<![\w/])(?:cluster|bin)/[\w.-]+", text):
        assert (ROOT / path).exists(), path
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert set(re.findall(r"\bpyramid_\w+", blocks)) <= scripts()
    submit_help = submit("--help").stdout
    options = [
        option for line in re.findall(r"^cluster/submit\.sh .*", blocks, re.MULTILINE) for option in line.split()
    ]
    known = {"--resume", "--max-total-time"}
    assert all(option in submit_help or option in known for option in options if option.startswith("--"))
    for command in set(re.findall(r"^ray (\w+(?: (?:list|status|logs))?)", blocks, re.MULTILINE)):
        run = subprocess.run([BIN / "ray", *command.split(), "--help"], capture_output=True, text=True)
        assert run.returncode == 0, command


def test_the_readme_says_what_the_token_is_worth() -> None:
    text = " ".join((CLUSTER / "README.md").read_text().split())
    assert "Who reaches a port of Ray and has the token runs code on your cluster" in text
