"""The rules between the rooms of the package, read from its source: who may import whom, who may print.

Every rule is shown to bite: `BAD` holds a source that breaks it.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyramid

PACKAGE = Path(pyramid.__file__).parent

#: A module imports only from its own room or from one with a lower number.
ROOMS = {
    "errors": 0,
    "tf": 0,
    "settings": 1,
    "data": 2,
    "networks": 3,
    "training": 4,
    "search": 5,
    "finalize": 6,
    "prediction": 7,
    "engine": 8,
    "generation": 9,
    "report": 10,
    "worker": 11,
    "api": 12,
    "cli": 13,
}
TENSORFLOW = ("tensorflow", "keras", "tf_keras")
#: Of sensenet: what is plain data.
WITHOUT_TENSORFLOW = ("sensenet.pretrained", "sensenet.constants")
MAY_PRINT = ("cli", "report")


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """The room of ``pyramid.room.x``; None for the package itself and for what is not a room's."""
    parts = module.split(".")
    return parts[1] if parts[0] == "pyramid" and len(parts) > 1 and parts[1] in ROOMS else None


def imports(module: str, source: str) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything that ``source`` imports: in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("__import__", "importlib.import_module"):
            name = node.args[0]
            yield node.lineno, name.value if isinstance(name, ast.Constant) else "pyramid.<unknown>"


def violations(module: str, source: str) -> list[str]:
    """Every rule that the module named ``module`` with this ``source`` breaks."""
    room = room_of(module)
    found = []
    imported = sorted(imports(module, source))
    first_tf = min((line for line, name in imported if name.startswith("pyramid.tf")), default=None)
    for line, name in imported:
        top, its_room = name.split(".")[0], room_of(name)
        if top == "pyramid" and its_room is None and name != "pyramid.__version__":
            found.append(f"{line}: {name} is in no room")
        if its_room and (room is None or ROOMS[its_room] > ROOMS[room]):
            found.append(f"{line}: {room} imports the later room {its_room}")
        if top == "ray" and room != "engine":
            found.append(f"{line}: ray is imported outside engine/")
        if top in TENSORFLOW and module != "pyramid.tf":
            found.append(f"{line}: {top} is imported outside tf.py")
        needs_tf = top in ("sensenet", "shapsplain") and not name.startswith(WITHOUT_TENSORFLOW)
        if needs_tf and (first_tf is None or first_tf > line):
            found.append(f"{line}: {top} is imported before pyramid.tf")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    if room not in MAY_PRINT:
        found += [f"{call.lineno}: print()" for call in calls if ast.unparse(call.func) in ("print", "builtins.print")]
    return found


def excess(module: str, source: str) -> list[str]:
    """What an ``__init__.py`` holds beyond what it may: nothing, or in the package's own the text and the version."""
    body = ast.parse(source).body
    allowed = [] if module != "pyramid" else body[:1] if ast.get_docstring(ast.parse(source)) else []
    rest = [node for node in body if node not in allowed]
    if module == "pyramid":
        rest = [node for node in rest if not ast.unparse(node).startswith("__version__ =")]
    return [ast.unparse(node) for node in rest]


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_a_module_keeps_the_rules_between_the_rooms(path: Path) -> None:
    assert violations(module_name(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name == "__init__.py"], ids=module_name)
def test_init_files_are_empty(path: Path) -> None:
    assert excess(module_name(path), path.read_text(encoding="utf-8")) == []


def test_every_module_is_in_a_room() -> None:
    homeless = [module_name(path) for path in SOURCES if room_of(module_name(path)) is None]
    assert homeless == ["pyramid"]


BAD = [
    ("pyramid.data.split", "from pyramid.training.loop import TrainingLoop", "1: data imports the later room training"),
    ("pyramid.data.split", "import pyramid.cli.train as x", "1: data imports the later room cli"),
    ("pyramid.errors", "from pyramid import settings", "1: errors imports the later room settings"),
    ("pyramid.data.split", "def f():\n    from pyramid import api", "2: data imports the later room api"),
    (
        "pyramid.search.budget",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pyramid.engine.job import run",
        "3: search imports the later room engine",
    ),
    ("pyramid.data.split", "from ..engine import job", "1: data imports the later room engine"),
    ("pyramid.data.split", "from .. import engine", "1: data imports the later room engine"),
    ("pyramid", "from pyramid import api", "1: None imports the later room api"),
    ("pyramid.cli.train", "from pyramid import helpers", "1: pyramid.helpers is in no room"),
    ("pyramid.search.budget", "import ray", "1: ray is imported outside engine/"),
    ("pyramid.cli.train", "def f():\n    from ray import tune", "2: ray is imported outside engine/"),
    ("pyramid.api", "import importlib\nimportlib.import_module('ray.tune')", "2: ray is imported outside engine/"),
    ("pyramid.training.loop", "import tensorflow as tf", "1: tensorflow is imported outside tf.py"),
    ("pyramid.engine.job", "def f():\n    from tensorflow import io", "2: tensorflow is imported outside tf.py"),
    ("pyramid.networks.build", "import tf_keras", "1: tf_keras is imported outside tf.py"),
    ("pyramid.data.image", "import sensenet.load", "1: sensenet is imported before pyramid.tf"),
    (
        "pyramid.data.image",
        "from sensenet.load import to_image_pixels\nfrom pyramid.tf import tf",
        "1: sensenet is imported before pyramid.tf",
    ),
    ("pyramid.training.loop", "def f():\n    print('x')", "2: print()"),
]


@pytest.mark.parametrize(("module", "source", "violation"), BAD)
def test_a_source_that_breaks_a_rule_is_found(module: str, source: str, violation: str) -> None:
    assert violations(module, source) == [violation]


GOOD = [
    ("pyramid.training.loop", "from pyramid.data.split import split\nfrom pyramid.training.clock import Stopwatch"),
    ("pyramid.engine.job", "import ray\nfrom ray import tune"),
    ("pyramid.tf", "import tensorflow as tf"),
    ("pyramid.data.image", "from pyramid.tf import tf\nfrom sensenet.load import to_image_pixels"),
    ("pyramid.networks.topologies", "from sensenet.pretrained import get_pretrained_network"),
    ("pyramid.report.summary", "print('x')"),
    ("pyramid.cli.train", "from pyramid import __version__, api\nprint('x')"),
    ("pyramid.training.loop", "text = 'import ray; print(1)'  # from pyramid import cli"),
]


@pytest.mark.parametrize(("module", "source"), GOOD)
def test_a_source_that_keeps_the_rules_passes(module: str, source: str) -> None:
    assert violations(module, source) == []


def test_a_filled_init_file_is_found() -> None:
    assert excess("pyramid.data", '"""Text."""')
    assert excess("pyramid.data", "from pyramid.data.split import split")
    assert excess("pyramid", '"""Text."""\n\n__version__ = "1.0"\nimport os') == ["import os"]
    assert excess("pyramid", '"""Text."""\n\n__version__ = "1.0"\n') == []
    assert excess("pyramid.data", "# a comment\n") == []


def heavy_after_import(modules: list[str], folder: Path | None = None) -> set[str]:
    """Which of TensorFlow and Ray a fresh interpreter has loaded after it has imported ``modules``.

    ``folder`` is a place to import from, before all others.
    """
    lines = [f"import {module}" for module in modules]
    script = "\n".join([*lines, "import sys", f"print(*{{'ray', *{TENSORFLOW!r}}} & set(sys.modules))"])
    places = [str(place) for place in (folder, PACKAGE.parent) if place]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    return set(done.stdout.split())


def test_what_only_reads_settings_imports_neither_tensorflow_nor_ray() -> None:
    """Their import takes many seconds: a wrong configuration must be reported before."""
    light = ("settings", "search", "api", "cli")
    modules = [module_name(path) for path in SOURCES if room_of(module_name(path)) in light]
    assert {"pyramid.api", "pyramid.cli.train", "pyramid.settings.train", "pyramid.search.budget"} <= set(modules)
    assert heavy_after_import(modules) == set()


def test_the_driver_of_a_job_imports_no_tensorflow() -> None:
    """It takes seconds of the job's time, and memory that the trials could use."""
    assert heavy_after_import(["pyramid.engine.job", "pyramid.engine.search", "pyramid.finalize.status"]) == {"ray"}


def test_an_import_of_a_heavy_package_is_found(tmp_path: Path) -> None:
    """The packages here are empty files of the same name, which take no time."""
    (tmp_path / "tensorflow.py").touch()
    (tmp_path / "ray.py").touch()
    (tmp_path / "innocent.py").write_text("import tensorflow\n", encoding="utf-8")
    assert heavy_after_import(["innocent"], tmp_path) == {"tensorflow"}
    assert heavy_after_import(["json", "ray"], tmp_path) == {"ray"}
