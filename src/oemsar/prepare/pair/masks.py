"""The masks of a pair: where each image carries data, and layover and shadow of the radar."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox

import oemsar
from oemsar.files import scratch_folder
from oemsar.geometry.look import Look, look_tags
from oemsar.geometry.open_heights import open_surface
from oemsar.geometry.sweep import UNKNOWN, sweep
from oemsar.prepare.ortho.rasters import share_of
from oemsar.prepare.pair.config import PairRegion
from oemsar.prepare.pair.pipeline import StageOutput
from oemsar.prepare.pair.results import MaskShares, Terms
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.raw_raster import RawRaster, raw_bytes
from oemsar.raster.read import Extent, open_raster

MASKS = ("sar_valid", "optical_valid", "layover", "shadow")
"""Bands of the masks, from the first."""

_ROWS = 256


def make_masks(
    region: PairRegion,
    images: Mapping[str, Path],
    look: Look | None,
    grid: GeoBox,
    out: Path,
    *,
    terms: Mapping[str, Terms],
) -> StageOutput[MaskShares]:
    """Write the masks of a pair: 0 or 1; layover and shadow 255 where nothing says how high the ground is.

    Args:
        region: Region of the pair.
        images: Images of the pair, `sar` and `optical`; 0 carries no data.
        look: Look of the radar; None where it is not known, and layover and shadow are unknown.
        grid: Grid of the pair.
        out: Cloud Optimized GeoTIFF to write.
        terms: Attribution and licence of each image.

    Raises:
        InputError: The surface model has no height on the grid.
        Failure: The disk is full.
    """
    shape, surface = grid.shape.yx, region.dsm or region.dem
    known = {
        "OEMSAR_VERSION": oemsar.__version__,
        "OEMSAR_ATTRIBUTION": " | ".join(each.attribution for each in terms.values() if each.attribution),
        "OEMSAR_LICENCE": " | ".join(each.licence for each in terms.values() if each.licence),
    }
    tags = {key: value for key, value in known.items() if value} | ({} if look is None else look_tags(look))
    with scratch_folder(out, raw_bytes(shape, *[np.uint8] * (len(MASKS) + 2))) as folder:
        rasters = {name: RawRaster(folder / f"{name}.raw", shape, np.uint8) for name in MASKS}
        both = RawRaster(folder / "both.raw", shape, np.uint8)
        _fill_validity(images, rasters, both)
        if surface is None or look is None:
            for name in MASKS[2:]:
                _fill(rasters[name], UNKNOWN)
        else:
            with (
                gdal_cache(),
                open_surface(surface, region.dem_datum, region.geoid, region.dem_void) as heights,
            ):
                sweep(heights, grid, look, rasters["layover"], rasters["shadow"])
        result = _shares(region, rasters, both, known=surface is not None and look is not None)
        publish_cog(
            [rasters[name] for name in MASKS], out, grid, Layer(nodata=UNKNOWN, tags=tags, bands=MASKS)
        )
    return StageOutput(result, [out])


def _shares(
    region: PairRegion, rasters: Mapping[str, RawRaster], both: RawRaster, *, known: bool
) -> MaskShares:
    """Count the masks: validity on the grid, layover and shadow on the ground that both images show."""
    everywhere = RawRaster(both.path.with_name("everywhere.raw"), both.shape, np.uint8)
    _fill(everywhere, 1)
    surface = region.dsm or region.dem
    return MaskShares(
        sar_valid_share=share_of(rasters["sar_valid"], everywhere),
        optical_valid_share=share_of(rasters["optical_valid"], everywhere),
        both_valid_share=share_of(both, everywhere),
        layover_share=share_of(rasters["layover"], both) if known else None,
        shadow_share=share_of(rasters["shadow"], both) if known else None,
        relief_from=surface.name if known and surface is not None else None,
        relief_kind=_relief_kind(region) if known else None,
    )


def _relief_kind(region: PairRegion) -> str:
    if region.dsm is not None:
        return "surface with roofs and crowns"
    return "bare ground: layover and shadow of buildings and trees are not in the masks"


def _fill_validity(images: Mapping[str, Path], rasters: Mapping[str, RawRaster], both: RawRaster) -> None:
    with open_raster(images["sar"]) as sar, open_raster(images["optical"]) as optical:
        for row in range(0, both.shape[0], _ROWS):
            extent = Extent(row, 0, min(_ROWS, both.shape[0] - row), both.shape[1])
            shared = np.ones((extent.height, extent.width), bool)
            for name, dataset in (("sar_valid", sar), ("optical_valid", optical)):
                pixels = RasterPixels.first(dataset, dataset.count).values(extent)
                valid = np.all(pixels, axis=0)
                rasters[name].write_rows(row, valid.astype(np.uint8))
                shared &= valid
            both.write_rows(row, shared.astype(np.uint8))


def _fill(raster: RawRaster, value: int) -> None:
    for row in range(0, raster.shape[0], _ROWS):
        height = min(_ROWS, raster.shape[0] - row)
        raster.write_rows(row, np.full((height, raster.shape[1]), value, np.uint8))
