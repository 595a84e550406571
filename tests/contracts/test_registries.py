"""settings/ holds the names and facts, the room that runs a thing holds name -> function: the two must agree."""

from dataclasses import fields

import numpy as np
import pytest
from sensenet import pretrained
from sensenet.load import TF_IMAGE_TYPES

from pyramid.data.augment.augment import OTHERS
from pyramid.data.augment.color import COLOR
from pyramid.data.augment.combine import PARTNERS
from pyramid.data.augment.draws import DRAWS
from pyramid.data.augment.geometry import GEOMETRIC
from pyramid.data.formats.source import PICTURE_ENDINGS
from pyramid.data.image import GENERATOR_ONLY
from pyramid.generation.blend import BLENDINGS
from pyramid.networks import hidden_layers
from pyramid.networks.deepnets import build_deepnet
from pyramid.networks.given_layers import complete_layers
from pyramid.networks.topologies import TOPOLOGIES, activation
from pyramid.search.ensembles import SCORES
from pyramid.settings import columns, deepnets, generate, metrics, networks, objectives, optimizers
from pyramid.settings.augmentations import AUGMENTATIONS, DETECTION, GENERATED
from pyramid.settings.base_settings import JOB_TYPES, BaseSettings
from pyramid.settings.check_job import check_job
from pyramid.settings.common import HYPERPARAMETERS, CommonSettings
from pyramid.tf import tf
from pyramid.training.detection.loss import Parts
from pyramid.training.detection.score import Scores
from pyramid.training.losses import CATEGORICAL_LOSSES, NUMERIC_LOSSES
from pyramid.training.metrics import METRICS
from pyramid.training.optimizers import OPTIMIZERS, make_optimizer
from pyramid.training.resampled_metrics import RESAMPLED
from pyramid.worker.kinds import KINDS

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.layers.construct import feed_through  # isort: skip
from sensenet.layers.extract import extract_layers_list  # isort: skip


def test_optimizers() -> None:
    assert set(optimizers.OPTIMIZERS) == set(OPTIMIZERS)


def test_losses() -> None:
    assert set(objectives.LOSSES) == {objectives.CATEGORICAL, objectives.NUMERIC}
    assert set(objectives.LOSSES[objectives.CATEGORICAL]) == set(CATEGORICAL_LOSSES)
    assert set(objectives.LOSSES[objectives.NUMERIC]) == set(NUMERIC_LOSSES)


def test_no_loss_is_for_two_objectives() -> None:
    """`loss_function` decides the objective of a text column of numbers, so it must say one only."""
    for objective, losses in objectives.LOSSES.items():
        assert [objectives.objective_of_loss(loss) for loss in losses] == [objective] * len(losses)


def test_metrics() -> None:
    named = [name for names in metrics.METRICS.values() for name in names]
    assert len(named) == len(set(named))
    of_boxes = metrics.METRICS[objectives.BOUNDING_BOX]
    assert set(named) - set(of_boxes) == set(METRICS)
    assert set(of_boxes) == {*(field.name for field in fields(Scores)), *Parts._fields} - {"per_class", "objects"}
    assert metrics.METRICS[objectives.CATEGORICAL][0] == "likelihood"
    assert metrics.METRICS[objectives.NUMERIC][0] == "r_squared"
    assert of_boxes[0] == "map_50"


def test_networks() -> None:
    classifiers = {name for name, facts in networks.NETWORKS.items() if facts.objective == objectives.CATEGORICAL}
    assert classifiers == set(TOPOLOGIES)


def test_networks_with_published_weights_are_those_that_sensenet_describes() -> None:
    for name, facts in networks.NETWORKS.items():
        assert facts.pretrained == (name in pretrained.PRETRAINED_CNN_METADATA), name


def test_default_candidates_are_known() -> None:
    detectors = {name for name, facts in networks.NETWORKS.items() if facts.objective == objectives.BOUNDING_BOX}
    for objective, pairs in networks.DEFAULT_CANDIDATES.items():
        assert pairs
        for network, method in pairs:
            assert network in (detectors if objective == objectives.BOUNDING_BOX else TOPOLOGIES)
            assert method in networks.TRAINING_METHODS


def test_hyperparameters_are_settings_that_an_optimizer_takes() -> None:
    taken = {name for names in optimizers.OPTIMIZERS.values() for name in names}
    assert taken == set(HYPERPARAMETERS)
    assert taken <= set(CommonSettings.model_fields)


#: pyramid's name -> Keras's.
KERAS_NAMES = {"beta1": "beta_1", "beta2": "beta_2", "init_accumulator": "initial_accumulator_value"}


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_an_optimizer_takes_the_hyperparameters_that_settings_list_for_it(name: str) -> None:
    values = {key: -0.25 if key == "learning_rate_power" else 0.25 for key in optimizers.OPTIMIZERS[name]}
    made = make_optimizer(name, lambda iteration: tf.constant(0.1), values).get_config()
    assert {key: pytest.approx(made[KERAS_NAMES.get(key, key)]) for key in values} == values


def test_augmentations() -> None:
    for_training = {name for name, facts in AUGMENTATIONS.items() if facts.training}
    for_boxes = {name for name, facts in AUGMENTATIONS.items() if facts.for_what == DETECTION}
    assert for_training == {*GEOMETRIC, *COLOR, *OTHERS}
    assert for_boxes == set(PARTNERS)
    assert set(DRAWS) == for_training | for_boxes | {"deform"}
    assert {name for name, facts in AUGMENTATIONS.items() if facts.for_what == GENERATED} == {"deform"}
    assert len(GEOMETRIC) + len(COLOR) + len(OTHERS) == 15


def test_blendings() -> None:
    assert tuple(BLENDINGS) == generate.BLENDINGS


def test_no_augmentation_needs_python() -> None:
    assert GENERATOR_ONLY == ()


def test_endings_that_sensenet_decodes_with_tensorflow_are_pictures() -> None:
    """`data/files.py` repeats these three endings; another version of sensenet may know more."""
    assert sorted(TF_IMAGE_TYPES) == [".jpeg", ".jpg", ".png"]
    assert set(TF_IMAGE_TYPES) <= set(PICTURE_ENDINGS)


def test_topologies_of_deepnets() -> None:
    """In this order: a job may give the number."""
    assert tuple(hidden_layers.TOPOLOGIES) == deepnets.TOPOLOGIES


@pytest.mark.parametrize("name", deepnets.ACTIVATIONS)
def test_an_activation_is_served_as_it_was_learned(name: str) -> None:
    """Through sensenet, within a dense layer and behind one."""
    given = [{"type": "dense", "number_of_nodes": 6}, activation(name)]
    given += [{"type": "dense", "number_of_nodes": 6, "activation_function": name}]
    network = build_deepnet(complete_layers(given, 1, False), 4, False, 3)
    rows = np.random.default_rng(1).normal(scale=5, size=(50, 4)).astype(np.float32)
    expected = network.served(rows).numpy()
    inputs = tf.keras.Input((4,))
    served = tf.keras.Model(inputs, feed_through(network.layers(), inputs))
    np.testing.assert_allclose(served(rows), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", deepnets.ACTIVATIONS)
def test_sensenets_extractor_knows_an_activation_by_the_same_name(name: str) -> None:
    given = [{"type": "dense", "number_of_nodes": 6}, activation(name)]
    served = build_deepnet(complete_layers(given, 1, False), 4, False, 3).served
    found = extract_layers_list(served, served.layers[1:])[1]
    assert found["activation_function"] == {"identity": "linear"}.get(name, name)


def test_types_of_jobs() -> None:
    assert tuple(KINDS) == JOB_TYPES


def test_configuration_parameters_are_settings_of_a_job() -> None:
    assert len(set(deepnets.CONFIGURATION_PARAMETERS)) == len(deepnets.CONFIGURATION_PARAMETERS)
    assert set(deepnets.CONFIGURATION_PARAMETERS) <= set(BaseSettings.model_fields)


def test_ensemble_methods() -> None:
    """rank is an order of metrics; greedy needs a score of each objective of a table."""
    assert deepnets.ENSEMBLE_METHODS == ("rank", "greedy")
    assert set(SCORES) == {objectives.CATEGORICAL, objectives.NUMERIC} == set(objectives.LOSSES)


def test_metrics_of_resamples() -> None:
    assert set(RESAMPLED) == set(METRICS)


@pytest.mark.parametrize("kind", columns.KINDS)
def test_kinds_of_columns_say_their_name(kind: str) -> None:
    assert columns.KINDS[kind].model_fields["type"].annotation.__args__ == (kind,)


def test_defaults_of_a_job_are_valid() -> None:
    """A default is not checked when it is used."""
    numbers = [{"index": i, "type": "numeric", "mean": 0.0, "stdev": 1.0} for i in (0, 1)]
    job = check_job({"job_id": 1, "output_directory": "o", "cache_file": "f", "info_list": numbers})
    checked = set(BaseSettings.model_fields) - {"info_list", "cache_file", "output_directory", "job_id"}
    assert check_job(job.model_dump(include=checked) | job.model_dump(exclude=checked, exclude_none=True)) == job
