"""Damaged and lying TIFFs through the verbs that read scenes and labels.

The file is whole at first; then bytes of it change, or it is cut, or one entry of its directory (TIFF 6.0,
section 2) says something else. Whatever it is, a command maps it or ends in a sentence.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioError

from .attacks import Attack, World, fault_of

FEW, MANY = 6, 200
LIES = (0, 1, 2, 3, 7, 255, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF)
"""Values that an entry of the directory is set to."""


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory, world: World) -> Path:
    """The radar image as an uncompressed TIFF in tiles, its directory at the front."""
    path = tmp_path_factory.mktemp("tiff") / "scene.tif"
    with rasterio.open(world.sar) as source:
        profile = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": None}
        with rasterio.open(path, "w", **{**source.profile, **profile}) as target:
            target.write(source.read())
    return path


@dataclass(frozen=True)
class Verbs:
    """The verbs that read a scene or a label, ready for attack."""

    world: World
    attack: Attack

    def run(self, verb: str, path: Path) -> tuple[int | None, np.ndarray]:
        """Run a verb on a file; its exit code, and the pixels it wrote, of no size where it failed."""
        return _result(verb, path, self.world, self.attack)


@pytest.fixture(scope="session")
def verbs(world: World, attack: Attack) -> Verbs:
    """The verbs with their world."""
    return Verbs(world, attack)


@pytest.fixture(scope="session")
def answers(scene: Path, verbs: Verbs) -> dict[str, np.ndarray]:
    """The results of the whole file."""
    return {verb: verbs.run(verb, scene)[1] for verb in ("predict", "radiometry")}


def _result(verb: str, path: Path, world: World, attack: Attack) -> tuple[int | None, np.ndarray]:
    folder = path.parent
    out = folder / f"{verb}.tif"
    commands = {
        "predict": ("predict", world.model, path, "--out", out, "--engine", "torch", "--window", "128"),
        "radiometry": ("prepare", "radiometry", path, "--out", out),
        "verify": ("data", "verify", _as_dataset(path, folder)),
    }
    ended = attack("-q", *commands[verb])
    fault = fault_of(ended)
    assert fault is None, f"{verb} of {path}: {fault}\n{ended.stderr[-2000:]}"
    if not out.exists():
        assert verb == "verify" or ended.code, f"{verb} of {path}: exit code 0 and nothing written"
        return ended.code, np.zeros(0)
    assert ended.code == 0, f"{verb} of {path}: exit code {ended.code} and a result"
    with rasterio.open(out) as dataset:
        return ended.code, dataset.read()


def _as_dataset(path: Path, folder: Path) -> Path:
    """Make a dataset of one tile whose label is the file."""
    root = folder / "dataset"
    for kind in ("sar_images", "labels"):
        (root / "train" / kind).mkdir(parents=True, exist_ok=True)
        (root / "train" / kind / "TrainArea_001.tif").write_bytes(path.read_bytes())
    return root


def _mutants(whole: bytes, count: int) -> list[tuple[str, bytes]]:
    """Make `count` damaged files of a whole one, each with its name; a third of each kind."""
    random = np.random.default_rng(12)
    kinds: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (_lie, _cut, _noise)
    return [(f"{kinds[n % 3].__name__[1:]}{n}", kinds[n % 3](whole, random)) for n in range(count)]


def _lie(whole: bytes, random: np.random.Generator) -> bytes:
    """Change type, count or value of an entry of the first directory."""
    order = "<" if whole[:2] == b"II" else ">"
    start = struct.unpack_from(f"{order}I", whole, 4)[0]
    entries = struct.unpack_from(f"{order}H", whole, start)[0]
    entry = start + 2 + 12 * int(random.integers(entries))
    lie = int(random.choice(LIES))
    changed = bytearray(whole)
    match int(random.integers(4)):
        case 0:
            struct.pack_into(f"{order}H", changed, entry + 2, lie % 20)
        case 1:
            struct.pack_into(f"{order}I", changed, entry + 4, lie)
        case _:
            struct.pack_into(f"{order}I", changed, entry + 8, lie)
    return bytes(changed)


def _cut(whole: bytes, random: np.random.Generator) -> bytes:
    return whole[: int(random.integers(1, len(whole)))]


def _noise(whole: bytes, random: np.random.Generator) -> bytes:
    """Change bytes, half the time those of the directory."""
    changed = bytearray(whole)
    reach = 600 if random.random() < 0.5 else len(whole)
    for _ in range(int(random.integers(1, 20))):
        changed[int(random.integers(min(reach, len(whole))))] = int(random.integers(256))
    return bytes(changed)


def _same(path: Path, scene: Path) -> bool:
    """Tell whether a damaged file has the pixels and the georeferencing of the whole one all the same."""
    try:
        with rasterio.open(path) as one, rasterio.open(scene) as other:
            return (
                one.crs == other.crs
                and one.transform == other.transform
                and one.nodata == other.nodata
                and one.dtypes == other.dtypes
                and one.colorinterp == other.colorinterp
                and one.scales == other.scales
                and np.array_equal(one.read(), other.read())
            )
    except (RasterioError, ValueError):
        return False


def _attacked(
    numbers: range, tmp_path: Path, scene: Path, verbs: Verbs, answers: dict[str, np.ndarray]
) -> None:
    for name, content in _mutants(scene.read_bytes(), MANY)[numbers.start : numbers.stop]:
        folder = tmp_path / name
        folder.mkdir()
        path = folder / "scene.tif"
        path.write_bytes(content)
        for verb in ("predict", "radiometry", "verify"):
            code, pixels = verbs.run(verb, path)
            if verb in answers and code == 0 and _same(path, scene):
                assert np.array_equal(pixels, answers[verb]), f"{verb} of {name}: wrong pixels"


def test_a_few_damaged_tiffs_end_in_a_sentence(
    tmp_path: Path, scene: Path, verbs: Verbs, answers: dict[str, np.ndarray]
) -> None:
    _attacked(range(FEW), tmp_path, scene, verbs, answers)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FEW, MANY, 47))
def test_damaged_tiffs_end_in_a_sentence(
    first: int, tmp_path: Path, scene: Path, verbs: Verbs, answers: dict[str, np.ndarray]
) -> None:
    _attacked(range(first, min(first + 47, MANY)), tmp_path, scene, verbs, answers)
