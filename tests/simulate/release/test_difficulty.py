"""One classifier on both: radar tells the classes apart clearly worse than optical, yet not by chance."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score

from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import plan_world
from oemsar.simulate.release.tile import render_tile
from oemsar.simulate.world.materials import WATER


def features(bands: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean and standard deviation of each band in three neighbourhoods, (pixels, features)."""
    maps = []
    for band in bands.astype(np.float32):
        for width in (1.5, 4, 10):
            mean = ndimage.gaussian_filter(band, width)
            square = ndimage.gaussian_filter(band**2, width)
            maps += [mean, np.sqrt(np.clip(square - mean**2, 0, None))]
    return np.stack(maps, axis=-1).reshape(bands[0].size, -1)


@pytest.mark.parametrize(("tiles", "size"), [(4, 96), pytest.param(6, 160, marks=pytest.mark.slow)])
def test_optical_separates_the_classes_better_than_radar(tiles: int, size: int) -> None:
    world = plan_world(WorldConfig(regions=12, tiles=tiles, size=size, seed=2, val=2, test=0))
    rng = np.random.default_rng(0)
    samples: dict[str, tuple[list[NDArray[np.float32]], ...]] = {"sar": ([], []), "optical": ([], [])}
    labels: tuple[list[NDArray[np.uint8]], ...] = ([], [])
    for tile in world.tiles:
        rendered = render_tile(world.regions[tile.region], size, world.tile_stream(tile))
        chosen = rng.integers(0, size * size, 300)
        held_out = tile.split == "val"
        labels[held_out].append(rendered.real_label.ravel()[chosen])
        samples["sar"][held_out].append(features(rendered.sar[None])[chosen])
        samples["optical"][held_out].append(features(rendered.optical)[chosen])
    truth = np.concatenate(labels[1])
    accuracy = {}
    for name, (train, held_out) in samples.items():
        forest = RandomForestClassifier(
            25, min_samples_leaf=8, class_weight="balanced_subsample", random_state=0, n_jobs=1
        )
        forest.fit(np.concatenate(train), np.concatenate(labels[0]))
        guess = forest.predict(np.concatenate(held_out))
        accuracy[name] = balanced_accuracy_score(truth, guess)
        accuracy[f"{name} water"] = (guess[truth == WATER] == WATER).mean()
    assert accuracy["optical"] > accuracy["sar"] + 0.15
    assert accuracy["sar"] > 1.5 / len(np.unique(truth))
    assert accuracy["sar water"] > 0.4, accuracy
