"""Examples, made without files."""

from typing import Any

from pyramid.data.examples import Examples

#: What labels of a type are, and their loss.
_OBJECTIVES = {
    str: ("categorical", "crossentropy"),
    float: ("numeric", "mean_squared_error"),
    list: ("bounding_box", ""),
}


def examples_of(labels: list[Any], validation_rows: int = 0, **columns: list[Any]) -> Examples:
    """Examples with these labels or boxes, each with an own file; ``columns`` replaces weights or groups."""
    objective, loss = _OBJECTIVES[type(labels[0])]
    files = [f"{i}.png" for i in range(len(labels))]
    return Examples(
        objective=objective,
        loss=loss,
        files=files,
        labels=labels,
        weights=columns.get("weights", [1.0] * len(labels)),
        groups=columns.get("groups", [f"file {file}" for file in files]),
        validation_rows=validation_rows,
        notes=["a note"],
    )
