"""Random numbers for augmentation: those of a picture follow from (seed, epoch, row) alone.

Whatever the batch, the worker or the number of workers, a picture is drawn the same numbers. Philox is made for this:
its stream is a function of a key and a counter (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
"""

import numpy as np
import numpy.typing as npt

#: How many numbers each augmentation draws for a picture; its function says which is which. A new one belongs at the
#: end, so that the others keep their numbers.
DRAWS = {
    "blur": 1,
    "brightness": 1,
    "color_invert": 1,
    "contrast": 1,
    "cutout": 3,
    "gaussian_noise": 3,
    "glare": 6,
    "height_shift": 1,
    "horizontal_flip": 1,
    "rotation": 1,
    "shear": 1,
    "tint": 5,
    "vertical_flip": 1,
    "width_shift": 1,
    "zoom": 1,
    "mosaic": 6,
    "mixup": 3,
    "deform": 4,
}

WIDTH = sum(DRAWS.values())

_FIRST = dict(zip(DRAWS, np.cumsum([0, *DRAWS.values()]), strict=False))


def draw(seed: int, epochs: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Uniform numbers in [0, 1) for each pair of an epoch and a row, float32 [pairs, WIDTH]."""
    philox = np.random.Philox(key=seed)
    generator = np.random.Generator(philox)
    state = philox.state
    numbers = np.empty((len(rows), WIDTH), np.float32)
    for i, (epoch, row) in enumerate(zip(epochs, rows, strict=True)):
        state["state"]["counter"][:] = 0, 0, epoch, row  # the low words count the numbers
        philox.state = state
        generator.random(dtype=np.float32, out=numbers[i])
    return numbers


def columns(name: str) -> slice:
    """Where the numbers of the augmentation ``name`` lie."""
    return slice(_FIRST[name], _FIRST[name] + DRAWS[name])
