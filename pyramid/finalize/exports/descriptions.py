"""What an export takes and gives, for those who load it."""

from typing import Any

from pyramid import __version__
from pyramid.finalize.exports.served import Served

_ANY = "pictures of any size, values from 0 to 255"


def description(
    document: dict[str, Any], served: Served, pixels: str, fitted: bool, rows: int | None
) -> dict[str, Any]:
    """The inputs, the outputs, the classes, and what a person should know; plain data.

    Args:
        pixels, fitted, rows: see `Served.specs`.
    """
    takes = {
        name: f"{spec.dtype.name} {_shape(spec.shape)}{_meaning(served, name, fitted)}"
        for name, spec in served.specs(pixels, fitted, rows).items()
    }
    classes = document["output_exposition"].get("values", [])
    return {
        "takes": takes,
        "gives": _gives(served, len(classes), fixed=rows == 1),
        "classes": classes,
        "rescale_type": served.rescale_type if served.images else None,
        "notes": notes(served, fitted),
        "pyramid": __version__,
    }


def _shape(shape: Any) -> str:
    return f"[{', '.join('any' if side is None else str(side) for side in shape)}]"


def _meaning(served: Served, name: str, fitted: bool) -> str:
    if name == "numeric_inputs":
        return ": the columns in the model's order; a category is its place in the list of its column, -1 for any other"
    return f": pictures of {served.width}×{served.height} pixels, values from 0 to 255" if fitted else f": {_ANY}"


def _gives(served: Served, classes: int, fixed: bool) -> dict[str, str]:
    if served.detector:
        k = "32" if fixed else "k"
        gives = {
            "boxes": f"float32 [1, {k}, 4]: x1, y1, x2, y2 in pixels of the picture",
            "scores": f"float32 [1, {k}]: the best first",
            "classes": f"int32 [1, {k}]: places in the list of classes",
        }
        return gives | ({"count": "int32 [1]: so many of the 32 rows are objects"} if fixed else {})
    n = "1" if fixed else "n"
    if served.numeric:
        return {"values": f"float32 [{n}, 1]: in the unit of the training data"}
    return {"probabilities": f"float32 [{n}, {classes}]: in the order of the classes"}


def notes(served: Served, fitted: bool) -> list[str]:
    """What differs from what sensenet takes and gives."""
    told = []
    if fitted:
        size = f"{served.width}×{served.height}"
        told.append(f"takes pictures of {size} pixels: rescale them before ({served.rescale_type}, nearest neighbour)")
    if fitted and served.detector:
        told.append(f"boxes are in pixels of the {size} picture")
    return told
