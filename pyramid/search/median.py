"""Which networks give their time back: those behind the median of their peers. Pure: no clock, no chance.

Asynchronous successive halving (Li et al., "A system for massively parallel hyperparameter tuning", 2020) with a
reduction by 2, whose cut is the median of those who came before (Golovin et al., "Google Vizier", 2017): nobody waits.
"""

import math
from statistics import median

#: Steps of gradient descent at the first rung; each further one has twice as many as the one before.
FIRST_RUNG = 128

#: Others that must have passed a rung before anyone is compared there.
LEAST_PEERS = 5


class Median:
    """What every network's best value was when it passed each rung."""

    def __init__(self, least_peers: int = LEAST_PEERS, first_rung: int = FIRST_RUNG):
        self._least_peers = least_peers
        self._first_rung = first_rung
        self._values: dict[int, dict[str, float]] = {}  # rung -> name -> value

    def behind(self, name: str, steps: int, value: float | None) -> bool:
        """Whether the network ``name`` should end now.

        It is compared once at each rung, with the value that it has when it is first heard of at the rung or behind it.
        Rungs that it jumped over between two words are not its: a later value there would wrong its peers.

        Args:
            steps: that it has done.
            value: its best so far, higher is better. None: it had no check yet, and is not compared before it.

        Returns:
            Whether it is strictly below the median of its peers; False with fewer of them than ``least_peers``.
        """
        rung = self._rung(steps)
        if value is None or rung is None or name in self._values.get(rung, {}):
            return False
        mine = value if math.isfinite(value) else -math.inf
        passed = self._values.setdefault(rung, {})
        peers = list(passed.values())
        passed[name] = mine
        return len(peers) >= self._least_peers and mine < median(peers)

    def _rung(self, steps: int) -> int | None:
        """The last rung at or below ``steps``; None before the first one."""
        ratio = steps // self._first_rung
        return self._first_rung << (ratio.bit_length() - 1) if ratio else None
