"""The networks of a search on a table, each a trial, and their ensemble."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyramid.data.tabular.layout import Layout
from pyramid.engine.arrays import Arrays
from pyramid.engine.board import start_board
from pyramid.engine.events import Searching, Stage
from pyramid.engine.finalizer import start_finalizer
from pyramid.engine.keeper import start_keeper
from pyramid.engine.listener import TOO_LATE, Ends, Listener
from pyramid.engine.resources import Resources, resources
from pyramid.engine.scheduler import TimeBudgetScheduler
from pyramid.engine.session import ray
from pyramid.engine.suggest import Suggest, name_of
from pyramid.engine.table_trial import SharedTable, TableTrial
from pyramid.engine.timings import Timings
from pyramid.engine.trials import fit, marked
from pyramid.finalize.earlier import Earlier, Known, merged
from pyramid.finalize.journal import Journal
from pyramid.finalize.searching import SearchPlan
from pyramid.search.budget import Budget
from pyramid.search.median import Median
from pyramid.search.open_budget import OpenBudget
from pyramid.search.space import Facts, space_of
from pyramid.search.suggestions import Suggestions, suggestions
from pyramid.search.table_candidates import DEEPNET, METHOD
from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.search import SearchSettings
from pyramid.training.candidate import Result, Status

#: With no number of candidates given, one may have the time of all slots divided by this.
LEAST_CANDIDATES = 16

#: Seconds that a network may have at least.
LEAST_SECONDS = 5.0


@dataclass(frozen=True)
class Networks:
    """What the networks of a search have in common.

    Attributes:
        job: the settings of the trials' jobs, all but what is theirs alone.
        earlier: the search to go on with.
    """

    settings: SearchSettings
    plan: SearchPlan
    arrays: Arrays
    job: BaseSettings
    earlier: Earlier | None


class TableTrials:
    """Trains networks until their time is over."""

    def __init__(self, networks: Networks, left: float, ends: Ends, timings: Timings):
        """
        Args:
            left: seconds for the trials.
            ends: where weights and words go; the budget runs from now.
        """
        self._networks = networks
        self._settings, self._plan = networks.settings, networks.plan
        self._ends, self._left, self._timings = ends, max(left, 0.0), timings
        self._known = Known(networks.earlier, networks.plan.trained_on)
        self._per_trial: Resources = resources(self._settings.cpus_per_trial or 1, self._settings.gpus_per_trial)
        self._board = start_board()

    def run(self) -> tuple[list[Result], dict[str, Any], dict[str, Any]]:
        """The results of all networks, their parameters, and what is told of the ensemble."""
        self._ends.tell(Searching(self._plan.selection_metric, self._left, self._settings.number_of_candidates))
        folder = self._ends.folder
        finalizer = start_finalizer(self._plan, folder, f"finalizer-{folder.parent.name}-{id(self):x}")
        budget = self._budget()
        scheduler = TimeBudgetScheduler(budget, self._board, self._ends.stopped, Median(), self._ends.tell)
        listener = Listener(scheduler, self._ends, lambda name: (DEEPNET, METHOD))
        suggest = self._suggest(budget)
        with marked(folder) as marker:
            shared = self._shared(marker, finalizer)
            if self._left or budget.needs_one:
                fit(TableTrial, shared, self._per_trial, scheduler, listener, search_algorithm=suggest, samples=-1)
        self._timings.seconds |= listener.seconds()
        self._timings.lap("trials")
        self._ends.tell(Stage("writing the ensemble"))
        ensemble = ray.get(finalizer.finish.remote())
        for actor in (finalizer, self._board, shared.keeper):
            ray.kill(actor)  # in a session that goes on they would stay
        self._timings.lap("finishing")
        earlier = self._networks.earlier
        results = merged(earlier.last_results() if earlier else {}, listener.results)
        wanted = map(name_of, range(self._settings.number_of_candidates or 0))
        return accounted(results, [*suggest.parameters, *wanted]), suggest.parameters, ensemble

    def _shared(self, marker: str, finalizer: Any) -> SharedTable:
        arrays, job = self._networks.arrays, self._networks.job
        return SharedTable(
            folder=str(self._ends.folder),
            marker=marker,
            threads=self._per_trial.threads,
            board=self._board,
            keeper=start_keeper(self._ends.folder),
            resumes=self._networks.earlier is not None,
            rows=arrays.rows,
            layout=Layout.of(job.table, job.tree_inputs, arrays.told["features"]),
            job=job.model_copy(update={"max_training_time": self._seconds_each}),
            trained_on=arrays.trained_on,
            finalizer=finalizer,
        )

    @property
    def _seconds_each(self) -> float:
        """What one network may take."""
        number = self._settings.number_of_candidates or LEAST_CANDIDATES
        return max(LEAST_SECONDS, min(self._left, self._left * self._per_trial.slots / number))

    def _budget(self) -> Budget:
        number, slots = self._settings.number_of_candidates, self._per_trial.slots
        if number is None:
            budget: Budget = OpenBudget(self._left, self._seconds_each, slots)
        else:
            names = [*self._known.begun, *(name_of(k) for k in range(self._known.number, number))]
            budget = Budget(self._left, names, slots, from_now=True)
        if any(result.status == Status.FINISHED for result in self._known.results.values()):
            budget.have_one()
        return budget

    def _suggest(self, budget: Budget) -> Suggest:
        journal, metric = Journal(self._ends.folder), self._plan.selection_metric
        return Suggest(self._suggestions(), budget, journal, self._known, self._settings.number_of_candidates, metric)

    def _suggestions(self) -> Suggestions:
        """What is tried next, with what is known already."""
        metric, job = self._plan.selection_metric, self._networks.job
        rows = self._networks.arrays.told["shape"][0]
        facts = Facts(job.table.objective.type, rows, bool(job.tree_inputs), metric)
        space = space_of(self._settings, facts)
        made = suggestions(self._settings.search_algorithm, space, self._settings.seed, self._known.number)
        for name, result in self._known.results.items():
            made.tell(self._known.parameters[name], result.metrics.get(metric))
        return made


def accounted(results: dict[str, Result], thought_of: Iterable[str]) -> list[Result]:
    """Of all networks, in order; those without a result were skipped.

    Args:
        thought_of: their names.
    """
    skipped = {name: Result(name, DEEPNET, METHOD, Status.SKIPPED, TOO_LATE) for name in thought_of}
    known = skipped | results
    return [known[name] for name in sorted(known)]
