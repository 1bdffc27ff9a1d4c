"""Chains and rings are put in the order in which their elements name each other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oemsar.polygons.following import order


def test_a_chain_and_a_ring_are_each_in_order() -> None:
    #           chain 3 -> 0 -> 4 ends, ring 1 -> 5 -> 2 -> 1
    found = order(np.array([4, 5, 1, 0, -1, 2]))
    pieces = [piece.tolist() for piece in np.split(found.elements, found.starts[1:])]
    assert sorted(pieces) == [[1, 5, 2], [3, 0, 4]]
    assert found.lengths.tolist() == [3, 3]


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=12), st.randoms())
def test_any_chains_and_rings_are_recovered(shapes: list[tuple[int, bool]], random: object) -> None:
    size = sum(length for length, _ in shapes)
    names = np.random.default_rng(random.randint(0, 2**32)).permutation(size)  # type: ignore[attr-defined]
    following, wanted, begin = np.full(size, -1), [], 0
    for length, ringed in shapes:
        piece = names[begin : begin + length]
        following[piece[:-1]] = piece[1:]
        if ringed:
            following[piece[-1]] = piece[0]
            piece = np.roll(piece, -int(piece.argmin()))
        wanted.append(piece.tolist())
        begin += length
    found = order(following)
    assert sorted(p.tolist() for p in np.split(found.elements, found.starts[1:])) == sorted(wanted)
