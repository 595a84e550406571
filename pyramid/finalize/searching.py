"""The end of a search on a table: from submodels to the delivered ensemble and its report."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyramid.data.tabular.names import ARRAYS, IMAGE_NETWORK
from pyramid.finalize.earlier import STOPPED, Earlier
from pyramid.finalize.ending import deliver_killed, no_model, nothing_yet, plan_of
from pyramid.finalize.evaluation import EVALUATION_FILE, write_evaluation
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE, RESULTS_FILE
from pyramid.search.select import rank
from pyramid.search.table_candidates import DEEPNET, METHOD
from pyramid.settings.columns import KINDS, Table
from pyramid.training.candidate import Result, Status
from pyramid.training.storage import write_document, write_json

if TYPE_CHECKING:
    from pyramid.finalize.library import Library

#: What `--status` reads of the ensemble while the search runs.
STATUS_FILE = "ensemble.json"


@dataclass(frozen=True)
class SearchPlan:
    """What is known of a search before its trials begin, plain data.

    Attributes:
        config: the settings with every default and what was decided.
        columns: `info_list`.
        weighted: whether the last but one of them is the weight.
        wish: see `Wish`.
        report: what the report says of the data.
    """

    config: dict[str, Any]
    columns: list[dict[str, Any]]
    weighted: bool
    wish: dict[str, Any]
    selection_metric: str
    max_total_time: float
    trained_on: dict[str, Any]
    report: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def table(self) -> Table:
        return Table([KINDS[column["type"]](**column) for column in self.columns], self.weighted)

    def library(self, folder: Path) -> "Library":
        """The networks in ``folder``, none of which is added yet."""
        from pyramid.finalize.library import Library, Wish  # TensorFlow, which the driver does without

        return Library(folder, folder / ARRAYS, self.table, Wish(**self.wish))


def write_model(plan: SearchPlan, folder: Path, library: "Library") -> dict[str, Any]:
    """Write the model into ``folder``; returns what is told of the ensemble. Without a network nothing is written."""
    from pyramid.training.cached import read_json

    if library.names:
        image_network = read_json(folder / ARRAYS / IMAGE_NETWORK) if plan.table.images else None
        write_document(folder / FINAL_MODEL_FILE, library.document(image_network))
    if (evaluation := library.evaluation()) is not None:
        write_evaluation(folder / EVALUATION_FILE, evaluation)
    return library.told()


def finish(
    plan: SearchPlan,
    folder: Path,
    ensemble: dict[str, Any],
    results: list[Result],
    parameters: dict[str, dict[str, Any]],
    stopped: bool,
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Write the configuration and the report into ``folder``, where the model is.

    Args:
        ensemble: what `write_model` told.
        results: of all candidates.
        parameters: of each candidate, by name.
        seconds: that each part of the search took.

    Returns:
        The report, which is `results.json` too.

    Raises:
        NoModelError, ConfigError, Interrupted: there is no model.
    """
    if not ensemble["members"]:
        raise no_model(results, plan.max_total_time, stopped)
    write_json(folder / CONFIG_FILE, plan.config)
    ranked = rank(results, plan.selection_metric)
    report = {
        "best": ranked[0].name if ranked else ensemble["members"][0],
        "selection_metric": plan.selection_metric,
        "final_model": str(Path(plan.config["output_directory"]) / FINAL_MODEL_FILE),
        "stopped_by_user": stopped,
        "ensemble": ensemble,
        **plan.report,
        "candidates": [r.to_dict() | {"parameters": parameters.get(r.name)} for r in results],
        "seconds": seconds,
    }
    write_json(folder / RESULTS_FILE, report)
    return report


def finalize(earlier: Earlier) -> dict[str, Any]:
    """Deliver the ensemble of what a killed search has left; returns the report.

    Raises:
        ConfigError: there is none.
    """
    plan = SearchPlan(**plan_of(earlier))
    library = plan.library(earlier.work)
    library.add_all()
    if not library.names:
        raise nothing_yet(earlier)
    ensemble = write_model(plan, earlier.work, library)
    known = earlier.last_results()
    begun = {name: _begun(name) for name in earlier.parameters if name not in known}
    results = [result for _, result in sorted((known | begun).items())]
    report = finish(plan, earlier.work, ensemble, results, earlier.parameters, True, {})
    deliver_killed(earlier)
    return report


def _begun(name: str) -> Result:
    """Of a network that was thought of and has left nothing."""
    return Result(name, DEEPNET, METHOD, Status.SKIPPED, STOPPED)
