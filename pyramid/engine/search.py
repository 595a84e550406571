"""The whole search on a table: image network -> arrays -> networks as trials -> ensemble."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyramid.data.tabular.names import ARRAYS
from pyramid.data.tabular.opening import TableFile, open_table
from pyramid.engine.arrays import Arrays, Job, make_arrays
from pyramid.engine.events import Note, Stage, Tell, nobody
from pyramid.engine.image_search import train_image_network
from pyramid.engine.listener import Ends
from pyramid.engine.meter import Meter
from pyramid.engine.resources import await_cores, resources
from pyramid.engine.session import check_address, session
from pyramid.engine.table_trials import Networks, TableTrials
from pyramid.engine.timings import Timings
from pyramid.engine.tracking.tracking import tracking
from pyramid.errors import ConfigError
from pyramid.finalize.delivery import deliver
from pyramid.finalize.earlier import Earlier
from pyramid.finalize.journal import JOB, PLAN, Journal, job_entry
from pyramid.finalize.searching import SearchPlan, finish
from pyramid.finalize.workspace import RESULTS_FILE, workspace
from pyramid.search.submodels import submodel_template
from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.metrics import METRICS
from pyramid.settings.search import SearchSettings
from pyramid.training.candidate import Result
from pyramid.training.storage import write_json

#: What the choice and the writing of the ensemble may take: seconds, and as a share of the time in all.
FINISHING, FINISHING_SHARE = 6.0, 0.03

#: Seconds that Ray, the caching and the first trial take to start, at least.
STARTING = 15.0

#: The folder for a copy of the table, whose name may be any. It is made anew when the search goes on.
TABLE = ".table"

#: Share of all networks that form an ensemble by rank, where nothing is said: the default of a job.
MODEL_FRACTION = 0.1


def run(
    settings: SearchSettings,
    document: dict[str, Any],
    tell: Tell = nobody,
    stopped: Callable[[], bool] = lambda: False,
    earlier: Earlier | None = None,
) -> dict[str, Any]:
    """Search for the best ensemble within `max_total_time` and write it.

    Args:
        settings: without problems.
        document: what they were read from, for another process to go on when this one was killed.
        tell: called with every event.
        stopped: when it turns true, the search ends with the best ensemble so far.
        earlier: the search to go on with.

    Returns:
        What `results.json` holds.

    Raises:
        ConfigError, DataError, NoModelError, Interrupted: see ``pyramid.errors``.
    """
    output, began, timings = Path(str(settings.output_directory)), time.monotonic(), Timings()
    check_address(as_client=False)
    keep = earlier is not None
    with workspace(output, keep) as work, tracking(settings, output, work, tell) as tracked:
        Journal(work).write(JOB, job_entry("pyramid_search", document))
        with Meter(work, began, earlier.spent if earlier else 0.0) as meter:
            table = read_table(settings, work, tell)
            timings.lap("reading")
            _check_time(settings, earlier)
            tell(Stage("starting Ray"))
            with session():
                await_cores(tell, stopped)
                resources(settings.cpus_per_trial or 1, settings.gpus_per_trial)  # before hours of other work
                timings.lap("ray")
                report = _Search(settings, table, work, meter, timings, tracked, stopped, earlier).run()
                meter.stop()
                deliver(work, output)  # ending Ray takes two seconds more
        tracked.close(report)
    return report


def read_table(settings: SearchSettings, work: Path, tell: Tell) -> TableFile:
    """The table that ``settings`` name, of which a copy may be in ``work``, and all that is to be told of it."""
    tell(Stage("reading the table"))
    table = open_table(settings, work / TABLE)
    for line in table.shown:
        tell(Note(line))
    return table


def _check_time(settings: SearchSettings, earlier: Earlier | None) -> None:
    left = settings.max_total_time - (earlier.spent if earlier else 0.0)
    if left < STARTING:
        way = "give more with --max-total-time, or write the model of what is there with --finalize"
        way = way if earlier else "give more"
        raise ConfigError([f"max_total_time: {left:.3g} s are left, but starting alone takes {STARTING:g} s; {way}"])


class _Search:
    """One search, from the table to the files in ``work``."""

    def __init__(
        self,
        settings: SearchSettings,
        table: TableFile,
        work: Path,
        meter: Meter,
        timings: Timings,
        tell: Tell,
        stopped: Callable[[], bool],
        earlier: Earlier | None,
    ):
        self._settings = settings
        self._file, self._table = table, table.table
        self._work = work
        self._tell, self._stopped = tell, stopped
        self._earlier = earlier
        self._meter = meter
        self._timings = timings
        self._journal = Journal(work)

    def run(self) -> dict[str, Any]:
        """The report, which is `results.json` too."""
        images = self._image_network() if self._table.images else None
        self._tell(Stage("caching the table"))
        arrays = make_arrays(
            Job(self._settings, self._table, self._file.path, self._work / ARRAYS, images, self._file.image_root)
        )
        self._timings.lap("caching")
        job = submodel_template(
            self._settings, self._table.columns, self._table.weighted, arrays.told["tree_inputs"], self._file.path
        )
        self._plan = self._known(arrays, job)
        self._journal.write(PLAN, self._plan.to_dict())
        results, parameters, ensemble = self._train(arrays, job)
        report = finish(self._plan, self._work, ensemble, results, parameters, self._stopped(), self._timings.seconds)
        write_json(self._work / RESULTS_FILE, report)
        return report

    @property
    def _left(self) -> float:
        """Seconds of the budget."""
        return self._settings.max_total_time - self._meter.spent

    def _image_network(self) -> Path:
        """Half of the time that is left is for it."""
        seconds = max(0.0, self._left) / 2
        folder = train_image_network(self._settings, self._file, self._work, seconds, self._tell, self._stopped)
        self._timings.lap("image_network")
        return folder

    def _known(self, arrays: Arrays, job: BaseSettings) -> SearchPlan:
        settings, objective = self._settings, self._table.objective.type
        said = MODEL_FRACTION if settings.model_fraction is None else settings.model_fraction
        fraction = None if settings.ensemble_size else said
        rows, columns = arrays.told["shape"]
        return SearchPlan(
            config=settings.model_dump(mode="json", exclude_none=True)
            | {"objective_type": objective, "info_list": [column.model_dump() for column in self._table.columns]}
            | {"ensemble_method": settings.chosen_by},
            columns=[column.model_dump() for column in self._table.columns],
            weighted=self._table.weighted,
            wish={"method": settings.chosen_by, "fraction": fraction, "size": settings.ensemble_size},
            selection_metric=settings.selection_metric or METRICS[objective][0],
            max_total_time=settings.max_total_time,
            trained_on=arrays.trained_on,
            report={
                "data": {
                    "table": settings.training_data,
                    "objective": objective,
                    "rows": rows,
                    "array_columns": columns,
                    "inputs": len(self._table.inputs),
                    "tree_inputs": job.tree_inputs,
                    "left_out": self._file.left_out,
                    "notes": arrays.told["notes"],
                },
            },
        )

    def _train(self, arrays: Arrays, job: BaseSettings) -> tuple[list[Result], dict[str, Any], dict[str, Any]]:
        """The results of all networks, their parameters, and what is told of the ensemble."""
        left = self._left - max(FINISHING, FINISHING_SHARE * self._settings.max_total_time)
        ends = Ends(self._work, self._tell, self._stopped, self._meter.spent, from_now=True)
        networks = Networks(self._settings, self._plan, arrays, job, self._earlier)
        return TableTrials(networks, left, ends, self._timings).run()
