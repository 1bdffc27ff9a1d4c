"""The masks of a pair: where each image carries data, and what the radar makes of the relief."""

from pathlib import Path
from typing import Any

import numpy as np
from odc.geo.geobox import GeoBox

import oemsar
from oemsar.files import scratch_folder
from oemsar.geometry.heights import open_surface
from oemsar.geometry.look import Look, look_tags
from oemsar.geometry.sweep import UNKNOWN, sweep
from oemsar.prepare.ortho.rasters import share_of
from oemsar.prepare.pair.config import Region
from oemsar.prepare.pair.sources import Sources
from oemsar.prepare.pair.stages import Made
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import Extent, open_raster

MASKS = ("sar_valid", "optical_valid", "layover", "shadow")
"""Bands of the masks, from the first."""

_ROWS = 256


def make_masks(
    sources: Sources,
    images: dict[str, Path],
    look: Look | None,
    grid: GeoBox,
    out: Path,
    *,
    terms: dict[str, list[str]],
) -> Made:
    """Write the masks of a pair: 0 or 1; layover and shadow 255 where nothing says how high the ground is.

    Args:
        sources: inputs of the pair.
        images: the images of the pair, `sar` and `optical`; 0 carries no data.
        look: of the radar; None where nothing says it, and layover and shadow are unknown.
        grid: of the pair.
        out: COG to write.
        terms: attribution and licence of each image.

    Returns:
        Shares of each mask, of the ground that both images show, and of layover and shadow on it (None where
        they are not known); and which model the last two come from.

    Raises:
        InputError: the surface model has no height on the grid.
        Failure: the disk is full.
    """
    region, shape = sources.region, grid.shape.yx
    surface = region.dsm or region.dem
    attributions, licences = (" | ".join(filter(None, each)) for each in zip(*terms.values(), strict=True))
    told = {
        "OEMSAR_VERSION": oemsar.__version__,
        "OEMSAR_ATTRIBUTION": attributions,
        "OEMSAR_LICENCE": licences,
    }
    tags = {key: value for key, value in told.items() if value} | ({} if look is None else look_tags(look))
    with scratch_folder(out) as folder:
        canvases = {name: RawRaster(folder / f"{name}.raw", shape, np.uint8) for name in MASKS}
        both = RawRaster(folder / "both.raw", shape, np.uint8)
        _fill_validity(images, canvases, both)
        if surface is None or look is None:
            for name in MASKS[2:]:
                _fill(canvases[name], UNKNOWN)
        else:
            with gdal_cache(), open_surface(surface) as heights:
                sweep(heights, grid, look, canvases["layover"], canvases["shadow"])
        result = _shares(canvases, both) | _relief(region, look)
        publish_cog(
            [canvases[name] for name in MASKS], out, grid, Layer(nodata=UNKNOWN, tags=tags, bands=MASKS)
        )
    return Made(result, [out])


def _shares(canvases: dict[str, RawRaster], both: RawRaster) -> dict[str, Any]:
    """Shares of the grid that carry data; of layover and shadow on the ground that both images show."""
    everywhere = RawRaster(both.path.with_name("everywhere.raw"), both.shape, np.uint8)
    _fill(everywhere, 1)
    return {
        **{f"{name}_share": share_of(canvases[name], everywhere) for name in MASKS[:2]},
        "both_valid_share": share_of(both, everywhere),
        **{f"{name}_share": share_of(canvases[name], both) for name in MASKS[2:]},
    }


def _relief(region: Region, look: Look | None) -> dict[str, Any]:
    """Which model layover and shadow come from; where none, their shares are not known either."""
    surface = region.dsm or region.dem
    if surface is None or look is None:
        unknown = dict.fromkeys(f"{name}_share" for name in MASKS[2:])
        return {"relief_from": None, "relief_kind": None, **unknown}
    if region.dsm is not None:
        return {"relief_from": surface.name, "relief_kind": "surface with roofs and crowns"}
    kind = "bare ground: layover and shadow of buildings and trees are not in the masks"
    return {"relief_from": surface.name, "relief_kind": kind}


def _fill_validity(images: dict[str, Path], canvases: dict[str, RawRaster], both: RawRaster) -> None:
    with open_raster(images["sar"]) as sar, open_raster(images["optical"]) as optical:
        for row in range(0, both.shape[0], _ROWS):
            extent = Extent(row, 0, min(_ROWS, both.shape[0] - row), both.shape[1])
            shared = np.ones((extent.height, extent.width), bool)
            for name, dataset in (("sar_valid", sar), ("optical_valid", optical)):
                pixels = RasterPixels.first(dataset, dataset.count).values(extent)
                valid = np.all(pixels, axis=0)
                canvases[name].write_rows(row, valid.astype(np.uint8))
                shared &= valid
            both.write_rows(row, shared.astype(np.uint8))


def _fill(canvas: RawRaster, value: int) -> None:
    for row in range(0, canvas.shape[0], _ROWS):
        height = min(_ROWS, canvas.shape[0] - row)
        canvas.write_rows(row, np.full((height, canvas.shape[1]), value, np.uint8))
