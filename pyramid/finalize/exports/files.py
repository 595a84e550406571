"""The names of the files that a model is delivered as, and what a backend is told of them."""

from pathlib import Path
from typing import Any

from pyramid.finalize.exports.javascript import MODEL_FILE, weight_files
from pyramid.finalize.workspace import FINAL_MODEL_FILE

__all__ = ["BUNDLE_FILE", "FINAL_MODEL_FILE", "JAVASCRIPT_FOLDER", "SHORT_MODEL_FILE", "WEIGHTS_FILE", "described"]

SHORT_MODEL_FILE = "short_model.json"
WEIGHTS_FILE = "final_model_weights.h5"
BUNDLE_FILE = "final_model_bundle.smbundle"
JAVASCRIPT_FOLDER = "final_model_js_export"


def described(folder: Path) -> dict[str, Any]:
    """The paths (str) and sizes (bytes) of the exports in ``folder``, by the names of the protocol."""
    return {
        "final_model_path": str(folder / FINAL_MODEL_FILE),
        "short_model_path": str(folder / SHORT_MODEL_FILE),
        "weight_path": str(folder / WEIGHTS_FILE),
        "bundle_path": str(folder / BUNDLE_FILE),
        "tfjs_model_path": str(folder / JAVASCRIPT_FOLDER / MODEL_FILE),
        "tfjs_weight_paths": [str(path) for path in weight_files(folder / JAVASCRIPT_FOLDER)],
        "final_model_size": (folder / FINAL_MODEL_FILE).stat().st_size,
        "short_model_size": (folder / SHORT_MODEL_FILE).stat().st_size,
        "weights_size": (folder / WEIGHTS_FILE).stat().st_size,
        "bundle_size": (folder / BUNDLE_FILE).stat().st_size,
    }
