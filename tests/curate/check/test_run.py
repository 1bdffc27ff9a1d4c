"""A check on disk: agreement by condition, two people, planted errors found first, estimates and refusals."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oemsar.curate.check.config import CheckConfig
from oemsar.curate.check.run import check_labels
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.dataset.tile_facts import TileFacts
from oemsar.errors import InputError
from oemsar.raster.geotiff import write_raster

from ..pairs import full_masks, pair_grid

SHAPE = (48, 64)


def write(path: Path, pixels: NDArray[np.uint8]) -> Path:
    write_raster(path, pixels if pixels.ndim == 3 else pixels[None], pair_grid(SHAPE))
    return path


def blocks(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Segments of eight pixels a side, of random classes."""
    return np.kron(rng.integers(1, 9, (6, 8)), np.ones((8, 8), int)).astype(np.uint8)


def test_agreement_by_condition(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tiles = []
    for number, error in enumerate((0.5, 3.0)):
        real = blocks(rng)
        pseudo = real.copy()
        pseudo[:, :16] = real[:, :16] % 8 + 1  # wrong, in layover
        pseudo[0] = 0
        masks = full_masks(SHAPE)
        masks[2, :, :16] = 1
        masks[3, -4:, 40:] = 255
        tiles.append(
            Tile(
                f"t{number}",
                "test",
                SHAPE,
                pair_grid(SHAPE),
                pseudo_label=write(tmp_path / f"p{number}.tif", pseudo),
                real_label=write(tmp_path / f"r{number}.tif", real),
                masks=write(tmp_path / f"m{number}.tif", masks),
                misalignment=error,
                facts=TileFacts(agreement=0.5 + number / 4),
            )
        )
    check = check_labels(tiles, tmp_path / "out")
    assert check.pseudo["all"].overall == 0.75
    assert check.pseudo["without layover and shadow"].overall == 1
    assert check.pseudo["without layover and shadow"].pixels == 2 * (47 * 48 - 4 * 24)
    assert check.pseudo["in layover or shadow"].overall == 0
    assert check.pseudo["alignment error under 1 px"].tiles == 1
    assert check.pseudo["alignment error 2 to 4 px"].pixels == 47 * 64
    assert (check.models, check.estimates, check.doubts) == (0.625, None, None)
    page = (tmp_path / "out" / "check.md").read_text()
    assert "| without layover and shadow" in page
    assert json.loads((tmp_path / "out" / "check.json").read_text())["pseudo"]["all"]["pixels"] == 2 * 47 * 64


def test_two_people(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    (tmp_path / "second").mkdir()
    first = blocks(rng)
    tile = Tile("t0", "test", SHAPE, real_label=write(tmp_path / "r.tif", first))
    write(tmp_path / "second" / "t0.tif", np.where(rng.random(SHAPE) < 0.5, first, 1).astype(np.uint8))
    check = check_labels([tile], tmp_path / "out", config=CheckConfig(against=tmp_path / "second"))
    found = check.annotators["all"]
    assert found.kappa is not None
    assert found.alpha is not None
    assert 0.3 < found.alpha < found.kappa < (found.overall or 0) < 0.65
    assert not check.pseudo


def test_planted_errors_are_the_first_of_the_lists(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    tiles, soft, planted = [], [], set()
    truths = [blocks(rng) for _ in range(24)]
    for number, truth in enumerate(truths):
        label = truth.copy()
        for row, column in rng.permutation([(r, c) for r in range(6) for c in range(8)])[:2]:
            box = label[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
            box[:] = box[0, 0] % 8 + 1
            planted.add((f"t{number}", 8 * row, 8 * column))
        if number < 2:  # swapped with another tile
            label = truths[1 - number]
        name = f"t{number}"
        tile = Tile(
            name, "train", SHAPE, pair_grid(SHAPE), pseudo_label=write(tmp_path / f"l{name}.tif", label)
        )
        tiles.append(tile)
        logits = rng.normal(0, 1, (8, *SHAPE)) + 2.5 * (truth == np.arange(1, 9)[:, None, None])
        shares = np.exp(logits) / np.exp(logits).sum(0)
        path = write(tmp_path / f"s{name}.tif", np.rint(255 * shares).astype(np.uint8))
        soft.append(replace(tile, soft_label=path))
    write_tiles(soft, tmp_path / "predicted.parquet")
    config = CheckConfig(predictions=tmp_path / "predicted.parquet", listed=160)
    check = check_labels(tiles, tmp_path / "out", config=config)
    assert check.doubts is not None
    assert {each.tile for each in check.doubts.worst_tiles[:2]} == {"t0", "t1"}
    assert {each.tile for each in check.doubts.worst_tiles} == {tile.name for tile in tiles}
    worst = [each for each in check.doubts.worst_segments if each.tile not in ("t0", "t1")]
    wanted = {each for each in planted if each[0] not in ("t0", "t1")}

    def holds(segment: object, error: tuple[str, int, int]) -> bool:
        row, column = segment.row, segment.column  # type: ignore[attr-defined]
        inside = row <= error[1] < row + segment.height and column <= error[2] < column + segment.width  # type: ignore[attr-defined]
        return bool(segment.tile == error[0] and inside)  # type: ignore[attr-defined]

    found = sum(any(holds(segment, error) for segment in worst) for error in wanted)
    assert found >= 0.8 * len(wanted)
    with (tmp_path / "out" / "segments.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(check.doubts.worst_segments)
    assert float(rows[0]["score"]) >= float(rows[-1]["score"])


def test_the_whole_is_estimated_from_the_sample(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rng = np.random.default_rng(3)
    tiles = []
    for number in range(5):
        real = blocks(rng)
        facts = TileFacts(stratum="a/Tree", inclusion_probability=0.25)
        tile = Tile(f"t{number}", "test", SHAPE, pair_grid(SHAPE), facts=facts)
        if number < 4:
            tile = replace(
                tile,
                real_label=write(tmp_path / f"r{number}.tif", real),
                pseudo_label=write(
                    tmp_path / f"p{number}.tif", np.where(rng.random(SHAPE) < 0.9, real, 3).astype(np.uint8)
                ),
            )
        tiles.append(tile)
    with caplog.at_level("WARNING"):
        check = check_labels(tiles, tmp_path / "out")
    assert "1 of the 5 tiles that were drawn are not labelled: the others stand for them" in caplog.text
    assert check.estimates is not None
    assert (check.estimates.tiles, check.estimates.population) == (4, 20)
    hectares = [each.hectares or 0 for each in check.estimates.classes.values()]
    assert sum(hectares) == pytest.approx(20 * 48 * 64 * 0.25 / 10_000, rel=2e-3)
    overall = check.estimates.overall_accuracy
    assert overall is not None
    assert overall.value == pytest.approx(check.pseudo["all"].overall)
    assert "4 labelled tiles stand for 20" in (tmp_path / "out" / "check.md").read_text()


def test_wrong_input_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    real = write(tmp_path / "r.tif", np.full(SHAPE, 3, np.uint8))
    tile = Tile("t0", "test", SHAPE, real_label=real)
    write_tiles([tile], tmp_path / "bare.parquet")
    cases = {
        "against, predictions: .*there is nothing to check": (tile, CheckConfig()),
        r"predictions: .*bare.parquet has a soft label of no labelled tile": (
            tile,
            CheckConfig(predictions=tmp_path / "bare.parquet"),
        ),
        r"r.tif has 48 x 64 pixels where tile t0 has 9 x 9": (
            replace(tile, pseudo_label=real, shape=(9, 9)),
            CheckConfig(),
        ),
    }
    for sentence, (wrong, config) in cases.items():
        with pytest.raises(InputError, match=sentence):
            check_labels([wrong], tmp_path / "out", config=config)
        assert not (tmp_path / "out").exists()
