"""What candidates start from: models that were trained before, and published weights."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pyramid.data.examples import Examples
from pyramid.networks.weights import files, h5
from pyramid.networks.weights.published import description, published_layers
from pyramid.search import starts
from pyramid.search.starts import Starts, find_starts, load_starts
from pyramid.settings.train import TrainSettings
from tests.networks.initial.models import BOXES, CLASSES, VALUES, write_model
from tests.networks.weights.h5_files import random_weights
from tests.networks.weights.weights_server import serving

NETWORK = "mobilenetv2"
NEW, TUNED, PRETRAINED = "randomly_initialize", "fine_tune", "use_pretrained"

LABELS = {
    "categorical": ["cat", "ant", "bee"],
    "numeric": [1.0, 2.0, 3.0],
    "bounding_box": [[(1, 1, 9, 9, "cat"), (1, 1, 5, 5, "ant")], [], [(0, 0, 4, 4, "bee")]],
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The paths of a model of each objective."""
    folder = tmp_path_factory.mktemp("models")
    return {c.objective: str(write_model(folder / f"{c.objective}.json", c)) for c in (CLASSES, VALUES, BOXES)}


@pytest.fixture(scope="module")
def good_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / files.path(NETWORK).name
    h5.write(NETWORK, random_weights(NETWORK), path)
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder of weights, and no network: nobody listens at the port of the server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PYRAMID_WEIGHTS_URL", f"http://127.0.0.1:{free.getsockname()[1]}/")
    monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", str(tmp_path / "weights"))
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


@pytest.fixture
def in_place(folder, good_file):
    (folder / good_file.name).symlink_to(good_file)


def examples(objective="categorical", labels=None):
    labels = LABELS[objective] if labels is None else labels
    count = len(labels)
    return Examples(objective, "", ["a.png"] * count, labels, [1.0] * count, ["g"] * count, 0, [])


def find(*pairs, data=None, **keys):
    settings = TrainSettings(image_network_candidates=[list(pair) for pair in pairs], **keys)
    return find_starts(settings, data or examples())


def load(candidates, found, said=None):
    return load_starts(candidates, found, (said if said is not None else []).append)


def pretrained(network=NETWORK, method=PRETRAINED, name="one", **changes):
    return replace(CLASSES, name=name, network=network, method=method, structure=None, **changes)


# Models that were trained before


def test_what_starts_anew_needs_nothing():
    assert find(("simple", NEW), (NETWORK, NEW)) == (Starts(), [])


@pytest.mark.parametrize("objective", list(LABELS))
def test_models_are_found_where_the_settings_name_them(models, objective):
    path = models[objective]
    found, problems = find(("initial_model", path), initial_model=path, data=examples(objective))
    assert not problems
    assert list(found.models) == ["image_network_candidates[0]", "initial_model"]
    assert {model.objective for model in found.models.values()} == {objective}


def test_a_path_that_is_named_twice_is_read_once(models, monkeypatch):
    read, calls = starts.read_initial, []
    monkeypatch.setattr(starts, "read_initial", lambda place, path: calls.append(place) or read(place, path))
    path = models["categorical"]
    found, _ = find(("initial_model", path), ("simple", NEW), ("initial_model", path), initial_model=path)
    assert calls == ["image_network_candidates[0]"]
    assert list(found.models) == ["image_network_candidates[0]", "image_network_candidates[2]", "initial_model"]
    assert len({id(model) for model in found.models.values()}) == 1


def test_every_model_that_cannot_be_read_is_told_with_its_place(models, tmp_path):
    absent = str(tmp_path / "absent.json")
    found, problems = find(
        ("initial_model", str(tmp_path)), ("initial_model", models["categorical"]), initial_model=absent
    )
    assert [problem.split(": ")[:2] for problem in problems] == [
        ["image_network_candidates[0]", str(tmp_path)],
        ["initial_model", absent],
    ]
    assert list(found.models) == ["image_network_candidates[1]"]


def test_a_home_folder_is_not_guessed(models, monkeypatch):
    """No path of a configuration has a ~ in pyramid."""
    monkeypatch.setenv("HOME", models["categorical"].rpartition("/")[0])
    _, [problem] = find(("simple", NEW), initial_model="~/categorical.json")
    assert problem.startswith("initial_model: ~/categorical.json: cannot be read: No such file")


def test_a_relative_path_begins_in_the_current_folder(models, monkeypatch):
    folder, _, name = models["categorical"].rpartition("/")
    monkeypatch.chdir(folder)
    assert find(("simple", NEW), initial_model=name)[1] == []


@pytest.mark.parametrize(("model", "data"), [(a, b) for a in LABELS for b in LABELS if a != b])
def test_a_model_of_another_objective(models, model, data):
    path = models[model]
    _, problems = find(("initial_model", path), data=examples(data))
    assert problems == [f"image_network_candidates[0]: {path}: is a {model} model, but the data are {data}"]


@pytest.mark.parametrize(
    ("objective", "labels"),
    [
        ("categorical", ["ant", "bee", "dog"]),
        ("bounding_box", [[(0, 0, 4, 4, name)] for name in ("ant", "bee", "dog")]),
    ],
)
def test_a_model_of_other_classes(models, objective, labels):
    path = models[objective]
    _, problems = find(("simple", NEW), initial_model=path, data=examples(objective, labels))
    difference = "only the model knows cat; only the data have dog"
    assert problems == [f"initial_model: {path}: its classes are not those of the data: {difference}"]


def test_nothing_is_said_of_classes_when_the_rows_cannot_be_read(models):
    """They have problems of their own."""
    assert find(("simple", NEW), initial_model=models["numeric"], data=examples(labels=[]))[1] == []


def test_the_weights_of_a_model_are_fitted_to_the_data(models):
    found, _ = find(("simple", NEW), initial_model=models["categorical"])
    start = replace(CLASSES, initial_model=models["categorical"], classes=["cat", "ant", "bee"])
    weights, hindered = load([start], found)
    assert not hindered
    model = found.models["initial_model"]
    np.testing.assert_array_equal(weights[start.name][-1][0], model.weights[-1][0][:, [2, 0, 1]])


def test_a_candidate_whose_classes_got_lost_is_hindered_alone(models):
    """All pictures of a class may turn out to be unreadable."""
    found, _ = find(("simple", NEW), initial_model=models["categorical"])
    good = replace(CLASSES, name="good", initial_model=models["categorical"])
    weights, hindered = load([replace(good, name="poor", classes=["ant", "bee"]), good], found)
    assert list(weights) == ["good"]
    assert hindered == {"poor": "its classes are not those of the data: only the model knows cat"}


def test_a_model_with_fewer_outputs_than_classes(models, tmp_path):
    document = json.loads(Path(models["categorical"]).read_bytes())
    document["layers"][1] |= {"weights": [[0.5] * 2] * 5, "offset": [0.0] * 2}
    (tmp_path / "few.json").write_text(json.dumps(document))
    _, [problem] = find(("simple", NEW), initial_model=str(tmp_path / "few.json"))
    assert problem.endswith("has 2 outputs for 3 classes")


def test_a_model_that_the_results_would_replace(models):
    path = models["categorical"]
    _, [problem] = find(("simple", NEW), initial_model=path, output_directory=str(Path(path).parent))
    assert problem == f"output_directory: initial_model lies in it and would be replaced ({path}); choose another"
    assert find(("simple", NEW), initial_model=path, output_directory=str(Path(path).parent / "other"))[1] == []


# Published weights


def test_weights_that_others_can_do_without_are_missing_and_no_problem():
    found, problems = find((NETWORK, TUNED), ("simple", NEW))
    assert not problems
    assert list(found.missing) == [NETWORK]
    assert "the server cannot be reached" in found.missing[NETWORK]
    assert f"pyramid_weights import {NETWORK} FILE" in found.missing[NETWORK]


def test_weights_that_an_initial_model_can_do_without_are_no_problem(models):
    for pairs, keys in (
        ([(NETWORK, TUNED), ("initial_model", models["categorical"])], {}),
        ([(NETWORK, TUNED)], {"initial_model": models["categorical"]}),
    ):
        found, problems = find(*pairs, **keys)
        assert (list(found.missing), problems) == ([NETWORK], [])


def test_when_no_candidate_can_start_every_reason_is_a_problem():
    found, problems = find((NETWORK, TUNED), ("resnet18", PRETRAINED), (NETWORK, PRETRAINED))
    networks = [NETWORK, "resnet18", NETWORK]
    assert problems == [f"image_network_candidates[{i}]: {found.missing[name]}" for i, name in enumerate(networks)]
    assert [problem.split(": ")[1].split("_weights_")[0] for problem in problems] == networks


def test_one_network_that_can_start_is_enough(in_place):
    found, problems = find((NETWORK, TUNED), ("resnet18", TUNED))
    assert (list(found.missing), problems) == (["resnet18"], [])


def test_nothing_is_asked_for_weights_of_a_network_that_does_not_fit_the_data():
    """The settings' own check tells that."""
    assert find(("tinyyolov4", TUNED), ("yolov4", TUNED)) == (Starts(), [])


def test_a_server_that_has_the_file_is_asked_but_nothing_is_fetched_yet(monkeypatch, folder):
    with serving() as server:
        server.length = 10**8
        monkeypatch.setenv("PYRAMID_WEIGHTS_URL", server.url)
        assert find((NETWORK, TUNED)) == (Starts(), [])
        assert [method for method, _ in server.requests] == ["HEAD"]
    assert not list(folder.iterdir())


def damaged(folder):
    path = folder / files.path(NETWORK).name
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"?" * 1000)
    return path


def test_a_damaged_file_in_place_is_told_with_what_to_do(folder):
    path = damaged(folder)
    found, problems = find((NETWORK, TUNED))
    assert problems == [f"image_network_candidates[0]: {found.missing[NETWORK]}"]
    assert found.missing[NETWORK].startswith(f"{path}: is damaged")
    assert f"pyramid_weights fetch {NETWORK}" in problems[0]


def test_a_folder_in_the_place_of_a_file(folder):
    (folder / files.path(NETWORK).name).mkdir()
    assert "Is a directory" in find((NETWORK, TUNED))[1][0]


def test_a_folder_of_weights_that_cannot_be_looked_into(monkeypatch):
    monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", "x" * 300)
    assert list(find((NETWORK, TUNED), ("simple", NEW))[0].missing) == [NETWORK]


def test_the_published_weights_come_without_the_head(in_place):
    weights, hindered = load([pretrained(), pretrained(method=TUNED, name="two")], Starts())
    assert not hindered
    body = [layer for layer in published_layers(NETWORK) if layer.place is not None]
    assert len(body) < len(published_layers(NETWORK))
    assert len(weights["one"]) == len(body)
    for arrays, given in zip(weights["one"], random_weights(NETWORK), strict=False):
        for array, same in zip(arrays, given, strict=True):
            np.testing.assert_array_equal(array, same)
    assert weights["two"] is weights["one"]  # read once, and once in the object store


def test_only_those_that_need_weights_get_some(in_place):
    weights, hindered = load([pretrained(), pretrained("simple", NEW, "two")], Starts())
    assert (list(weights), hindered) == (["one"], {})


def test_a_candidate_without_weights_is_hindered_alone(in_place):
    found, _ = find((NETWORK, TUNED), ("resnet18", TUNED))
    said = []
    weights, hindered = load([pretrained("resnet18", name="poor"), pretrained()], found, said)
    assert (list(weights), hindered) == (["one"], {"poor": found.missing["resnet18"]})
    assert not said


def test_a_fetch_that_fails_is_tried_once_for_all_candidates_of_a_network():
    """It was there when the configuration was checked."""
    said = []
    weights, hindered = load([pretrained(), pretrained(name="two")], Starts(), said)
    assert (weights, list(hindered)) == ({}, ["one", "two"])
    assert "the server cannot be reached" in hindered["one"]
    assert said == [f"fetching the weights of {NETWORK}"]


def test_weights_are_fetched_when_they_are_needed(monkeypatch, folder, good_file):
    said = []
    with serving() as server:
        server.content = good_file.read_bytes()
        monkeypatch.setenv("PYRAMID_WEIGHTS_URL", server.url)
        weights, hindered = load([pretrained()], Starts(), said)
    assert (list(weights), hindered, said) == (["one"], {}, [f"fetching the weights of {NETWORK}"])
    assert (folder / good_file.name).exists()


def test_a_file_that_was_exchanged_is_not_used(folder, good_file):
    path = folder / good_file.name
    path.symlink_to(good_file)
    path.with_name(path.name + ".sha256").write_text(f"{'0' * 64}  {path.name}\n")
    _, hindered = load([pretrained()], Starts())
    assert "is not the file that was first used" in hindered["one"]
    assert "is not the file that was first used" in find((NETWORK, TUNED), ("simple", NEW))[0].missing[NETWORK]


def test_a_file_that_breaks_after_the_check_hinders(folder):
    damaged(folder)
    assert "is damaged" in load([pretrained()], Starts())[1]["one"]


def test_the_weights_of_a_detector_come_without_the_last_layers_of_its_branches(folder):
    """They tell the classes of another data set."""
    network = "tinyyolov4"
    published = published_layers(network)
    h5.write(network, random_weights(network), folder / files.path(network).name)
    weights, hindered = load([replace(pretrained(network), objective="bounding_box")], Starts())
    assert not hindered
    ends = {output["input"] for output in description(network)["image_network"]["metadata"]["outputs"]}
    assert len(ends) == 2
    kept = [given for given, layer in zip(random_weights(network), published, strict=True) if layer.place not in ends]
    assert len(kept) == len(published) - 2
    for arrays, given in zip(weights["one"], kept, strict=True):
        np.testing.assert_array_equal(arrays[0], given[0])


def test_an_error_of_the_address_is_a_reason_too(monkeypatch):
    monkeypatch.setenv("PYRAMID_WEIGHTS_URL", "ftp://127.0.0.1/")
    _, [problem] = find((NETWORK, TUNED))
    assert problem.startswith("image_network_candidates[0]: PYRAMID_WEIGHTS_URL: must be an address")
