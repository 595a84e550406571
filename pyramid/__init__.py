"""Train, compare and deliver the best network within a time budget."""

__version__ = "0.5.0"
