"""CommonSettings: what any document that asks for a network may say; and what the settings are declared with."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import core_schema

from pyramid.settings.objectives import LOSSES
from pyramid.settings.optimizers import OPTIMIZERS


class OneOf:
    """Annotates a string that must be one of ``names``: the message and the JSON Schema list them."""

    def __init__(self, names: Iterable[str]):
        self.names = list(names)

    def check(self, value: str) -> str:
        if value not in self.names:
            raise ValueError(f"must be one of {', '.join(self.names)}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        return handler(schema) | {"enum": self.names}


Unit = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Path = Annotated[str, Field(min_length=1)]

#: Each optimizer hyperparameter that a job may set; absent means Keras's default.
HYPERPARAMETERS = ("beta1", "beta2", "epsilon", "rho", "momentum", "init_accumulator", "learning_rate_power")


class Document(BaseModel):
    """A JSON object in which an unknown key, a wrong type and a NaN are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class CommonSettings(Document):
    """What any job may say about the objective, the descent, the holdout and the limits."""

    seed: int = Field(0, ge=0, le=2**31 - 1, description="Every random draw follows from it.")
    output_directory: Path | None = Field(None, description="Folder that receives the results; made when absent.")
    image_root: Path | None = Field(
        None,
        description="Folder that the `file` of every row is relative to; by default the folder of the table or"
        " of the class folders that `training_data` names, else the current folder.",
    )

    objective_type: Literal["categorical", "numeric", "bounding_box"] | None = Field(
        None,
        description="By default: strings and class folders are categorical, JSON numbers numeric; a text column"
        " of numbers follows `loss_function`, else it is numeric.",
    )
    loss_function: Annotated[str, OneOf(loss for losses in LOSSES.values() for loss in losses)] | None = Field(
        None, description="What descent minimises; default `crossentropy`, or `mean_squared_error` for numbers."
    )
    label_smoothing_factor: float = Field(
        0.0, ge=0, le=0.5, description="Share of the true class's probability that is spread over all classes."
    )
    balance_objective: bool = Field(False, description="Draw every class equally often in each batch.")
    class_weights: list[Annotated[tuple[str, NotNegative], Field(strict=False)]] | None = Field(
        None, description="Pairs [class, weight] that multiply the weights of the rows."
    )

    batch_size: int = Field(32, ge=1, le=8192, description="Pictures or rows per step of gradient descent.")
    descent_algorithm: Annotated[str, OneOf(OPTIMIZERS)] = Field("adam", description="The optimizer.")
    learning_rate: float = Field(
        0.001, gt=0, le=100, description="r of the schedule r, r/4, r/16 (a step down when `patience` is used up)."
    )
    learning_rate_warmup_iterations: int = Field(
        0,
        ge=0,
        description="x: at iteration i the rate is r·min(1, i/x)², and training is not stopped while i < x. For boxes"
        " 100 by default.",
    )
    beta1: Unit | None = Field(None, description="Decay of the first moment (adam, adamax, nadam).")
    beta2: Unit | None = Field(None, description="Decay of the second moment (adam, adamax, nadam).")
    epsilon: Unit | None = Field(None, description="Added to denominators (ada*, nadam, rms_prop).")
    rho: Unit | None = Field(None, description="Decay of the squared gradient (adadelta, rms_prop).")
    momentum: Unit | None = Field(None, description="Momentum (momentum, rms_prop).")
    init_accumulator: float | None = Field(None, ge=0, description="First accumulator value (adagrad, ftrl).")
    learning_rate_power: float | None = Field(None, ge=-1, le=0, description="Power of the rate (ftrl).")

    holdout_rate: Unit = Field(0.2, description="Share of the rows that is held out for validation.")
    holdout_set_size: int = Field(8192, ge=1, le=8192, description="The most rows that are held out.")
    cheat_on_validation: bool = Field(
        False, description="Validate on training rows: the model will be overfit, and the metrics say nothing."
    )
    patience: int = Field(
        12, ge=1, le=8192, description="Checks of the holdout in a row that may fail before the rate steps down."
    )
    max_seconds_per_update: float = Field(16.0, gt=0, description="Seconds after which the holdout is checked.")
    max_iterations: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Steps of descent after which a candidate ends."
    )
    max_data_size: int = Field(
        2**30,
        ge=1,
        description="Bytes of decoded pictures that are kept in memory; above it they lie in a memory-mapped file.",
    )

    @property
    def hyperparameters(self) -> dict[str, float]:
        """Those that are given and that the optimizer takes: name -> value."""
        given = {name: getattr(self, name) for name in OPTIMIZERS[self.descent_algorithm]}
        return {name: value for name, value in given.items() if value is not None}
