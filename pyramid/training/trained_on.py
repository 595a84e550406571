"""What tells the data of one search from those of another, in the same folder or not."""

import hashlib
import os
from pathlib import Path
from typing import Any

from pyramid.data.tabular.names import EVALUATION
from pyramid.settings.columns import Table


def trained_on(table: Table, folder: Path) -> dict[str, Any]:
    """The columns of `info_list`, and what stands for the rows: of the evaluation set in ``folder``, if it is there."""
    columns = [column.model_dump(exclude={"name"}) for column in table.columns]
    path = folder / EVALUATION
    rows = hashlib.sha256(path.read_bytes()).hexdigest() if os.path.isfile(path) else None
    return {"columns": columns, "weighted": table.weighted, "evaluation_sha256": rows}


def difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    """In what they differ, for a person; "" when a network that was trained on the one is for the other."""
    if one.get("columns") != other["columns"] or one.get("weighted") != other["weighted"]:
        return "info_list or instance_weights were others"
    rows = one.get("evaluation_sha256"), other["evaluation_sha256"]
    return "the evaluation set has been written anew since" if None not in rows and rows[0] != rows[1] else ""
