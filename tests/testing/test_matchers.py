"""The contract of matchers: kept by the package's own, and broken where it should be."""

from typing import Any

import numpy as np
import pytest

from oemsar.prepare.align.config import MATCHERS
from oemsar.prepare.align.matching.matchers import OrientationMatcher
from oemsar.testing.matchers import check_matcher


@pytest.mark.parametrize("name", ["orientation", "mutual-information"])
def test_every_matcher_keeps_the_contract(name: str) -> None:
    check_matcher(name)


class _Broken:
    """The orientation matcher with its surface or its prepared pixels changed."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.own = OrientationMatcher()
        self.margin = -1 if fault == "margin" else self.own.margin

    def prepare(self, *arguments: Any) -> np.ndarray:
        prepared = self.own.prepare(*arguments)
        return prepared.swapaxes(-1, -2) if self.fault == "swapped" else prepared

    def surface(self, *arguments: Any) -> np.ndarray:
        surface = self.own.surface(*arguments)
        changed = {
            "transposed": surface.T,
            "cut": surface[1:],
            "infinite": surface / 0.0 if self.fault == "infinite" else surface,
        }
        return changed.get(self.fault, surface)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("margin", "has the margin -1"),
        ("swapped", r"prepares pixels of shape .* from an image of shape \(150, 190\)"),
        ("transposed", "finds a displacement of -7 rows and 4 columns where it is 4 and -7"),
        ("cut", "a surface of shape"),
        ("infinite", "not finite"),
    ],
)
def test_a_matcher_that_breaks_the_contract_is_told(
    fault: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MATCHERS, "find", lambda _: lambda: _Broken(fault))
    with np.errstate(all="ignore"), pytest.raises(AssertionError, match=sentence):
        check_matcher("orientation")
