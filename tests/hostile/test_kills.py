"""Commands that are killed at any moment and called again: the same bytes as of one left alone."""

import random
import re
import shutil
import time
from pathlib import Path

import pytest

from ..commands import Command, Ended
from .attacks import AtOnce, alive, fault_of, order
from .kit import VERBS, Argv, Kit, content, leftovers

KILLS = {
    "simulate": 9,
    "simulate-scene": 6,
    "index": 6,
    "regimes": 3,
    "stats": 6,
    "agreement": 4,
    "figures": 3,
    "verify": 4,
    "download": 4,
    "import": 3,
    "export": 3,
    "radiometry": 7,
    "ortho": 7,
    "align": 7,
    "pair": 7,
    "train": 6,
    "evaluate": 4,
    "predict": 6,
    "benchmark": 2,
    "contest": 3,
}
"""Kills of each verb in the long part, 100 in all; a command that ends before its moment is not counted."""
SHORT = ("simulate-scene", "index", "stats", "radiometry", "ortho")
ORPHAN_SECONDS = 10.0
"""Time within which the processes that a killed command started have ended."""


def _argv(verb: str, kit: Kit, out: Path) -> Argv:
    if verb == "verify":
        return ["data", "verify", kit.table]
    argv = VERBS[verb](kit, out)[0]
    return [*argv, "--workers", "2"] if verb == "simulate" else argv


def _undisturbed(argv: Argv, out: Path, together: AtOnce) -> tuple[Ended, dict[str, str]]:
    out.mkdir()
    ended = together(order("-q", *argv, seconds=60))[0]
    assert ended.code in (0, 3), ended.stderr
    found = content(out)
    shutil.rmtree(out)
    return ended, found


def _finish(command: Command, argv: Argv, together: AtOnce) -> Ended:
    """Call a command again after it was killed; training is resumed where the command says so."""
    ended = together(command)[0]
    if argv[0] == "train" and ended.code == 2:
        assert re.search("holds a run already; resume it, or choose another folder", ended.stderr)
        ended = together(order("-q", *argv, "--resume", seconds=60))[0]
    return ended


def _kills(verb: str, count: int, kit: Kit, tmp_path: Path, together: AtOnce) -> None:
    out = tmp_path / "out"
    argv = _argv(verb, kit, out)
    alone, expected = _undisturbed(argv, out, together)
    draw = random.Random(f"kills {verb}")
    killed = begun = 0
    while killed < count:
        begun += 1
        assert begun <= 10 * count, f"{killed} of {begun - 1} commands were killed before their end"
        out.mkdir()
        moment = draw.uniform(0, alone.seconds)
        first = together(order("-q", *argv, kill_after=moment, seconds=60))[0]
        assert first.code in (0, 3, -9), first.stderr
        killed += first.code == -9
        again = _finish(order("-q", *argv, seconds=60), argv, together)
        where = (
            f"command {begun}, killed after {moment:.2f} of {alone.seconds:.2f} s: "
            f"{again.code} {again.stderr[-1500:]}"
        )
        assert fault_of(again) is None, where
        assert again.code == alone.code, where
        assert leftovers(tmp_path) == [], where
        assert [path.name for path in tmp_path.iterdir()] == ["out"], where
        found = content(out)
        different = [name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)]
        assert different == [], where
        assert again.stdout == alone.stdout or verb != "verify", where
        deadline = time.monotonic() + ORPHAN_SECONDS
        while (left := alive(first.group)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == [], f"{where}: {left} still run"
        shutil.rmtree(out)
    print(f"\n{verb}: {begun} commands, {killed} of them killed before their end")


def test_a_hundred_kills_are_planned() -> None:
    assert sum(KILLS.values()) == 100
    assert set(VERBS) - set(KILLS) == {"report", "demo"}


@pytest.mark.usefixtures("_kit_unchanged")
@pytest.mark.parametrize("verb", SHORT)
def test_a_command_that_was_killed_goes_on_to_the_same_result(
    verb: str, kit: Kit, tmp_path: Path, together: AtOnce
) -> None:
    _kills(verb, 1, kit, tmp_path, together)


@pytest.mark.slow
@pytest.mark.usefixtures("_kit_unchanged")
@pytest.mark.parametrize("verb", KILLS)
def test_commands_that_were_killed_go_on_to_the_same_result(
    verb: str, kit: Kit, tmp_path: Path, together: AtOnce
) -> None:
    _kills(verb, KILLS[verb], kit, tmp_path, together)
