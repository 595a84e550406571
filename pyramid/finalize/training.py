"""The end of a training on pictures: from results and weights to the delivered model and its report."""

from pathlib import Path
from typing import Any

from pyramid.finalize.earlier import STOPPED, Earlier
from pyramid.finalize.ending import deliver_killed, no_model, nothing_yet, plan_of
from pyramid.finalize.holdout import write_holdout
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE, RESULTS_FILE
from pyramid.search.select import rank
from pyramid.training.candidate import SUBMODEL, WEIGHTS_FILE, Candidate, Result, Status
from pyramid.training.storage import write_document, write_json


def finish(
    work: Path, plan: dict[str, Any], results: list[Result], stopped: bool, seconds: dict[str, float]
) -> dict[str, Any]:
    """Write the best model, the configuration and the report into ``work``.

    Args:
        plan: `candidates`, `selection_metric`, `max_total_time`, `config`, and as `report` what the report says of the
            data.
        results: of all candidates, in their order.
        stopped: by the user.
        seconds: that each part of the job took.

    Returns:
        The report, which is `results.json` too.

    Raises:
        NoModelError, ConfigError, Interrupted: there is no model.
    """
    ranked = rank(results, plan["selection_metric"])
    if not ranked:
        raise no_model(results, plan["max_total_time"], stopped)
    best = ranked[0]
    _write_model(work, plan["candidates"], best)
    write_holdout(work, work / f"{SUBMODEL}{best.name}")
    write_json(work / CONFIG_FILE, plan["config"])
    report = {
        "best": best.name,
        "selection_metric": plan["selection_metric"],
        "final_model": str(Path(plan["config"]["output_directory"]) / FINAL_MODEL_FILE),
        "stopped_by_user": stopped,
        **plan["report"],
        "candidates": [result.to_dict() for result in results],
        "seconds": seconds,
    }
    write_json(work / RESULTS_FILE, report)
    return report


def finalize(earlier: Earlier) -> dict[str, Any]:
    """Deliver the best model of what a killed job has left; returns the report.

    Raises:
        ConfigError, NoModelError: there is none.
    """
    plan = plan_of(earlier)
    known = earlier.last_results()
    results = [known.get(values["name"]) or _unknown(values) for values in plan["candidates"]]
    if not rank(results, plan["selection_metric"]):
        raise nothing_yet(earlier)
    report = finish(earlier.work, plan, results, True, {})
    deliver_killed(earlier)
    return report


def _unknown(values: dict[str, Any]) -> Result:
    return Result(values["name"], values["network"], values["method"], Status.SKIPPED, STOPPED)


def _write_model(work: Path, tried: list[dict[str, Any]], best: Result) -> None:
    from pyramid.finalize.document import model_document  # imports TensorFlow, which the driver needs only now

    candidate = next(Candidate(**values) for values in tried if values["name"] == best.name)
    document = model_document(candidate, best, work / candidate.folder / WEIGHTS_FILE)
    write_document(work / FINAL_MODEL_FILE, document)
