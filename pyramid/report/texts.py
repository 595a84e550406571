"""Words for numbers, the same in every report."""


def seconds(value: float) -> str:
    """ "0.4 s", "12 s", "3:05 min", "1:02 h"."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def metric(name: str, value: float | None) -> str:
    """Four significant digits, or a dash. Errors and losses are kept negated; people read them as they are."""
    if value is None:
        return "–"
    return f"{-value if name.endswith(('_error', '_loss')) else value:.4g}"
