"""Orthorectification: a radar scene on a grid of the ground, its terrain taken out."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from odc.geo.geobox import GeoBox
from rasterio.io import DatasetReader

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.files import scratch_folder, write_json
from oemsar.geometry.datum import Datum
from oemsar.geometry.footprint import footprint, outline
from oemsar.geometry.heights import open_heights
from oemsar.geometry.interpolate import Kernel
from oemsar.geometry.look import Look, read_look
from oemsar.geometry.rpc import RationalModel
from oemsar.geometry.sensor import SensorModel, look_of, sensor_of
from oemsar.geometry.terrain import Terrain
from oemsar.prepare.ortho.grid import grid_over, metric_crs
from oemsar.prepare.ortho.pixel_map import OrthoMap
from oemsar.prepare.ortho.rasters import OrthoRasters, Source
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.read import open_raster
from oemsar.record import origin, run_record

log = logging.getLogger(__name__)

_DEGREES_APART = 2.0
"""Difference between a stated look and that of the RPC from which on a person is told."""


@dataclass(frozen=True)
class OrthoConfig:
    """How a scene is orthorectified.

    Attributes:
        crs: of the result, a projected one in metres.
        gsd: ground sampling distance of the result, metres.
        dem_datum: what the heights of the elevation model are counted from, where it does not say.
        look: where the radar looks, where neither the scene's tags nor its RPC are to be asked.
        projection_height: ellipsoidal height of the plane that a product without RPC was projected on.
        values: `amplitude` is interpolated as power; `linear` (power, an optical image) as it is.
        kernel: nearest, bilinear or bicubic.
    """

    crs: str
    gsd: float
    dem_datum: Datum | None = None
    look: Look | None = None
    projection_height: float | None = None
    values: Literal["amplitude", "linear"] = "amplitude"
    kernel: Kernel = "bicubic"


def ortho(
    scene: Path, terrain: Terrain, out: Path, config: OrthoConfig, report: Report = silent
) -> dict[str, Any]:
    """Orthorectify a scene, block by block.

    Writes `out`, a COG of the scene's bands and type with the look in its tags; `_masks.tif` beside it where
    a surface model is given, with the bands layover, shadow and valid (0, 1; 255 where the surface model has
    no height); and `.json`, the summary.

    Args:
        scene: amplitude with an RPC, or with an affine and its look.
        terrain: elevation models.
        out: ends in .tif.
        config: grid and treatment.
        report: told how many rows are done.

    Returns:
        The summary: files, grid, look, shares of pixels and what the run was made of.

    Raises:
        InputError: the scene does not say how it was seen or holds complex pixels, a model does not say
            its datum or does not cover the scene, or the grid asked for makes no sense.
    """
    _require_geotiff(out)
    crs = metric_crs(config.crs)
    with (
        gdal_cache(),
        open_raster(scene) as dataset,
        open_heights(terrain.dem, config.dem_datum, terrain.geoid) as heights,
    ):
        _require_amplitude(dataset, scene, config)
        model = sensor_of(dataset, config.look, config.projection_height)
        source = Source.of(dataset, scene)
        ground = footprint(model, heights, outline(dataset.shape, source.filled))
        grid = grid_over(ground, crs, config.gsd, dataset.width * dataset.height)
        look = _look(dataset, model, heights.mean(), config.look)
        mapping = _Counting(OrthoMap.of(grid, heights, model), dataset.shape, heights.mean())
        with scratch_folder(out) as folder:
            rasters = OrthoRasters(folder, grid, look, report)
            if terrain.dsm is not None:
                rasters.masks(terrain.dsm)
            masks_path(out).unlink(missing_ok=True)  # those of an earlier image
            shares = rasters.image(
                source, mapping, out, power=config.values == "amplitude", kernel=config.kernel
            )
            if terrain.dsm is not None:
                shares |= rasters.publish_masks(masks_path(out))
    mapping.tell_lost(terrain.dem)
    summary = {
        "ortho": out.name,
        "masks": None if terrain.dsm is None else masks_path(out).name,
        "sensor_model": "rpc" if isinstance(model, RationalModel) else "ground range",
        "pixels_without_height": mapping.lost,
        **_place(config, grid, look),
        **shares,
    }
    inputs = [origin(path) for path in (scene, *terrain.files())]
    record = run_record({**asdict(config), "inputs": inputs})
    write_json(out.with_suffix(".json"), {**summary, "record": record.plain()})
    return summary


def _place(config: OrthoConfig, grid: GeoBox, look: Look | None) -> dict[str, Any]:
    return {
        "crs": config.crs,
        "gsd": config.gsd,
        "shape": list(grid.shape),
        "affine": [float(value) for value in grid.affine[:6]],
        "look": None if look is None else {**asdict(look), "grazing": look.grazing},
    }


def masks_path(out: Path) -> Path:
    """Where the masks of the result `out` lie."""
    return out.with_name(f"{out.stem}_masks.tif")


@dataclass
class _Counting:
    """An `OrthoMap` that counts the pixels of the scene it lost for want of a height."""

    mapping: OrthoMap
    shape: tuple[int, int]
    height: float
    lost: int = 0

    def __call__(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        column, row = self.mapping(x, y)
        nowhere = np.isnan(column)
        if nowhere.any():
            self.lost += self.mapping.lost(x[nowhere], y[nowhere], self.shape, self.height)
        return column, row

    def tell_lost(self, dem: Path) -> None:
        """Warn of the pixels lost, where there are any."""
        if self.lost:
            log.warning("%d pixels of the scene have no height in %s; they carry no data", self.lost, dem)


def _require_geotiff(out: Path) -> None:
    if out.suffix.lower() not in {".tif", ".tiff"}:
        raise InputError(f"--out {out} does not end in .tif; the result is a GeoTIFF")


def _require_amplitude(dataset: DatasetReader, scene: Path, config: OrthoConfig) -> None:
    if config.values == "amplitude" and np.dtype(dataset.dtypes[0]).kind == "c":
        raise InputError(
            f"{scene} holds complex pixels where amplitude is due; "
            "run `oemsar prepare radiometry` on it first"
        )


def _look(dataset: DatasetReader, model: SensorModel, height: float, stated: Look | None) -> Look | None:
    """The look as stated, as the scene's tags say, or as its RPC implies."""
    said = stated or read_look(dataset)
    if not isinstance(model, RationalModel):
        return said
    implied = look_of(model, dataset.shape, height)
    if said is None:
        return implied
    turn = abs((said.azimuth - implied.azimuth + 180) % 360 - 180)
    if max(turn, abs(said.incidence - implied.incidence)) > _DEGREES_APART:
        log.warning(
            "the look is stated as azimuth %.1f, incidence %.1f, but the RPC of %s looks along %.1f, %.1f",
            *(said.azimuth, said.incidence, dataset.name, implied.azimuth, implied.incidence),
        )
    return said
