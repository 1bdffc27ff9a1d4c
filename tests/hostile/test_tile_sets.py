"""Tile sets like those of public bug reports, through every verb that takes tiles.

They are made by `make_tiles.py` of the shared cases. Each has its right value: counts of the labels as
another library reads them, or one sentence that names the file.
"""

import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ..commands import Ended
from .attacks import Attack, World, fault_of

pytestmark = pytest.mark.slow

SIDE = 128
WORLD = {"TrainArea_001", "TrainArea_002", "TrainArea_003", "TrainArea_004", "TrainArea_005", "TrainArea_006"}
NETWORK = ("--encoder", "tu-test_efficientnet", "--crop", "64", "--batch", "2", "--workers", "0")
TRAINABLE = ("ignore255", "oneclass", "sizes", "png", "größe und #x")
ENGINE = ("--engine", "torch")
SETS = (*TRAINABLE, "palette", "types", "flat")


@dataclass(frozen=True)
class TileSets:
    """The tile sets.

    Attributes:
        folder: Folder that has a folder for each.
        tables: Table of each that is of a layout that is found, by its name.
    """

    folder: Path
    tables: dict[str, Path]


@pytest.fixture(scope="session")
def sets(
    tmp_path_factory: pytest.TempPathFactory, case_scripts: Path, case_world: Path, attack: Attack
) -> TileSets:
    """Make the tile sets and index them."""
    folder, tables = tmp_path_factory.mktemp("tile_sets"), tmp_path_factory.mktemp("tables")
    subprocess.run([sys.executable, case_scripts / "make_tiles.py", case_world, folder], check=True)
    found = {}
    for number, name in enumerate(SETS):
        table = tables / f"{number}.parquet"
        ended = ran(attack, "data", "index", folder / name, "--out", table)
        assert (ended.code == 0) == table.exists() == (name != "flat"), (name, ended.stderr)
        if name == "flat":
            assert "looked for in folders named sar_images, rgb_images" in ended.stderr
        else:
            found[name] = table
    return TileSets(folder, found)


def ran(attack: Attack, *argv: str | Path) -> Ended:
    """Run a command, which succeeds, finds something, or ends in one sentence."""
    ended = attack("-q", *argv, seconds=150)
    fault = fault_of(ended)
    assert fault is None, f"{argv}: {fault}\n{ended.stderr[-2000:]}"
    sentences = [line for line in ended.stderr.splitlines() if line.startswith("oemsar: ")]
    assert len(sentences) == (ended.code == 2), ended.stderr
    return ended


def labels(root: Path) -> dict[str, np.ndarray]:
    """Labels of the train tiles as Pillow reads them, by the name of the tile."""
    return {path.stem: np.asarray(Image.open(path)) for path in (root / "train" / "labels").iterdir()}


def counted(table: Path, out: Path, attack: Attack) -> np.ndarray:
    """Pixels of the classes 1 to 8 of the train tiles, as `data stats` counts them."""
    ended = ran(attack, "data", "stats", table, "--out", out)
    assert ended.code == 0, ended.stderr
    with (out / "table2.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["labels"] == "table2" and row["name"] == "train"]
    return np.array([int(row["pixels"]) for row in rows])


def histogram(arrays: list[np.ndarray]) -> np.ndarray:
    """Pixels of the classes 1 to 8."""
    return np.sum([np.bincount(array.ravel(), minlength=256)[1:9] for array in arrays], axis=0)


def test_labels_are_counted_as_another_library_reads_them(
    sets: TileSets, case_world: Path, tmp_path: Path, attack: Attack
) -> None:
    world = labels(case_world)
    assert set(world) == WORLD
    found = {name: counted(sets.tables[name], tmp_path / str(n), attack) for n, name in enumerate(TRAINABLE)}
    whole = histogram([*world.values()])
    for name in ("png", "größe und #x"):
        np.testing.assert_array_equal(found[name], whole)
    np.testing.assert_array_equal(found["ignore255"], histogram([array[20:] for array in world.values()]))
    assert set(np.flatnonzero(found["oneclass"]) + 1) == {2, 5, 6}
    assert found["oneclass"].sum() == whole.sum()
    kept = [world[name] for name in sorted(WORLD - {"TrainArea_001", "TrainArea_002"})]
    np.testing.assert_array_equal(found["sizes"], histogram([*kept, world["TrainArea_002"][:57, :90]]))


def test_what_verify_finds_is_what_was_put_there(sets: TileSets, attack: Attack) -> None:
    found = {}
    for name, table in sets.tables.items():
        ended = ran(attack, "data", "verify", table, "--json")
        findings = json.loads(ended.stdout)["findings"]
        found[name] = {(finding["tile"].removeprefix("TrainArea_"), finding["kind"]) for finding in findings}
        assert ended.code == (1 if findings else 0)
    nothing: dict[str, set[tuple[str, str]]] = {name: set() for name in TRAINABLE if name != "sizes"}
    # the radar image of 003 has two bands: two polarisations, which a network of `sar:2` sees
    wrong = {("001", "wrong_type"), ("002", "wrong_type"), ("004", "wrong_bands")}
    assert found == nothing | {
        "sizes": {("001", "empty")},
        "palette": {("006", "wrong_bands")},
        "types": wrong,
    }


def test_labels_of_a_palette_are_its_indices_and_one_of_colours_is_named(
    sets: TileSets, case_world: Path, tmp_path: Path, attack: Attack
) -> None:
    ended = ran(attack, "data", "stats", sets.tables["palette"], "--out", tmp_path / "stats")
    assert ended.code == 2
    assert "TrainArea_006.png has 3 band(s) of uint8 where 1 of uint8 belong" in ended.stderr
    kept = tmp_path / "kept"
    (kept / "train" / "labels").mkdir(parents=True)
    (kept / "train" / "sar_images").symlink_to(sets.folder / "palette" / "train" / "sar_images")
    for path in (sets.folder / "palette" / "train" / "labels").iterdir():
        if path.stem != "TrainArea_006":
            (kept / "train" / "labels" / path.name).write_bytes(path.read_bytes())
    allowed = ("--allow-sources", sets.folder)
    assert ran(attack, "data", "index", kept, "--out", tmp_path / "t.parquet", *allowed).code == 0
    expected = [array for name, array in labels(case_world).items() if name != "TrainArea_006"]
    np.testing.assert_array_equal(
        counted(tmp_path / "t.parquet", tmp_path / "counts", attack), histogram(expected)
    )


def test_types_that_are_no_bytes_and_bands_too_many_are_refused_by_name(
    sets: TileSets, world: World, tmp_path: Path, attack: Attack
) -> None:
    ended = ran(attack, "data", "stats", sets.tables["types"], "--out", tmp_path / "stats")
    assert "TrainArea_001.tif has 1 band(s) of int16 where 1 of uint8 belong" in ended.stderr
    images = sets.folder / "types" / "train" / "sar_images"
    ended = ran(attack, "contest", "predict", world.model, images, "--out", tmp_path / "a.zip", *ENGINE)
    assert ended.code == 2
    assert "TrainArea_003.tif has 2 band(s) of uint8 where 1 of uint8 belong" in ended.stderr
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize("name", SETS[:-1])
def test_every_verb_of_tiles_ends_well(
    name: str, sets: TileSets, world: World, tmp_path: Path, attack: Attack
) -> None:
    table, trained = sets.tables[name], name in TRAINABLE
    ran(attack, "data", "regions", table)
    for verb in ("agreement", "figures", "regimes"):
        ran(attack, "data", verb, table, "--out", tmp_path / verb)
    run = tmp_path / "run"
    ended = ran(attack, "train", "--data", table, "--out", run, "--steps", "3", *NETWORK)
    assert (ended.code == 0) == trained, ended.stderr
    assert (run / "model" / "model.json").exists() == trained
    scores = tmp_path / "scores"
    ended = ran(
        attack, "evaluate", world.model, "--data", table, "--split", "train", "--out", scores, *ENGINE
    )
    assert (ended.code == 0) == trained, ended.stderr
    if trained:
        confusion = np.array(json.loads((scores / "scores.json").read_text())["confusion"])
        np.testing.assert_array_equal(confusion.sum(1), counted(table, tmp_path / "counts", attack))
    images = next((sets.folder / name / "train").glob("sar_images"))
    submission = tmp_path / "s.zip"
    ended = ran(attack, "contest", "predict", world.model, images, "--out", submission, *ENGINE)
    assert (ended.code == 0) == (name != "types"), ended.stderr
    if ended.code == 0:
        truth = images.with_name("labels")
        ended = ran(attack, "contest", "score", submission, "--labels", truth)
        assert (ended.code == 0) == trained, ended.stderr
