"""How far a search is, from what it writes while it runs."""

import json
from typing import Any

from pyramid.errors import ConfigError
from pyramid.finalize.earlier import Earlier
from pyramid.finalize.searching import STATUS_FILE
from pyramid.finalize.workspace import RESULTS_FILE, UNFINISHED


def status(earlier: Earlier) -> dict[str, Any]:
    """Seconds, networks with their parameters, and the ensemble.

    Raises:
        ConfigError: no network is trained yet.
    """
    plan = earlier.plan
    if plan is None:
        raise ConfigError([f"{earlier.document['output_directory']}: the table is still being read and cached"])
    results = [result.to_dict() for _, result in sorted(earlier.results.items())]
    return {
        "ended": earlier.work.name != UNFINISHED,
        "spent": earlier.spent,
        "max_total_time": earlier.document.get("max_total_time", plan["max_total_time"]),  # it may have got more
        "objective": plan["report"]["data"]["objective"],
        "selection_metric": plan["selection_metric"],
        "candidates": [result | {"parameters": earlier.parameters.get(result["name"])} for result in results],
        "ensemble": _ensemble(earlier),
    }


def _ensemble(earlier: Earlier) -> dict[str, Any]:
    try:
        if earlier.work.name == UNFINISHED:
            found: dict[str, Any] = json.loads((earlier.work / STATUS_FILE).read_text(encoding="utf-8"))
        else:
            found = json.loads((earlier.work / RESULTS_FILE).read_text(encoding="utf-8"))["ensemble"]
    except (OSError, ValueError):  # no network has ended yet
        return {"method": "none", "members": [], "scores": {}, "notes": []}
    return found
