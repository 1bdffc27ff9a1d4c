"""The label regimes of the paper, by name."""

from enum import StrEnum

R1_TILES, R5_TILES = 1, 5
"""Hand-labelled tiles of each region that R1 and R5 train on."""


class Regime(StrEnum):
    """Labels that a network is trained on.

    P: the pseudo labels of the split train. R1, R5: one and five hand-labelled tiles of each region, from
    the split val. P+R1, P+R5: both together.
    """

    P = "P"
    P_R1 = "P+R1"
    P_R5 = "P+R5"
    R1 = "R1"
    R5 = "R5"

    @property
    def has_pseudo(self) -> bool:
        """Whether the regime has pseudo-labelled tiles."""
        return self in {Regime.P, Regime.P_R1, Regime.P_R5}

    @property
    def real_per_region(self) -> int:
        """Number of hand-labelled tiles of each region: 0, 1 or 5."""
        return {Regime.P: 0, Regime.P_R1: R1_TILES, Regime.R1: R1_TILES}.get(self, R5_TILES)
