"""BaseSettings: what a job of the child process reads."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from pyramid.settings.columns import AnyColumn, Table
from pyramid.settings.common import OneOf, Path, Unit
from pyramid.settings.deepnet_settings import DeepnetSettings
from pyramid.settings.deepnets import DEEPNET_VERSIONS, ENSEMBLE_METHODS
from pyramid.settings.networks import NETWORKS, TRAINING_METHODS
from pyramid.settings.train import TrainSettings

IMAGE_TRAINING = "image_training"
DATASET_CACHING = "dataset_caching"
STANDARD_TRAINING = "standard_training"
SEARCH_SUBMODEL = "search_submodel"
FINALIZE_OUTPUT = "finalize_output"

#: The values of `job_type`.
JOB_TYPES = (IMAGE_TRAINING, DATASET_CACHING, STANDARD_TRAINING, SEARCH_SUBMODEL, FINALIZE_OUTPUT)


class BaseSettings(TrainSettings, DeepnetSettings):
    """The keys of a job: those of a training, and what a backend says beside them."""

    model_config = ConfigDict(json_schema_extra={"required": ["job_id", "output_directory"]})

    job_type: Annotated[str, OneOf(JOB_TYPES)] = Field(STANDARD_TRAINING, description="What is to be done.")
    job_id: int | str | None = Field(
        None, description="Repeated in every answer; `submodel_<job_id>` is the folder of a network on a table."
    )
    logging_level: int = Field(
        2,
        ge=1,
        le=3,
        description="1: progress is told on standard error, for people; 2: on standard output, as the protocol has it;"
        " 3: so too, and TensorFlow's Python log on standard error.",
    )
    info_list: list[AnyColumn] | None = Field(
        None, description="The columns of the data: the inputs, the weight if there is one, the objective."
    )
    instance_weights: bool = Field(False, description="The column before the objective is the weight of the row.")
    cache_file: Path | None = Field(
        None, description="What the job reads: a `.ser` file or a table, an array of the caching, or boxes as JSON."
    )
    cache_rows: int | None = Field(None, ge=1, description="Rows of the `.ser` file.")
    parallelism: int = Field(1, ge=1, le=4096, description="Workers that share `max_data_size`.")
    tree_inputs: int = Field(0, ge=0, le=128, description="Tree columns in the array, as the caching answered.")
    is_search: bool = Field(False, description="The data will be used by a search, so trees are made.")

    layers: list[dict[str, Any]] | None = Field(
        None,
        description="The network, as sensenet's layers without weights; instead of `topology` and the five keys behind"
        " it.",
    )
    augmentation_seed: int | None = Field(None, ge=0, le=2**31 - 1, description="Of pictures; by default `seed`.")
    max_training_time: float = Field(600.0, gt=0, description="Seconds of the training.")

    base_image_network: Annotated[str, OneOf(NETWORKS)] | None = Field(
        None, description="The image network; by default the first candidate of the objective."
    )
    image_training_type: Annotated[str, OneOf(TRAINING_METHODS)] | None = Field(
        None, description="How it is learned; by default `randomly_initialize`."
    )
    return_holdout_images: bool = Field(False, description="Keep what was predicted for the held out pictures.")

    model_fraction: Unit = Field(0.1, description="Share of the submodels that form the ensemble, at least one.")
    ensemble_method: Annotated[str, OneOf(ENSEMBLE_METHODS)] = Field(
        ENSEMBLE_METHODS[0], description="How the submodels of the ensemble are chosen."
    )
    deepnet_version: Annotated[str, OneOf(DEEPNET_VERSIONS)] | None = Field(
        None, description="alpha: the final document has sensenet's legacy form."
    )

    @property
    def table(self) -> Table:
        """What `info_list` says; of a checked job it is there."""
        return Table(self.info_list or [], self.instance_weights)
