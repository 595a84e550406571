"""The space of a search, its first candidates and the suggestions: all in the space, all valid jobs, the same again."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyramid.errors import ConfigError
from pyramid.search.coding import Coding
from pyramid.search.space import MOST_SEED, Facts, Space, nearest, space_of
from pyramid.search.submodels import job_settings, submodel_template
from pyramid.search.suggestions import BEST, LATEST, Tpe, suggestions
from pyramid.search.table_candidates import table_candidate
from pyramid.settings.check_job import check_job
from pyramid.settings.check_search import check_search
from pyramid.settings.columns import CategoricalColumn, NumericColumn
from pyramid.settings.deepnets import ACTIVATIONS, CONFIGURATION_PARAMETERS, TOPOLOGIES
from pyramid.settings.objectives import LOSSES
from pyramid.settings.search_space import Choice, Range

SEARCH = {"training_data": "prices.csv", "objective": "price", "output_directory": "out"}
COLUMNS = {
    "numeric": [NumericColumn(type="numeric", index=i, mean=1.0, stdev=2.0) for i in range(4)],
    "categorical": [
        NumericColumn(type="numeric", index=0, mean=1.0, stdev=2.0),
        CategoricalColumn(type="categorical", index=1, values=["a", "b", "c"]),
    ],
}
TREES = 3


def search(objective="categorical", **changes):
    made, problems = check_search(SEARCH | {"objective_type": objective} | changes)
    assert problems == []
    return made


def space(objective="categorical", rows=5000, trees=True, metric="", **changes):
    return space_of(search(objective, **changes), Facts(objective, rows, trees, metric))


def check_candidate(parameters, objective="categorical"):
    """What a job of a backend with these parameters goes through, without TensorFlow."""
    template = submodel_template(search(objective), COLUMNS[objective], False, TREES, "full.npy")
    job = job_settings(template, "n7", parameters, max_training_time=3.0)
    check_job(job.model_dump(mode="json", exclude_unset=True))
    candidate = table_candidate(job, 5)
    assert candidate.seed == parameters["seed"]
    assert candidate.max_training_time == 3.0
    assert candidate.trees == parameters["tree_embedding"]
    assert candidate.layers[-1]["type"] == ("activation" if objective == "categorical" else "dense")


def ranges(least, most, whole):
    number = st.integers(least, most) if whole else st.floats(least, most)
    pairs = st.tuples(number, number, st.booleans()).filter(lambda drawn: drawn[0] < drawn[1])
    return pairs.map(lambda drawn: {"min": drawn[0], "max": drawn[1], "log": drawn[2] and drawn[0] > 0})


def some(values):
    return st.one_of(st.sampled_from(values), st.lists(st.sampled_from(values), min_size=1, unique=True))


NARROWED = st.fixed_dictionaries(
    {},
    optional={
        "activation_function": some(ACTIVATIONS),
        "balance_objective": some([False, True]),
        "batch_size": st.one_of(some([1, 33, 700, 8192]), ranges(1, 8192, True)),
        "descent_algorithm": some(["sgd", "ftrl", "adam"]),
        "dropout_rate": st.one_of(some([0.0, 0.1, 0.75]), ranges(0, 0.75, False)),
        "loss_function": some(LOSSES["categorical"]),
        "largest_layer_size": st.one_of(some([2, 50, 1024]), ranges(2, 1024, True)),
        "learn_residuals": some([False, True]),
        "learning_rate": st.one_of(some([1e-5, 1.0, 100.0]), ranges(1e-9, 100, False)),
        "mixup_alpha": st.one_of(some([0.0, 1.0]), ranges(0, 1, False)),
        "number_of_layers": st.one_of(some([3, 8]), ranges(1, 8, True).filter(lambda given: given["max"] > 2)),
        "seed": st.one_of(some([0, 5, MOST_SEED]), ranges(0, MOST_SEED, True)),
        "topology": some(TOPOLOGIES),
        "tree_embedding": some([False, True]),
    },
)


@settings(max_examples=40, deadline=None)
@given(NARROWED, st.integers(1, 10**6), st.booleans(), st.sampled_from(["tpe", "random"]), st.integers(0, 2**31 - 1))
def test_every_network_of_a_narrowed_space_is_in_it_and_a_valid_job(narrowed, rows, trees, algorithm, seed):
    made = space(rows=rows, trees=trees, search_space=narrowed)
    asked = suggestions(algorithm, made, seed)
    for number in [*range(22), 500]:
        parameters = asked.ask(number)
        assert made.contains(parameters)
        assert json.loads(json.dumps(parameters)) == parameters
        assert all(search(search_space=narrowed).narrowed[name].holds(parameters[name]) for name in narrowed)
        asked.tell(parameters, None if number % 4 == 3 else -parameters["learning_rate"])
    check_candidate(parameters)


@pytest.mark.parametrize("objective", ["categorical", "numeric"])
@pytest.mark.parametrize("trees", [False, True])
@pytest.mark.parametrize("rows", [10, 1_000, 100_000, 10**7])
def test_the_first_candidates_are_different_valid_and_of_the_default_space(objective, trees, rows):
    made = space(objective, rows, trees)
    first = made.first_candidates()
    assert 8 <= len(first) <= 9
    assert all(made.contains(parameters) for parameters in first)
    assert len({json.dumps(parameters | {"seed": 0}) for parameters in first}) == len(first)
    assert any(parameters["tree_embedding"] for parameters in first) == trees
    assert {"learn_residuals", "mixup_alpha", "dropout_rate"} <= {k for one in first for k, v in one.items() if v}
    assert len({parameters["seed"] for parameters in first}) == len(first)
    for parameters in first[:: 1 if trees else 4]:
        check_candidate(parameters, objective)


def test_first_candidates_are_led_into_the_users_space_and_none_is_there_twice():
    narrowed = {"largest_layer_size": [16, 400], "number_of_layers": {"min": 4, "max": 5}, "topology": "diamond"}
    first = space(search_space=narrowed).first_candidates()
    assert {parameters["largest_layer_size"] for parameters in first} == {16, 400}
    assert {parameters["number_of_layers"] for parameters in first} == {4, 5}
    fixed = {name: value for name, value in first[0].items() if name != "seed"}
    assert len(space(search_space=fixed).first_candidates()) == 1


def test_a_space_without_a_choice_still_answers():
    fixed = {name: value for name, value in space().first_candidates()[0].items() if name != "seed"}
    made = space(search_space=fixed)
    assert made.open() == {}
    for algorithm in ("tpe", "random"):
        asked = suggestions(algorithm, made, 0)
        drawn = [asked.ask(number) for number in range(30)]
        for parameters in drawn:
            asked.tell(parameters, 0.5)
        assert len({parameters["seed"] for parameters in drawn}) == 30


def test_the_nearest_value_that_is_allowed():
    assert nearest(Choice((32, 256)), 100) == 32
    assert nearest(Choice(("selu", "tanh")), "relu") == "selu"
    assert nearest(Choice((True,)), False) is True
    assert nearest(Range(0.1, 0.5), 0.7) == 0.5
    assert nearest(Range(1, 6, whole=True), 9) == 6
    assert nearest(Range(0.1, 0.5), 0.3) == 0.3


def test_true_is_no_number_of_a_distribution():
    assert not Choice((1, 2)).holds(True)
    assert not Range(0, 2, whole=True).holds(True)
    assert not Range(0, 2, whole=True).holds(1.0)
    assert Range(0, 2).holds(1)


def test_what_the_data_say_of_the_space():
    small, large = (space(rows=rows).distributions()["batch_size"] for rows in (100, 10**6))
    assert small == Choice((32,))
    assert large == Choice((64, 128, 256, 512, 1024))
    assert space(trees=False).distributions()["tree_embedding"] == Choice((False,))
    assert space("numeric").distributions()["loss_function"].holds("huber")
    assert space("numeric").distributions()["balance_objective"] == Choice((False,))
    assert space(metric="max_phi").distributions()["balance_objective"] == Choice((False, True))
    assert tuple(space().distributions()) == CONFIGURATION_PARAMETERS


def test_contains_wants_all_parameters():
    made, parameters = space(), space().first_candidates()[0]
    assert not made.contains({name: value for name, value in parameters.items() if name != "seed"})
    assert not made.contains(parameters | {"dropout_rate": 0.3})
    assert not made.contains(parameters | {"more": 1})


def test_a_seed_follows_from_the_searchs_seed_and_the_number_alone():
    def seeds(algorithm, seed):
        asked = suggestions(algorithm, space(seed=seed), seed)
        return [asked.ask(number)["seed"] for number in (0, 20, 3)]

    assert seeds("tpe", 1) == seeds("random", 1)
    assert not set(seeds("tpe", 1)) & set(seeds("tpe", 2))


def goodness(parameters):
    near = abs(parameters["learning_rate"] - 0.01) * 50 + abs(parameters["number_of_layers"] - 4)
    return -near + (parameters["activation_function"] == "tanh")


def run(algorithm, count, seed=0):
    asked, made = suggestions(algorithm, space(), seed), []
    for number in range(count):
        made.append(asked.ask(number))
        asked.tell(made[-1], goodness(made[-1]))
    return made


def test_the_estimators_find_better_networks_than_chance():
    by_chance, learned = ([goodness(one) for one in run(name, 120)[60:]] for name in ("random", "tpe"))
    assert sum(learned) / 60 > sum(by_chance) / 60 + 1


@pytest.mark.parametrize("algorithm", ["tpe", "random"])
def test_the_same_history_gives_the_same_networks_and_another_seed_others(algorithm):
    assert run(algorithm, 40) == run(algorithm, 40)
    assert run(algorithm, 40)[20:] != run(algorithm, 40, seed=1)[20:]


def test_a_resumed_search_learns_from_what_it_is_told():
    known = json.loads(json.dumps(run("tpe", 80)))
    resumed = suggestions("tpe", space(), 0)
    for parameters in known:
        resumed.tell(parameters, goodness(parameters))
    drawn = [resumed.ask(number) for number in range(80, 110)]
    assert all(one not in known for one in drawn)
    assert sum(map(goodness, drawn)) / 30 > sum(map(goodness, run("random", 120)[60:])) / 60 + 1


@pytest.mark.parametrize("begun", [14, 18])
def test_a_search_that_is_resumed_at_its_beginning_does_not_draw_what_it_drew(begun):
    known = run("tpe", begun)
    resumed = suggestions("tpe", space(), 0, begun)
    for parameters in known:
        resumed.tell(parameters, goodness(parameters))
    drawn = [resumed.ask(number) | {"seed": 0} for number in range(begun, begun + 4)]
    assert not [one for one in drawn if one in [parameters | {"seed": 0} for parameters in known]]


def test_what_is_of_another_space_or_no_number_does_no_harm():
    asked = suggestions("tpe", space(), 0)
    first = [asked.ask(number) for number in range(40)]
    asked.tell(first[0] | {"dropout_rate": 0.33}, 1.0)
    asked.tell({"a": 1}, 1.0)
    for parameters, value in zip(first, [None, float("nan"), float("inf"), 1.0] * 10, strict=True):
        asked.tell(parameters, value)
        asked.tell(parameters, value)
    assert space().contains(asked.ask(40))


def test_networks_asked_for_at_the_same_time_differ():
    asked = suggestions("tpe", space(), 0)
    for parameters in [asked.ask(number) for number in range(60)]:
        asked.tell(parameters, goodness(parameters))
    drawn = [json.dumps(asked.ask(number) | {"seed": 0}) for number in range(60, 90)]
    assert len(set(drawn)) == 30


def test_the_best_networks_and_those_in_training_are_kept_when_others_are_dropped(monkeypatch):
    tpe = Tpe(space(), 0)
    running = [tpe.ask(number) for number in range(5)]
    random = suggestions("random", space(), 0)
    told = [random.ask(number) for number in range(10, 10 + 2 * (BEST + LATEST))]
    values = [None if i % 7 == 1 else float(-i) for i in range(len(told))]  # the best come first
    for parameters, value in zip(told, values, strict=True):
        tpe.tell(parameters, value)
    ended = [trial for trial in tpe._study.trials if trial.state.is_finished()]
    best = sorted((value for value in values if value is not None), reverse=True)[:BEST]
    assert len(ended) == BEST + LATEST
    assert {trial.value for trial in ended} >= set(best)
    assert len([trial for trial in tpe._study.trials if not trial.state.is_finished()]) == 5
    for parameters in running:
        tpe.tell(parameters, 1.0)
    assert not [trial for trial in tpe._study.trials if not trial.state.is_finished()]


def test_a_question_costs_the_same_after_a_thousand_answers():
    tpe, random = Tpe(space(), 0), suggestions("random", space(), 1)
    taken = {}
    for number in range(1000):
        parameters = random.ask(number + 10)
        tpe.tell(parameters, goodness(parameters))
        if number in (280, 999):
            times = []
            for i in range(10):
                start = time.process_time()
                asked = tpe.ask(10_000 + number + i)
                times.append(time.process_time() - start)
                tpe.tell(asked, None)
            taken[number] = min(times)
    assert taken[999] < max(3 * taken[280], 0.03)
    assert len(tpe._study.trials) <= 2 * (BEST + LATEST) + 1


def test_coding_goes_there_and_back():
    made = space()
    coding = Coding(made.open())
    for parameters in run("random", 30):
        assert made.complete(coding.decode(coding.encode(parameters)), 0) | {"seed": parameters["seed"]} == parameters


def test_a_job_of_a_network_is_made_quickly():
    template = submodel_template(search(), COLUMNS["categorical"], False, TREES, "full.npy")
    parameters = space().first_candidates()[0]
    start = time.process_time()
    for i in range(200):
        job_settings(template, f"n{i}", parameters)
    assert (time.process_time() - start) / 200 < 1e-3


def test_a_template_repeats_the_settings_and_is_checked():
    made = search(
        patience=3, l2_regularization=0.1, augmentation_ranges={"brightness": 0.1}, class_weights=[["c", 2.0]]
    )
    template = submodel_template(made, COLUMNS["categorical"], False, 0, "full.npy")
    assert (template.patience, template.l2_regularization, template.job_type) == (3, 0.1, "search_submodel")
    assert template.class_weights == [("c", 2.0)]
    assert template.output_directory == "out"
    with pytest.raises(ConfigError, match=r"class_weights\[0\]: no class of the objective is called 'd'"):
        submodel_template(search(class_weights=[["d", 2.0]]), COLUMNS["categorical"], False, 0, "full.npy")


def test_a_space_can_be_made_of_distributions_alone():
    made = Space({"learning_rate": Choice((0.5,))}, 0, Facts("numeric", 100, False))
    assert made.first_candidates()[0]["learning_rate"] == 0.5
    assert "learning_rate" not in made.open()
