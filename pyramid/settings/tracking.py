"""The rule of `tracking_uri`, and what may be said by it."""

import importlib.util
import re

#: What a URI of MLflow begins with; a driver of the database may follow, as in `mysql+pymysql`.
_SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql", "file", "databricks")

_PACKAGE = "mlflow"

MEANING = (
    "Where MLflow keeps what is told of the job and each of its candidates: the address of a server"
    " (`http://host:5000`), a database (`sqlite:///runs.db`) or a folder; by default nothing is told. Needs"
    " `pip install 'bigml-pyramid[mlflow]'`."
)


def is_folder(uri: str) -> bool:
    """Whether ``uri`` is a path, or the URI of one."""
    return uri.startswith("file:") or not re.match(r"[a-zA-Z][\w+.-]+:", uri)


def tracking_problems(uri: str | None) -> list[str]:
    """What is wrong with a `tracking_uri`; nobody is asked whether it answers."""
    if uri is None:
        return []
    scheme = re.match(r"([a-zA-Z][\w.-]+)(\+\w+)?:", uri)
    if scheme and scheme[1].lower() not in _SCHEMES:
        known = ", ".join(f"{name}:" for name in _SCHEMES)
        return [f"tracking_uri: MLflow knows no {scheme[1]}: URIs; use a folder, or one of {known}"]
    if importlib.util.find_spec(_PACKAGE) is None:
        return ["tracking_uri: MLflow is not installed; pip install 'bigml-pyramid[mlflow]', or leave the key out"]
    return []
