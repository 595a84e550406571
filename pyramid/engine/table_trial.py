"""A network on a cached table as a trial, with all that an ensemble needs of it."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pyramid.data.tabular.layout import Layout
from pyramid.data.tabular.names import ARRAYS
from pyramid.engine.keeper import Place
from pyramid.engine.session import ray
from pyramid.engine.shared import Common
from pyramid.engine.trial import Trial
from pyramid.search.submodels import job_settings
from pyramid.search.table_candidates import configuration_parameters, table_candidate
from pyramid.settings.base_settings import BaseSettings
from pyramid.training.candidate import Result, TableCandidate


@dataclass(kw_only=True)
class SharedTable(Common):
    """What all trials on a table read.

    Attributes:
        rows: reference to the full array in the object store.
        layout: of its columns.
        job: what the trials' jobs have in common.
        trained_on: see `training.trained_on`.
        finalizer: the actor that is told of each finished network.
    """

    rows: Any
    layout: Layout
    job: BaseSettings
    trained_on: dict[str, Any]
    finalizer: Any


class TableTrial(Trial):
    """Its ``shared`` is a `SharedTable`; ``config["parameters"]`` is the configuration of the network."""

    _fit: TableCandidate
    _completing = 0.0

    def _candidate_of(self, config: dict[str, Any]) -> TableCandidate:
        self._settings = job_settings(self._shared.job, config["name"], config["parameters"])
        layout: Layout = self._shared.layout
        return table_candidate(self._settings, layout.inputs + layout.trees * self._settings.tree_embedding)

    def _take_up(self) -> None:
        import pyramid.training.table  # noqa: F401 - the import of Keras is no part of the candidate's time

        assert self._tables is not None

    @cached_property
    def _tables(self) -> "_Tables":
        """Read once, whatever number of candidates this process trains."""
        return _Tables(self._shared)

    def _begin(self, folder: Path, resume: bool) -> Any:
        from pyramid.training.table import TableTraining

        return TableTraining(self._fit, self._tables.data(self._settings), folder, resume=resume)

    def _seconds_left(self) -> float:
        """Less what is to be done after the last step; before it was measured, as long as tracing the network took."""
        completing = self._completing or self._training.progress().tracing_seconds
        return max(0.0, super()._seconds_left() - 1.2 * completing)

    def _complete(self, result: Result) -> None:
        from pyramid.training.submodel import finish

        began = time.monotonic()
        trees = self._settings.tree_embedding
        finish(
            self._fit,
            self._training.network,
            result,
            self._place.folder,
            configuration_parameters(self._settings) | {"batch_size": self._fit.batch_size},
            self._shared.trained_on,
            self._tables.reference(trees),
            self._tables.evaluation(trees),
            searched=True,
        )
        self._completing = max(time.monotonic() - began, self._completing / 2)

    def _hand_in(self) -> None:
        self._shared.finalizer.add.remote(self._fit.name)


class _Tables:
    """What the caching wrote, as networks with and without trees see it."""

    def __init__(self, shared: SharedTable):
        from pyramid.data.tabular.compared import read

        self._shared = shared
        self._rows = ray.get(shared.rows)
        place = Place(shared.folder, shared.marker, ARRAYS, shared.keeper)
        place.fetch()
        self._folder = place.folder
        self._compared = read(self._folder)
        self._data: dict[bool, Any] = {}
        self._evaluations: dict[bool, Any] = {}
        self._references: dict[bool, Any] = {}

    def data(self, settings: BaseSettings) -> Any:
        from pyramid.training.table_data import make_table_data

        trees = settings.tree_embedding
        if trees not in self._data:
            compared = self._compared.full if self._compared else None
            seed = self._shared.job.seed  # the same holdout for every network
            settings = settings.model_copy(update={"seed": seed})
            self._data[trees] = make_table_data(settings, self._rows, self._shared.layout, compared)
        return self._data[trees]

    def evaluation(self, trees: bool) -> Any:
        from pyramid.training.cached import evaluation

        if trees not in self._evaluations:
            categorical = bool(self._shared.job.table.classes)
            self._evaluations[trees] = evaluation(self._folder, self._shared.layout, self._compared, trees, categorical)
        return self._evaluations[trees]

    def reference(self, trees: bool) -> Any:
        from pyramid.training.cached import reference

        if trees not in self._references:
            self._references[trees] = reference(self._folder, self._shared.layout, trees)
        return self._references[trees]
