"""DeepnetSettings: what a document says about a network on rows."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from pyramid.settings.common import CommonSettings, NotNegative, OneOf, Unit
from pyramid.settings.deepnets import ACTIVATIONS, TOPOLOGIES


def _topology(value: Any) -> Any:
    """A topology may be given by its place in the list."""
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(TOPOLOGIES)
    return TOPOLOGIES[value] if known else value


class DeepnetSettings(CommonSettings):
    """The layers of a network on rows, and how its rows and weights are kept from being learned by heart."""

    topology: Annotated[str, BeforeValidator(_topology), OneOf(TOPOLOGIES)] = Field(
        TOPOLOGIES[0], description="How the sizes of the hidden layers follow each other; or its number, from 0."
    )
    number_of_layers: int = Field(2, ge=0, le=128, description="Hidden layers.")
    largest_layer_size: int = Field(64, ge=2, le=1024, description="Nodes of the largest hidden layer.")
    activation_function: Annotated[str, OneOf(ACTIVATIONS)] = Field("relu", description="Of the hidden layers.")
    dropout_rate: float = Field(0.0, ge=0, le=0.75, description="Share of the nodes that are left out of a step.")
    learn_residuals: bool = Field(
        False, description="Add what enters two hidden layers to what leaves them, where both are equally wide."
    )
    mixup_alpha: Unit = Field(0.0, description="Rows are blended in shares drawn from Beta(n, n); 0: they are not.")
    l1_regularization: NotNegative = Field(0.0, description="Times the sum of the absolute weights of dense layers.")
    l2_regularization: NotNegative = Field(0.0, description="Times the sum of the squared weights of dense layers.")
    tree_embedding: bool = Field(False, description="Make, or use, the outputs of small random forests as inputs.")
