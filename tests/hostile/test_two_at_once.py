"""Two commands of each verb that writes on one output at once: the result is whole and of one of the two."""

import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..commands import Ended
from .attacks import AtOnce, fault_of, order
from .kit import VERBS, Kit, content, leftovers

FEW, MANY = 3, 30
SHORT = ("index", "regimes", "radiometry")
OTHERS = {"benchmark": 10, "demo": 10}
"""Commands that come while one of a verb of many seconds is at work, each of them a pair with it."""
WRITTEN = r"is being written by process \d+ on \S+ since .* UTC; wait for it or choose another output"
REFUSED = r"(holds|is there and is|was trained with) .*; (choose|resume|let) .*"
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
    together: AtOnce
    out: Path
    benchmark: Path | None = None

    def begin(self) -> None:
        """Make the folder that a verb writes to, with what it finds there."""
        if self.benchmark is not None:
            shutil.copytree(self.benchmark, self.out)
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
    others, refused = OTHERS.get(verb, 1), 0
    for argv in VERBS[verb](kit, out):
        bench.begin()
        ended = together(order("-q", *argv, seconds=60 * others))[0]
        assert ended.code in (0, 3), ended.stderr
        alone.append(content(out))
        seconds = max(seconds, ended.seconds)
        shutil.rmtree(out)
    draw = random.Random(f"pairs {verb}")
    for number in range(count // others):
        bench.begin()
        calls = VERBS[verb](kit, out)
        late = [draw.choice((0.0, draw.uniform(0, 0.02), draw.uniform(0, seconds))) for _ in range(others)]
        after = draw.sample([0.0, *late], 1 + others)
        at_once = together(
            *(order("-q", *calls[n % 2], after=wait, seconds=60 * others) for n, wait in enumerate(after))
        )
        where = f"round {number}, {after}: {[(ended.code, ended.stderr[-1500:]) for ended in at_once]}"
        assert [fault for ended in at_once if (fault := fault_of(ended)) is not None] == [], where
        assert all(_told(ended) for ended in at_once), where
        assert any(ended.code in (0, 3) for ended in at_once), where
        refused += sum(ended.code in (1, 2) for ended in at_once)
        assert leftovers(out.parent) == [], where
        assert [path.name for path in out.parent.iterdir()] == ["out"], where
        found = content(out)
        assert found in alone, f"{where}: {[_differing(found, each) for each in alone]}"
        shutil.rmtree(out)
    print(f"\n{verb}: {count} pairs, {refused} commands refused")


def _differing(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    return [name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)]


@pytest.mark.usefixtures("_kit_unchanged")
@pytest.mark.parametrize("verb", SHORT)
def test_of_a_few_pairs_one_writes_and_the_other_is_told(
    verb: str, kit: Kit, tmp_path: Path, together: AtOnce
) -> None:
    _pairs(verb, FEW, Bench(kit, together, tmp_path / "out"))


@pytest.mark.slow
@pytest.mark.usefixtures("_kit_unchanged")
@pytest.mark.parametrize("verb", VERBS)
def test_of_many_pairs_one_writes_and_the_other_is_told(
    verb: str, kit: Kit, tmp_path: Path, together: AtOnce, request: pytest.FixtureRequest
) -> None:
    benchmark = request.getfixturevalue("benchmark") if verb == "report" else None
    _pairs(verb, MANY, Bench(kit, together, tmp_path / "out", benchmark))
