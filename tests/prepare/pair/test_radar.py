"""The radar image of a pair is that of the product, seen at the positions that the alignment found."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.files import checksum
from oemsar.geometry.look import read_look, read_projection_height
from oemsar.prepare.pair.placement import aligned
from oemsar.prepare.pair.radar import make_radar
from oemsar.prepare.pair.region_file import read_region
from oemsar.prepare.pair.sources import inspect_region

from .conftest import Built, Scene, Write, rewritten

SHAPE = (70, 110)


def grid(built: Built, right: float = 60.0) -> GeoBox:
    """A turned grid, wider than high, `right` metres from the first corner of the pair."""
    whole = built.pair.grid.geobox()
    corner = Affine.translation(whole.affine.c + right, whole.affine.f - 80)
    return GeoBox(SHAPE, corner @ Affine.rotation(20) @ Affine.scale(0.6, -0.6), whole.crs)


def power(column: NDArray[np.float64], row: NDArray[np.float64]) -> NDArray[np.float64]:
    """A plane, which every interpolation and every average of power leaves as it is."""
    return 5000 + 30 * column + 110 * row


@pytest.mark.parametrize("percentiles", [(0.0, 100.0), (10.0, 95.0)])
def test_power_is_interpolated_where_the_alignment_puts_the_ground(
    scene: Scene, built: Built, region: Write, tmp_path: Path, percentiles: tuple[float, float]
) -> None:
    """Amplitude is the root of a plane; grey values are linear between percentiles of the grid's own."""

    def plane(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows, columns = np.indices(pixels.shape[1:])
        return np.sqrt(power(columns, rows))[None].astype(np.float32)

    sar = rewritten(scene, tmp_path / "sar.tif", plane)
    remap = {"name": "percentile", "percentiles": list(percentiles)}
    sources = inspect_region(read_region(region(sar=sar, remap=remap)))
    transform, out = built.out / "alignment" / "transform.json", tmp_path / "out.tif"
    made = make_radar(sources, transform, grid(built), out)
    with aligned(sources, transform, grid(built)) as mapping:
        rows, columns = np.indices(SHAPE).astype(float)
        amplitude = np.sqrt(power(*mapping(columns, rows)))
    low, high = np.quantile(amplitude, np.array(percentiles) / 100, method="inverted_cdf")
    expected = np.clip(255 * (amplitude - low) / (high - low), 1, 255)
    with rasterio.open(out) as dataset:
        np.testing.assert_allclose(dataset.read(1), np.floor(expected), atol=1)
        assert (dataset.nodata, dataset.dtypes) == (0, ("uint8",))
        assert dataset.transform.almost_equals(grid(built).affine)
        look = read_look(dataset)
        assert read_projection_height(dataset) is None
    assert look is not None
    assert look == made.result.look
    assert (look.azimuth, look.incidence) == pytest.approx((95, 40), abs=0.2)
    assert made.result.statistics.mean == pytest.approx(amplitude.mean(), rel=1e-3)
    assert made.result.through_terrain
    assert made.result.sha256 == checksum(Path(sar))
    assert made.files == [out]


def test_a_grid_beside_the_radar_image_is_refused(built: Built, region: Write, tmp_path: Path) -> None:
    sources = inspect_region(read_region(region()))
    transform = built.out / "alignment" / "transform.json"
    with pytest.raises(InputError, match="carries no data on the grid of the pair") as error:
        make_radar(sources, transform, grid(built, 800.0), tmp_path / "out.tif")
    assert error.value.options == ("extent",)
    assert not (tmp_path / "out.tif").exists()
