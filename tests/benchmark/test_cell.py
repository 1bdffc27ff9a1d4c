"""A cell: trained, scored tile by tile, and recorded."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from oemsar.benchmark import folder as folders
from oemsar.benchmark.cell import Task, choose_examples, count_tile, work
from oemsar.dataset.pixels import read_label
from oemsar.dataset.table import read_tiles
from oemsar.dataset.tile import Tile
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.predictions import Predicted
from oemsar.evaluate.run import evaluate_model


@pytest.mark.parametrize(("wanted", "chosen"), [(1, "a"), (2, "af"), (3, "acf"), (9, "abcdef")])
def test_examples_are_spread_evenly_over_the_table(wanted: int, chosen: str) -> None:
    path = Path("a.tif")
    whole = Tile("whole", "test", (4, 6), sar=path, optical=path, real_label=path)
    tiles = [replace(whole, name=name) for name in "abcdef"]
    without = [replace(whole, name=name, **{name: None}) for name in ("sar", "optical", "real_label")]
    spread = [without[0], *tiles[:3], without[1], *tiles[3:], without[2]]
    assert "".join(tile.name for tile in choose_examples(spread, wanted)) == chosen


def test_only_the_pixels_first_on_their_ground_are_in_the_second_matrix() -> None:
    rng = np.random.default_rng(0)
    tile = Tile("t", "test", (5, 7))
    truth, prediction = rng.integers(0, 9, (5, 7), np.uint8), rng.integers(1, 9, (5, 7), np.uint8)
    first = rng.random((5, 7)) < 0.5

    class Ground:
        def is_first(self, _: Tile) -> np.ndarray:
            return first

    counts = count_tile(Predicted(tile, truth, prediction, np.zeros((8, 5, 7), np.float32)), Ground())  # type: ignore[arg-type]
    np.testing.assert_array_equal(counts[0], confusion_matrix(truth, prediction))
    np.testing.assert_array_equal(counts[1], confusion_matrix(truth[first], prediction[first]))


def test_a_cell_stores_what_an_evaluation_of_its_model_finds(
    make_task: Callable[[Path], Task], table: Path, tmp_path: Path
) -> None:
    task = make_task(tmp_path / "bench")
    event: list[tuple[int, int]] = []
    record = work(task, lambda *steps: event.append(steps))
    folder = task.training.out
    assert event == [(done, 4) for done in range(5)]
    scores = evaluate_model(
        folder, table, tmp_path / "scores", config=EvaluateConfig(split="test", engine="torch", device="cpu")
    ).scores
    stored = record.model_dump(mode="json")
    assert {name: stored[name] for name in scores.to_dict()} == scores.to_dict()
    regions, counts, once = folders.read_counts(folder)
    assert regions == ["A", "A", "B", "B"]
    assert counts.sum(0).tolist() == stored["confusion"]
    assert folders.finished(folder) == record
    # t5 shares its western half with t4
    truths = {tile.name: read_label(tile) for tile in read_tiles(table) if tile.split == "test"}
    maps = {name: np.asarray(Image.open(folder / "maps" / f"{name}.png")) for name in ("t4", "t7")}
    assert np.bincount(truths["t5"][:, 32:].ravel(), minlength=9)[1:].tolist() == once[1].sum(1).tolist()
    assert np.array_equal(np.delete(once, 1, axis=0), np.delete(counts, 1, axis=0))
    right = [int((maps[name] == truths[name]).sum()) for name in maps]
    assert right == [int(np.trace(counts[place])) for place in (0, 3)]
    again = work(task)  # of a training that was begun earlier the seconds are not known
    assert record.seconds.train is not None
    assert again.seconds.train is None
    assert again.confusion == record.confusion
    scaled = work(replace(task, scales=(0.5, 1.0)))
    config = EvaluateConfig(split="test", engine="torch", device="cpu", scales=(0.5, 1.0))
    assert scaled.confusion == evaluate_model(folder, table, config=config).scores.confusion
    assert scaled.confusion != record.confusion
    assert scaled.record.config["scales"] == [0.5, 1.0]
