"""Damaged files of every kind that is read beside rasters: tables, models, checkpoints, archives, plans."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from oemsar.dataset.table import read_tiles, write_tiles

from .attacks import SECONDS, Attack, World, fault_of

FEW, MANY = 2, 40
"""Damaged files of each kind in the short and in the long part."""
WORDS: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    "x" * 300,
    "../../x",
    "\x1b[31m\x07\n",
    [],
    {},
    [[[]]],
)
"""Values that one of a JSON or YAML document is replaced by; NaN comes as text."""

Kind = Callable[[World, Path], tuple[Path, list[str | Path]]]


def _copy(source: Path, folder: Path) -> Path:
    target = folder / source.name
    target.write_bytes(source.read_bytes())
    return target


def model_file(name: str) -> Kind:
    """A model of which one file is damaged, mapping the scene."""

    def make(world: World, folder: Path) -> tuple[Path, list[str | Path]]:
        model = folder / "model"
        model.mkdir()
        for path in world.model.iterdir():
            _copy(path, model)
        argv = ["predict", model, world.sar, "--out", folder / "map.tif", "--engine", "torch"]
        return model / name, argv

    return make


def table(*verb: str) -> Kind:
    """A damaged table of tiles in a verb that reads one."""

    def make(world: World, folder: Path) -> tuple[Path, list[str | Path]]:
        path = _copy(world.table, folder)
        return path, [*verb, path]

    return make


def _without_training(world: World, folder: Path) -> Path:
    """Write a table of which no tile is to be trained on, so that no training ever begins."""
    tiles = [tile for tile in read_tiles(world.table) if tile.split != "train"]
    write_tiles(tiles, folder / "tiles.parquet")
    return folder / "tiles.parquet"


def region(world: World, folder: Path) -> tuple[Path, list[str | Path]]:
    """A region file of a pair."""
    path = folder / "region.yaml"
    path.write_text(f"name: place\nsar: {world.sar}\noptical: {world.optical}\ngsd: 0.5\ncrs: auto\n")
    return path, ["prepare", "pair", path, "--out", folder / "pair"]


def plan(world: World, folder: Path) -> tuple[Path, list[str | Path]]:
    """A plan of a benchmark of no training tiles."""
    path = folder / "plan.yaml"
    path.write_text(
        "networks: {unet: {encoder: resnet18}}\nmodalities: [sar]\nregimes: [P]\ntrain: {steps: 1}\n"
    )
    return path, [
        "benchmark",
        "run",
        path,
        "--data",
        _without_training(world, folder),
        "--out",
        folder / "bench",
    ]


def training(world: World, folder: Path) -> tuple[Path, list[str | Path]]:
    """A configuration of a training of no training tiles."""
    path = folder / "train.yaml"
    path.write_text("model: unet\nencoder: resnet18\nmodalities: sar\nsteps: 1\ncrop: 64\nbatch: 2\n")
    argv = ["train", "--config", path, "--data", _without_training(world, folder), "--out", folder / "run"]
    return path, argv


def checkpoint(world: World, folder: Path) -> tuple[Path, list[str | Path]]:
    """A checkpoint to be imported."""
    path = folder / "checkpoint.pth"
    torch.save({"encoder._conv_stem.weight": torch.zeros(48, 1, 3, 3)}, path)
    return path, ["models", "import", path, "--out", folder / "model"]


def submission(world: World, folder: Path) -> tuple[Path, list[str | Path]]:
    """A submission to the contest."""
    labels = next(world.data.rglob("labels"))
    path = folder / "submission.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for label in sorted(labels.iterdir()):
            archive.write(label, label.name)
    return path, ["contest", "score", path, "--labels", labels]


KINDS: dict[str, Kind] = {
    "model.json": model_file("model.json"),
    "model.safetensors": model_file("model.safetensors"),
    "table verified": table("data", "verify"),
    "table counted": table("data", "regions"),
    "region": region,
    "plan": plan,
    "training": training,
    "checkpoint": checkpoint,
    "submission": submission,
}


def _damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Cut it, change bytes of it, empty it, or put something before it."""
    match int(random.integers(5)):
        case 0:
            return content[: int(random.integers(len(content)))]
        case 1:
            return random.choice(
                np.array([b"", b"\x00" * 64, b"\xff\xfe" + content, b"[" * 100_000, b"<html></html>"], object)
            )
        case 2:
            try:
                return _replaced(json.loads(content), random)
            except ValueError:
                pass
    changed = bytearray(content)
    for _ in range(int(random.integers(1, 30))):
        changed[int(random.integers(len(changed)))] = int(random.integers(256))
    return bytes(changed)


def _replaced(document: Any, random: np.random.Generator) -> bytes:
    """Replace one value of a JSON document, or leave one out."""
    node = document
    while isinstance(node, dict) and node:
        key = str(random.choice(list(node)))
        inner = node[key]
        if isinstance(inner, dict) and inner and random.random() < 0.7:
            node = inner
            continue
        if random.random() < 0.2:
            del node[key]
        else:
            node[key] = WORDS[int(random.integers(len(WORDS)))]
        break
    text = json.dumps(document)
    return text.replace("null", "NaN").encode() if random.random() < 0.2 else text.encode()


def _attacked(kind: str, numbers: range, tmp_path: Path, world: World, attack: Attack) -> None:
    random = np.random.default_rng([list(KINDS).index(kind), numbers.start])
    for number in numbers:
        folder = tmp_path / str(number)
        folder.mkdir()
        path, argv = KINDS[kind](world, folder)
        path.write_bytes(_damaged(path.read_bytes(), random))
        kept = path.read_bytes()
        if kind == "plan" and not kept:
            continue  # an empty plan is the default one, whose 45 cells are refused one after the other
        # each cell is refused in a process of its own
        ended = attack("-q", *argv, seconds=60 if kind == "plan" else SECONDS)
        assert fault_of(ended) is None, (
            f"{kind} {number} in {folder}: {fault_of(ended)}\n{ended.stderr[-2000:]}"
        )
        assert path.read_bytes() == kept
        assert not {"\x1b", "\x07"} & set(ended.stderr)


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_damaged_files_end_in_a_sentence(
    kind: str, tmp_path: Path, world: World, attack: Attack
) -> None:
    _attacked(kind, range(FEW), tmp_path, world, attack)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_end_in_a_sentence(kind: str, tmp_path: Path, world: World, attack: Attack) -> None:
    _attacked(kind, range(FEW, MANY), tmp_path, world, attack)
