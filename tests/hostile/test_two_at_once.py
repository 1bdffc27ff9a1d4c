"""Two commands of each verb that writes on one output at once: the result is whole and of one of the two."""

import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from .attacks import Ended, Together, order
from .kit import VERBS, Kit, content, leftovers

FEW, MANY = 3, 30
SHORT = ("index", "regimes", "radiometry")
PAIRS = {**dict.fromkeys(VERBS, MANY), "demo": 2}
"""Pairs of each verb in the long part; a demonstration takes as long as all other verbs together."""
FROM_NOTHING = 2
"""Pairs of a benchmark that train; the others find its cell finished, since it takes many seconds."""
WRITTEN = r"is being written by process \d+ on \S+ since .* UTC; wait for it or choose another output"
REFUSED = r"(holds|is there and is) .*; (choose|resume|let) .*"
"""What the later of two commands is told, while the other writes and when it is done."""


@dataclass(frozen=True)
class Bench:
    """Inputs, and a way to run commands on them.

    Attributes:
        kit: Inputs.
        together: Runs commands.
        out: Folder that commands write to; nothing else lies beside it.
        benchmark: Folder of a finished benchmark; None for a verb that needs none.
    """

    kit: Kit
    together: Together
    out: Path
    benchmark: Path | None = None

    def begin(self, verb: str, number: int) -> None:
        """Make the folder that a verb writes to, with what it finds there."""
        if self.benchmark is not None and (verb == "report" or number >= FROM_NOTHING):
            shutil.copytree(self.benchmark, self.out)
            if verb == "benchmark":
                shutil.rmtree(self.out / "examples")
        else:
            self.out.mkdir()


def _told(ended: Ended) -> bool:
    """Tell whether a command ended with exit code 0, or in the one sentence that another writes or wrote."""
    if ended.code in (0, 3):
        return True
    lines = [line for line in ended.stderr.splitlines() if line]
    pattern = WRITTEN if ended.code == 1 else REFUSED
    return ended.code in (1, 2) and len(lines) == 1 and re.search(pattern, lines[0]) is not None


def _pairs(verb: str, count: int, bench: Bench) -> None:
    kit, together, out = bench.kit, bench.together, bench.out
    alone, seconds = [], 0.0
    for argv in VERBS[verb](kit, out):
        bench.begin(verb, 0)
        ended = together(order("-q", *argv, seconds=60))[0]
        assert ended.code in (0, 3), ended.stderr
        alone.append(content(out))
        seconds = max(seconds, ended.seconds)
        shutil.rmtree(out)
    draw = random.Random(f"pairs {verb}")
    refused = 0
    for number in range(count):
        bench.begin(verb, number)
        calls = VERBS[verb](kit, out)
        late = draw.choice((0.0, draw.uniform(0, 0.02), draw.uniform(0, seconds)))
        after = draw.sample((0.0, late), 2)
        pair = [order("-q", *argv, after=wait, seconds=60) for argv, wait in zip(calls, after, strict=True)]
        both = together(*pair)
        where = f"pair {number}, {after}: {[(ended.code, ended.stderr[-1500:]) for ended in both]}"
        assert [ended.fault() for ended in both] == [None, None], where
        assert all(_told(ended) for ended in both), where
        assert any(ended.code in (0, 3) for ended in both), where
        refused += any(ended.code in (1, 2) for ended in both)
        assert leftovers(out.parent) == [], where
        assert [path.name for path in out.parent.iterdir()] == ["out"], where
        found = content(out)
        assert found in alone, f"{where}: {[_differing(found, each) for each in alone]}"
        shutil.rmtree(out)
    print(f"\n{verb}: {count} pairs, one of the two refused in {refused}")


def _differing(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    return [name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)]


@pytest.mark.usefixtures("_kit_unchanged")
@pytest.mark.parametrize("verb", SHORT)
def test_of_a_few_pairs_one_writes_and_the_other_is_told(
    verb: str, kit: Kit, tmp_path: Path, together: Together
) -> None:
    _pairs(verb, FEW, Bench(kit, together, tmp_path / "out"))


@pytest.mark.slow
@pytest.mark.usefixtures("_kit_unchanged")
@pytest.mark.parametrize("verb", VERBS)
def test_of_many_pairs_one_writes_and_the_other_is_told(
    verb: str, kit: Kit, tmp_path: Path, together: Together, request: pytest.FixtureRequest
) -> None:
    benchmark = request.getfixturevalue("benchmark") if verb in ("report", "benchmark") else None
    _pairs(verb, PAIRS[verb], Bench(kit, together, tmp_path / "out", benchmark))
