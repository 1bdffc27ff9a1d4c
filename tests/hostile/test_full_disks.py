"""Disks that are full after so many bytes, by the limit of the system on the size of a file (EFBIG)."""

from pathlib import Path

import pytest

from .attacks import Attack, World, fault_of

VERBS = ("predict", "radiometry", "index", "simulate", "export", "figures")
SIZES = (0, 1, 100, 500, 2_000, 5_000, 10_000, 20_000, 60_000, 200_000)
"""Bytes after which a file can grow no more."""
FEW = (100, 20_000)


def _command(verb: str, world: World, out: Path) -> list[str | Path]:
    commands: dict[str, list[str | Path]] = {
        "predict": ["predict", world.model, world.sar, "--out", out / "map.tif", "--engine", "torch"],
        "radiometry": ["prepare", "radiometry", world.sar, "--out", out / "radar.tif"],
        "index": ["data", "index", world.data, "--out", out / "tiles.parquet"],
        "simulate": [
            "simulate",
            out / "world",
            "--regions",
            "1",
            "--tiles",
            "3",
            "--size",
            "64",
            "--workers",
            "1",
        ],
        "export": ["models", "export", world.model, "--out", out / "model.onnx"],
        "figures": ["data", "figures", world.table, "--out", out / "figures"],
    }
    return commands[verb]


def _attacked(verb: str, size: int, tmp_path: Path, world: World, attack: Attack) -> None:
    command = _command(verb, world, tmp_path)
    ended = attack("-q", *command, file_bytes=size, seconds=60)
    fault = fault_of(ended)
    assert fault is None, f"{fault}\n{ended.stderr[-2000:]}"
    left = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    if ended.code:
        assert ended.code == 1, ended.stderr
        # libtiff writes lines of its own, such as "_tiffSeekProc: File too large."
        lines = [line for line in ended.stderr.splitlines() if not line.startswith("_tiff")]
        assert len(lines) == 1, ended.stderr
        assert left < 2**20
    whole = attack("-q", *command, seconds=60)
    assert whole.code == 0 or "overwrite" in whole.stderr, whole.stderr


@pytest.mark.parametrize("verb", ["predict", "index"])
@pytest.mark.parametrize("size", FEW)
def test_a_few_full_disks_end_in_a_sentence(
    verb: str, size: int, tmp_path: Path, world: World, attack: Attack
) -> None:
    _attacked(verb, size, tmp_path, world, attack)


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("size", SIZES)
def test_full_disks_end_in_a_sentence(
    verb: str, size: int, tmp_path: Path, world: World, attack: Attack
) -> None:
    _attacked(verb, size, tmp_path, world, attack)
