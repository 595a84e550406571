"""What loads an export: a function of arrays."""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

#: The names of inputs or outputs -> arrays.
Arrays = dict[str, npt.NDArray[Any]]

#: Pixels may be of any type that holds them: it is turned into the export's.
Predict = Callable[[Arrays], Arrays]
