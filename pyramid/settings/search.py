"""SearchSettings: what `pyramid_search` reads."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from pyramid.settings.columns import AnyColumn, Table
from pyramid.settings.common import OneOf, Path, Unit
from pyramid.settings.deepnet_settings import DeepnetSettings
from pyramid.settings.deepnets import CONFIGURATION_PARAMETERS, ENSEMBLE_METHODS, GREEDY, RANK
from pyramid.settings.objectives import objective_of_loss
from pyramid.settings.pictures import PictureSettings
from pyramid.settings.search_space import Choice, Distribution, SearchSpace

#: Makers of suggestions: tree-structured Parzen estimators (Bergstra et al., "Algorithms for hyper-parameter
#: optimization", 2011), or draws that learn nothing.
TPE = "tpe"
RANDOM = "random"

#: A file whose rows do not say what their columns are.
SER = ".ser"

#: The parameters that a key beside `search_space` fixes. `seed` is the search's own: each network's is drawn from it.
FIXED_BY_KEYS = tuple(name for name in CONFIGURATION_PARAMETERS if name != "seed")


class SearchSettings(PictureSettings, DeepnetSettings):
    """The keys of a search. `training_data`, `objective` and `output_directory` are enough."""

    model_config = ConfigDict(json_schema_extra={"required": ["training_data", "output_directory"]})

    training_data: Path | None = Field(
        None,
        description="The table: a CSV, TSV, Parquet, Arrow or JSON lines file, or a `.ser` file with `info_list`; a"
        " path, or a URI such as `s3://bucket/table.parquet`.",
    )
    objective: Path | None = Field(
        None, description="The column to predict; required, unless `info_list` says it (its last column)."
    )
    objective_type: Literal["categorical", "numeric"] | None = Field(
        None,
        description="By default: text and booleans are categorical, numbers numeric, or what `loss_function` is for.",
    )
    inputs: list[Path] | None = Field(
        None, min_length=1, description="The columns to predict it from; by default all that are of use."
    )
    weight: Path | None = Field(None, description="The column that says how much each row counts in training.")
    info_list: list[AnyColumn] | None = Field(
        None,
        description="The columns, as in a job: the inputs, the weight if there is one, the objective. Replaces what is"
        " inferred from the table; required for a `.ser` file.",
    )
    instance_weights: bool = Field(
        False, description="With `info_list`: the column before the objective is the weight of the row."
    )

    max_total_time: float = Field(
        600.0, gt=0, description="Seconds from reading the table to the written model, the images' network included."
    )
    number_of_candidates: int | None = Field(
        None, ge=1, le=100_000, description="Networks to try; by default as many as the time allows."
    )
    search_space: SearchSpace | None = Field(
        None,
        description="For any configuration parameter a value, a list of values, or a range"
        ' `{"min": 0.0001, "max": 0.01, "log": true}`; the others are tried as by default.',
    )
    search_algorithm: Annotated[str, OneOf((TPE, RANDOM))] = Field(
        TPE, description="What suggests networks once the fixed good ones were tried: learning from all, or by chance."
    )
    model_fraction: Unit | None = Field(
        None,
        description="Share of the networks that form the ensemble by `rank`, at least one; instead of `ensemble_size`.",
    )
    ensemble_size: int | None = Field(None, ge=1, le=100, description="The most members of the ensemble.")
    ensemble_method: Annotated[str, OneOf(ENSEMBLE_METHODS)] = Field(
        GREEDY, description="How the networks of the ensemble are chosen; with `model_fraction` by `rank`."
    )

    @property
    def table(self) -> Table | None:
        """What `info_list` says, when it is there."""
        return None if self.info_list is None else Table(self.info_list, self.weighted)

    @property
    def chosen_by(self) -> str:
        """The method by which the ensemble is chosen: what is said, or what `model_fraction` means."""
        is_said = "ensemble_method" in self.model_fields_set
        return RANK if self.model_fraction is not None and not is_said else self.ensemble_method

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return self.instance_weights or self.weight is not None

    @property
    def fixed(self) -> dict[str, Any]:
        """The configuration parameters with a key of their own -> its value."""
        given = {name: getattr(self, name) for name in FIXED_BY_KEYS if name in self.model_fields_set}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def narrowed(self) -> dict[str, Distribution]:
        """What the user says of the configuration parameters; the others are as by default."""
        chosen: dict[str, Distribution] = {name: Choice((value,)) for name, value in self.fixed.items()}
        return chosen | (self.search_space.narrowed() if self.search_space else {})

    @property
    def wants_trees(self) -> bool:
        """Whether any network of the space may learn from trees, so that they are to be made."""
        trees = self.narrowed.get("tree_embedding")
        return trees is None or trees.holds(True)

    @property
    def said_objective(self) -> str | None:
        """The type of the objective, as far as the settings say it; None leaves it to the table."""
        losses = self.narrowed.get("loss_function")
        if self.objective_type or self.info_list:
            return self.objective_type or (self.info_list[-1].type if self.info_list else None)
        return objective_of_loss(losses.values[0]) if isinstance(losses, Choice) else None
