"""Who learned what, and when: learning curves, and the budget's time line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyramid.finalize.journal import PROGRESS
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Html, Section, details, paragraph, table
from pyramid.report.page.plots import FAINT, INK, LINES, SERIES, is_narrow, label, plot, thinned
from pyramid.report.texts import metric, seconds
from pyramid.settings.metrics import is_negated

#: Trials that are drawn: those that came farthest.
CURVES, BARS = 8, 40

#: Others that are drawn in grey, and trials whose numbers are listed.
GREY, LISTED = 200, 500

#: Seconds by which a share must grow, or that must be left of one, to be told.
_GREW = 1.0


@dataclass
class Trial:
    """What the journal tells of one candidate.

    Attributes:
        began: seconds of the job's budget that had gone.
        at: the same at each entry.
        values: best of the selection metric so far; None before the first check.
        shares: seconds that it was to have in all, whenever it was told.
        used: seconds that it had.
    """

    name: str
    began: float
    at: list[float] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    used: float = 0.0

    @property
    def first_share(self) -> float:
        return self.shares[0] if self.shares else self.used

    @property
    def last_share(self) -> float:
        return self.shares[-1] if self.shares else self.used

    @property
    def grew(self) -> float:
        """Seconds that were handed on to it."""
        return max(0.0, max(self.shares, default=0.0) - self.first_share)

    @property
    def left(self) -> float:
        """Seconds of its share that it did not take."""
        return max(0.0, self.last_share - self.used)


def trials_of(entries: Sequence[tuple[str, Any]]) -> list[Trial]:
    """Those with progress, in the order in which they began."""
    found: dict[str, Trial] = {}
    for kind, value in entries:
        if kind != PROGRESS:
            continue
        at, used, left = (float(value[key] or 0.0) for key in ("at", "elapsed", "left"))
        trial = found.setdefault(value["name"], Trial(value["name"], max(0.0, at - used)))
        trial.at.append(at)
        trial.values.append(value["value"])
        trial.used = used
        if left > 0:  # before its first batch it has not been told yet
            trial.shares.append(used + left)
    return sorted(found.values(), key=lambda trial: trial.began)


def learning_curves(contents: Contents) -> Section | None:
    """The best value so far of each candidate, over the seconds of the budget."""
    chosen = (contents.results or {}).get("selection_metric", "")
    sign = -1 if is_negated(chosen) else 1
    trials = [trial for trial in trials_of(contents.entries) if any(v is not None for v in trial.values)]
    trials.sort(key=lambda trial: -max(v for v in trial.values if v is not None))
    if not trials:
        return None

    def draw(ax: Any) -> None:
        for i, trial in enumerate(trials[CURVES : CURVES + GREY]):
            ax.step(*_points(trial, sign), where="post", color=FAINT, linewidth=0.8, label="others" if i == 0 else None)
        for line, trial in zip(LINES, trials[:CURVES], strict=False):
            ax.step(*_points(trial, sign), where="post", **line, marker=".", label=label(trial.name, 34))
        ax.set_xlabel("seconds of the budget")
        ax.set_ylabel(chosen.replace("_", " "))
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=1 if len(trials) < 3 or is_narrow(ax) else 2)

    told = f"Best {chosen.replace('_', ' ')} so far of {_counted(trials, CURVES)}, measured on the holdout."
    rows = [_told(trial, chosen) for trial in trials[:LISTED]]
    headings = ["candidate", "checks", "first value", "last value", "reached after"]
    numbers = table("Learning curves in numbers", headings, rows)
    figure = plot("learning", "Learning over time", told, draw, numbers, (8, 4.4), (4.6, 5.4))
    return Section("learning", "Learning curves", [figure])


def _counted(trials: list[Trial], most: int) -> str:
    plural = "candidate" if len(trials) == 1 else "candidates"
    return f"{len(trials):,} {plural}" + (f", the best {most} in colour" if len(trials) > most else "")


def _points(trial: Trial, sign: int) -> Any:
    known = [(at, sign * v) for at, v in zip(trial.at, trial.values, strict=True) if v is not None]
    return thinned(*zip(*known, strict=True))


def _told(trial: Trial, chosen: str) -> list[object]:
    known = [(at, v) for at, v in zip(trial.at, trial.values, strict=True) if v is not None]
    best = max(v for _, v in known)
    reached = next(at for at, v in known if v == best)
    return [trial.name, len(known), metric(chosen, known[0][1]), metric(chosen, known[-1][1]), seconds(reached)]


def time_line(contents: Contents) -> Section | None:
    """When each candidate ran, what share of the budget it was given, and what was handed on."""
    trials = trials_of(contents.entries)
    if not trials:
        return None
    drawn = trials[:BARS]

    def draw(ax: Any) -> None:
        for i, trial in enumerate(drawn):
            first, last = trial.began, trial.at[-1]
            ax.barh(i, last - first, left=first, height=0.6, color=SERIES[0], alpha=0.85)
            ax.barh(
                i, trial.first_share, left=first, height=0.6, fill=False, edgecolor=INK, linestyle="--", linewidth=1
            )
            if trial.grew > _GREW:
                ax.barh(i, trial.grew, left=first + trial.first_share, height=0.2, color=SERIES[1], alpha=0.85)
        ax.set_yticks(range(len(drawn)), [label(trial.name, 16 if is_narrow(ax) else 34) for trial in drawn])
        ax.invert_yaxis()
        ax.set_xlabel("seconds of the budget")

    told = (
        "Solid bars: from a candidate's begin to its last word. Dashed frames: the share that it was given at first."
        " Narrow bars: what was handed on to it by those that ended early."
    )
    more = f" The first {BARS} of {len(trials):,} are drawn." if len(trials) > BARS else ""
    height = 1.4 + 0.32 * len(drawn)
    line = plot("time-line", "Time line", told + more, draw, size=(8, height), narrow=(4.6, height))
    headings = [
        "candidate",
        "began",
        "ended",
        "used",
        "share at first",
        "share at last",
        "handed on to it",
        "left over",
    ]
    rows = [_shares(trial) for trial in trials[:LISTED]]
    numbers = table("Shares of the budget", headings, rows)
    return Section("time", "Time line of the trials", [line, *_handed_on(trials), details("The numbers", numbers)])


def _handed_on(trials: list[Trial]) -> list[Html]:
    """In words, where there is more than one to hand time on."""
    if len(trials) < 2:
        return []
    handed, left = sum(t.grew for t in trials if t.grew > _GREW), sum(t.left for t in trials if t.left > _GREW)
    words = (
        f"{seconds(left)} were left over by candidates that ended early; {seconds(handed)} were handed on to others."
    )
    return [paragraph(words)]


def _shares(trial: Trial) -> list[object]:
    told = (trial.began, trial.at[-1], trial.used, trial.first_share, trial.last_share, trial.grew, trial.left)
    return [trial.name, *map(seconds, told)]
