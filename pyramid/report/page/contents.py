"""What a report shows: whatever of it is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyramid.finalize.evaluation import Evaluation


@dataclass
class Contents:
    """What is known of a model; the page leaves out what is not.

    Attributes:
        title: of the page.
        evaluation: truth and predictions for rows that the model has not learned from.
        model: the path of the delivered document.
        results: what `results.json` holds.
        config: what `config.json` holds.
        entries: of the job's journal, (kind, value).
        intervals: metric -> `value`, `low` and `high`, the bounds of its bootstrap confidence interval.
        comparison: of another model on the same rows, as `prediction.compare` tells it.
        notes: what a person should know first.
        root: the folder that relative paths of pictures start from; by default the one in which this process is.
    """

    title: str
    evaluation: Evaluation | None = None
    model: Path | None = None
    results: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    entries: Sequence[tuple[str, Any]] = ()
    intervals: dict[str, dict[str, float | None]] = field(default_factory=dict)
    comparison: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    root: Path = Path()

    def shown_file(self, file: str) -> str:
        """The picture ``file`` as it is named below `image_root`, where the configuration has one."""
        root = str((self.config or {}).get("image_root") or "").rstrip("/")
        return file.removeprefix(f"{root}/") if root else file
