"""Order of elements that each name the one that follows them: chains and rings."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


class Order(NamedTuple):
    """Elements of chains and rings, one after the other.

    Attributes:
        elements: Indices of the elements, each chain from its first to its last, int64 (elements,).
        starts: Position in `elements` at which each chain begins, int64 (chains,).
    """

    elements: Indices
    starts: Indices

    @property
    def lengths(self) -> Indices:
        """Number of elements of each chain."""
        return np.diff(np.append(self.starts, self.elements.size))


def order(following: Indices) -> Order:
    """Order elements by who follows whom, all chains at once, by doubling the steps taken.

    Args:
        following: Index of the element that follows each, -1 at the end of a chain; no element follows two.
            A ring is opened before its lowest element.

    Returns:
        Chains in the order of their last elements.
    """
    last, steps, ringed = _to_the_end(following)
    if ringed.any():
        following = _opened(following, ringed)
        last, steps, _ = _to_the_end(following)
    ends = np.flatnonzero(following < 0)
    chain = np.empty(following.size, np.int64)
    chain[ends] = np.arange(ends.size)
    chain = chain[last]
    lengths = np.bincount(chain, minlength=ends.size)
    stops = np.cumsum(lengths)
    elements = np.empty(following.size, np.int64)
    elements[stops[chain] - 1 - steps] = np.arange(following.size)
    return Order(elements, stops - lengths)


def _to_the_end(following: Indices) -> tuple[Indices, Indices, NDArray[np.bool_]]:
    """Find the last element of the chain of each, the steps to it, and the elements of rings."""
    own = np.arange(following.size)
    ends = following < 0
    jump = np.where(ends, own, following)
    steps = (~ends).astype(np.int64)
    arrived = ends[jump]
    while not arrived.all():
        steps += steps[jump]
        jump = jump[jump]
        count = np.count_nonzero(arrived)
        arrived = ends[jump]
        if np.count_nonzero(arrived) == count:  # what is left goes round
            break
    return jump, steps, ~arrived


def _opened(following: Indices, ringed: NDArray[np.bool_]) -> Indices:
    """Open each ring before its lowest element."""
    members = np.flatnonzero(ringed)
    number = np.full(following.size, -1, np.int64)
    number[members] = np.arange(members.size)
    jump = number[following[members]]
    once = jump
    lowest = np.arange(members.size)
    while True:
        lowest = np.minimum(lowest, lowest[jump])
        jump = jump[jump]
        if (lowest == lowest[once]).all():
            break
    opened = following.copy()
    opened[members[lowest[once] == once]] = -1
    return opened
