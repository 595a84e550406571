"""What goes into a trial and what comes out of it: plain data, JSON on both sides. No TensorFlow."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from pyramid.settings.objectives import CATEGORICAL

WEIGHTS_FILE = "model_weights.h5"
FIT_INFO_FILE = "model_fit_info.json"

#: How the names of folders with weights begin.
SUBMODEL = "submodel_"

#: The reason of a candidate's end when nothing else has ended it.
TIME_UP = "its time was up"


class Look(NamedTuple):
    """How pictures look to a network: width and height of its input in pixels, and how they are fitted to it."""

    width: int
    height: int
    rescale_type: str


@dataclass(frozen=True)
class Fit:
    """What the training of any network depends on, the data aside.

    Attributes:
        name: unique in the search, and the end of its folder's name.
        hyperparameters: of the optimizer, pyramid's names -> values.
        classes: empty for a numeric objective.
        mean, stdev: of the training values; 0 and 1 for any other objective.
        max_seconds_per_update: seconds between checks of the holdout, at most.
        mixed_precision: auto, on or off.
        gpus: that it may train on together, if TensorFlow sees as many.
    """

    name: str
    network: str
    method: str
    seed: int
    objective: str
    classes: list[str]
    mean: float
    stdev: float
    loss_function: str
    label_smoothing_factor: float
    balance_objective: bool
    batch_size: int
    descent_algorithm: str
    learning_rate: float
    learning_rate_warmup_iterations: int
    hyperparameters: dict[str, float]
    patience: int
    max_seconds_per_update: float
    max_iterations: int | None
    selection_metric: str
    mixed_precision: str = field(default="auto", kw_only=True)
    gpus: int = field(default=1, kw_only=True)

    @property
    def categorical(self) -> bool:
        return self.objective == CATEGORICAL

    @property
    def folder(self) -> str:
        """The name of the folder with its weights."""
        return f"{SUBMODEL}{self.name}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Candidate(Fit):
    """One network on pictures.

    Attributes:
        initial_model: the path of the document that it starts from, or "".
        structure: of an initial model, `networks.initial.read.InitialModel.structure`; else None.
        augmentations: name -> strength.
        augmentation_placement: auto, trial or workers.
        anchors: of a detector, [width, height] in pixels of the input, the smallest area first; else empty.
        max_data_size: bytes that the features of frozen layers may take.
    """

    width: int
    height: int
    rescale_type: str
    anchors: list[list[float]]
    initial_model: str
    structure: dict[str, Any] | None
    augmentations: dict[str, float]
    augmentation_placement: str
    max_data_size: int

    @property
    def look(self) -> Look:
        return Look(self.width, self.height, self.rescale_type)


@dataclass(frozen=True)
class TableCandidate(Fit):
    """One network on the rows of a table.

    Attributes:
        inputs: columns that enter the network, trees included where it has them.
        trees: whether it learns from tree columns.
        layers: sensenet's layers without weights, the output included.
        mixup_alpha: rows are blended in shares drawn from Beta(mixup_alpha, mixup_alpha); 0: they are not.
        max_training_time: seconds.
    """

    inputs: int
    trees: bool
    layers: list[dict[str, Any]]
    mixup_alpha: float
    l1_regularization: float
    l2_regularization: float
    max_training_time: float


class Status(StrEnum):
    """How a candidate ended."""

    FINISHED = "finished"  # it learned what it could, or its time was up
    FAILED = "failed"  # it broke or hung; its best weights so far may still be there
    SKIPPED = "skipped"  # there was no time left to start it


@dataclass(frozen=True)
class Placement:
    """Where the pictures were augmented: "trial" or "workers", and why there."""

    where: str
    why: str


@dataclass
class Result:
    """What became of a candidate.

    Attributes:
        reason: why it ended, for a person.
        traceback: of what broke it.
        metrics: on the holdout, None where a metric is not defined; empty when there are no weights.
        seconds: where its time went: tracing, training, checking, saving, and elapsed from its first step to its end.
        epochs: how often it has learned from each of its rows, on average; None where that is not known.
        checked_rows: how many rows of the holdout a check looked at.
        placement: None when nothing was augmented.
        at_start: of an initial model, its metrics before the first step.
        per_class: of a detector, for each class what `training.detection.score.Scores` has.
    """

    name: str
    network: str
    method: str
    status: Status
    reason: str = ""
    traceback: str = ""
    metrics: dict[str, float | None] = field(default_factory=dict)
    iterations: int = 0
    epochs: float | None = None
    checks: int = 0
    checked_rows: int = 0
    images_per_second: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    placement: Placement | None = None
    at_start: dict[str, float | None] = field(default_factory=dict)
    per_class: dict[str, dict[str, float | int | None]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Result":
        placement = values.get("placement")
        decoded = {"status": Status(values["status"]), "placement": Placement(**placement) if placement else None}
        return Result(**{**values, **decoded})


@dataclass(frozen=True)
class Progress:
    """A word from a trial.

    Attributes:
        seconds_left: of the candidate's share, as the trial was told.
        value: the best of the selection metric so far.
        tracing_seconds: from the first step to the end of the first batch.
        result: set at the end.
        seconds_per_step: 0 before the first one.
        metrics: of the best check so far, as far as it measured them.
    """

    iterations: int
    checks: int
    seconds_left: float
    elapsed: float
    value: float | None
    images_per_second: float
    tracing_seconds: float
    result: Result | None = None
    seconds_per_step: float = 0.0
    metrics: dict[str, float | None] = field(default_factory=dict)
