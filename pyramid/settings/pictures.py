"""PictureSettings: what a document says about the pictures that a network learns from, and about the machine's parts.

Shared by a training on pictures and by a search on a table, which may have columns of them.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pyramid.settings.augmentations import ALIASES, AUGMENTATIONS, strengths, warnings
from pyramid.settings.common import CommonSettings, OneOf, Path
from pyramid.settings.metrics import METRICS
from pyramid.settings.networks import (
    DEFAULT_CANDIDATES,
    INITIAL_MODEL,
    NETWORKS,
    PRETRAINED_METHODS,
    PUBLISHED,
    TRAINING_METHODS,
)
from pyramid.settings.objectives import CATEGORICAL
from pyramid.settings.ranges import Ranges, values
from pyramid.settings.tracking import MEANING


def _candidate(pair: Any) -> Any:
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(name, str) for name in pair):
        raise ValueError("must be a pair [network, training method] or [initial_model, path]")
    network, method = pair
    if network == INITIAL_MODEL:
        if not method:
            raise ValueError("must name the final_model.json to start from")
        return pair
    if network not in NETWORKS:
        raise ValueError(f"unknown network; use one of {', '.join(NETWORKS)}, or initial_model")
    if method not in TRAINING_METHODS:
        raise ValueError(f"unknown training method; use one of {', '.join(TRAINING_METHODS)}")
    if method in PRETRAINED_METHODS and network not in PUBLISHED:
        others = ", ".join(PUBLISHED)
        raise ValueError(f"{network} has no pretrained weights; use randomly_initialize, or one of {others}")
    return pair


def _augmentation(name: Any) -> Any:
    return ALIASES.get(name, name) if isinstance(name, str) else name


AugmentationName = Annotated[str, BeforeValidator(_augmentation), OneOf(AUGMENTATIONS)]
Candidate = Annotated[list[str], BeforeValidator(_candidate), Field(min_length=2, max_length=2)]


class PictureSettings(CommonSettings):
    """How pictures are fitted, augmented and learned from, what chooses among networks, and what one may use."""

    input_image_shape: list[int] | None = Field(
        None,
        description="[width, height, 3] in pixels; by default from the sizes of the pictures, 224 at most. For boxes a"
        " square with sides that are a multiple of 32, by default 416 at most.",
    )
    rescale_type: Literal["warp", "pad", "crop"] = Field(
        "crop",
        description="How a picture of another aspect ratio is fitted: stretched, padded, or its centre cut out. For"
        " boxes always `pad`.",
    )
    image_network_candidates: list[Candidate] = Field(
        default=[list(pair) for pair in DEFAULT_CANDIDATES[CATEGORICAL]],
        min_length=1,
        description="Pairs [network, training method], each trained in turn. Networks: `simple`, `simple_residual`,"
        " `mobilenet`, `mobilenetv2`, `resnet18`, and for boxes `tinyyolov4` (the default there), `yolov4`; methods:"
        " `randomly_initialize`, and, but for `simple` and `simple_residual`, `fine_tune` and `use_pretrained`. Or a"
        " pair [`initial_model`, path of a `final_model.json`].",
    )
    initial_model: Path | None = Field(
        None, description="A `final_model.json` to start one more candidate from, beside `image_network_candidates`."
    )
    image_augmentations: list[AugmentationName] = Field(
        default=[], description="Augmentations of the training pictures, at their default strengths."
    )
    augmentation_ranges: Ranges | None = Field(
        None,
        description="Augmentations with their strengths n (null or true: the default; false or 0: off); replaces"
        " `image_augmentations`.",
    )
    augmentation_placement: Literal["auto", "trial", "workers"] = Field(
        "auto",
        description="Where pictures are augmented: in the trial that learns from them, by Ray Data on cores beside it,"
        " or where it is found to be faster.",
    )

    selection_metric: Annotated[str, OneOf(m for ms in METRICS.values() for m in ms)] | None = Field(
        None,
        description="Metric of the holdout that chooses the best candidate; default `likelihood`, `r_squared` or, for"
        " boxes, `map_50`.",
    )
    cpus_per_trial: int | None = Field(
        None, ge=1, description="Cores of one candidate; by default all of the machine, or an equal part for each GPU."
    )
    gpus_per_trial: int | None = Field(
        None, ge=0, description="GPUs of one candidate; by default 1 where there are any."
    )
    mixed_precision: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Compute steps with 16 bits: where the GPUs are made for it (pictures only), always, or never."
        " Weights, metrics and predictions have 32 bits in any case.",
    )
    on_bad_image: Literal["skip", "fail"] = Field(
        "skip", description="Leave out pictures that cannot be read (they are listed), or end the job."
    )
    allow_absolute_paths: bool = Field(False, description="Let `file` be absolute or lead out of `image_root`.")
    tracking_uri: Path | None = Field(None, description=MEANING)

    @property
    def networks(self) -> dict[int, tuple[str, str]]:
        """The pairs (network, training method) of `image_network_candidates`, by their place in it."""
        pairs = {i: (pair[0], pair[1]) for i, pair in enumerate(self.image_network_candidates)}
        return {i: pair for i, pair in pairs.items() if pair[0] != INITIAL_MODEL}

    @property
    def initial_models(self) -> dict[str, str]:
        """The models to start from: where they are named -> path."""
        pairs = enumerate(self.image_network_candidates)
        listed = {f"image_network_candidates[{i}]": pair[1] for i, pair in pairs if pair[0] == INITIAL_MODEL}
        return listed | ({"initial_model": self.initial_model} if self.initial_model else {})

    def augmentations(self, objective: str) -> dict[str, float]:
        """Every augmentation that training for ``objective`` applies, with its strength."""
        return strengths(self.image_augmentations, values(self.augmentation_ranges), objective)

    def warnings(self, objective: str) -> list[str]:
        """What is allowed, but hardly meant, in a training for ``objective``."""
        return warnings(self.image_augmentations, values(self.augmentation_ranges), objective)
