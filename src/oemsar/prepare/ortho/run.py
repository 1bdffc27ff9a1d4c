"""Orthorectification: a radar scene on a grid of the ground, its terrain taken out."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.files import scratch_folder, write_json
from oemsar.folders import is_record, require_apart, require_own
from oemsar.geometry.footprint import footprint, outline
from oemsar.geometry.look import Look, read_look
from oemsar.geometry.mapping import PixelMap
from oemsar.geometry.open_heights import open_heights
from oemsar.geometry.rpc import RationalModel
from oemsar.geometry.sensor import SensorModel, look_of, sensor_of
from oemsar.geometry.terrain import Terrain
from oemsar.locks import holds_output
from oemsar.prepare.ortho.config import OrthoConfig
from oemsar.prepare.ortho.grid import grid_over, metric_crs
from oemsar.prepare.ortho.pixel_map import OrthoMap
from oemsar.prepare.ortho.rasters import MASKS, LayoverShares, OrthoRasters, Source
from oemsar.prepare.ortho.summary import LookSummary, OrthoResult
from oemsar.products.stored import warn_unless_amplitude
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import cog_files
from oemsar.raster.image import Statement
from oemsar.raster.read import files_of, open_raster
from oemsar.raster.state import watch_rasters
from oemsar.record import RunRecord, origin, run_record

log = logging.getLogger(__name__)

_DEGREES_APART = 2.0
"""Difference in degrees between a stated look and that of the RPC above which a warning is given."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out, masks_path(out), out.with_suffix(".json")]


@holds_output(_held)
def orthorectify(scene: Path, out: Path, *, config: OrthoConfig, report: Report = silent) -> OrthoResult:
    """Orthorectify a scene, block by block.

    Writes `out`, a COG of the scene's bands and type with the look in its tags; `_masks.tif` beside it where
    a surface model is given, with the bands layover, shadow and valid (0, 1; 255 where the surface model has
    no height); and `.json`, the summary.

    Args:
        scene: Amplitude with an RPC, or with an affine and its look.
        out: GeoTIFF to write, ending in .tif.
        config: Grid, elevation models and treatment.
        report: Called with the rows done and in all.

    Returns:
        Files, grid, look, shares of pixels, and the record of the run.

    Raises:
        InputError: The scene does not state its geometry or holds complex pixels, an elevation model does
            not state its datum or does not cover the scene, the grid makes no sense, or an output would
            replace an input.
    """
    _require_geotiff(out)
    crs, terrain = metric_crs(config.crs), _terrain(config)
    _require_apart(scene, terrain, out)
    watched = watch_rasters((scene, *terrain.files()))
    with (
        gdal_cache(),
        open_raster(scene) as dataset,
        open_heights(terrain.dem, terrain.datum, terrain.geoid, terrain.void) as heights,
    ):
        _require_amplitude(dataset, scene, config)
        model = sensor_of(dataset, config.look, config.projection_height)
        source = Source.from_dataset(dataset, scene, Statement(config.bands, config.nodata))
        ground = footprint(model, heights, outline(dataset.shape, source.filled))
        grid = grid_over(ground, crs, config.gsd, dataset.width * dataset.height)
        look = _look(dataset, model, heights.mean(), config.look)
        mapping = _Counting(OrthoMap.from_grid(grid, heights, model), dataset.shape, heights.mean())
        needed = OrthoRasters.bytes_needed(source, grid, masks=config.dsm is not None)
        with scratch_folder(out, needed) as folder:
            rasters = OrthoRasters(folder, grid, look, report, watched)
            valid, masked = _publish(rasters, source, mapping, out, config)
    mapping.warn_of_losses(terrain.dem)
    result = OrthoResult(
        ortho=out.name,
        masks=None if masked is None else masks_path(out).name,
        sensor_model="rpc" if isinstance(model, RationalModel) else "ground range",
        pixels_without_height=mapping.lost,
        crs=config.crs,
        gsd=config.gsd,
        shape=grid.shape.yx,
        affine=tuple(float(value) for value in grid.affine[:6]),
        look=None if look is None else LookSummary.from_look(look),
        valid_share=valid,
        layover_share=None if masked is None else masked.layover,
        shadow_share=None if masked is None else masked.shadow,
        record=_record(scene, terrain, config),
    )
    write_json(out.with_suffix(".json"), result.plain())
    return result


def _require_apart(scene: Path, terrain: Terrain, out: Path) -> None:
    """Check that no output replaces an input, nor masks or a summary of another origin."""
    inputs = [file for path in (scene, *terrain.files()) for file in files_of(path)]
    require_apart([*cog_files(out), *cog_files(masks_path(out)), out.with_suffix(".json")], inputs)
    require_own([masks_path(out)], _is_masks, "the masks of an image")
    require_own([out.with_suffix(".json")], _is_summary, "the summary of an orthorectified image")


def _terrain(config: OrthoConfig) -> Terrain:
    return Terrain(config.dem, config.geoid, config.dsm, config.dem_datum, config.dem_void)


def _publish(
    rasters: OrthoRasters, source: Source, mapping: PixelMap, out: Path, config: OrthoConfig
) -> tuple[float, LayoverShares | None]:
    """Write the image and, with a surface model, its masks; give the shares of valid and of masked pixels."""
    if config.dsm is not None:
        rasters.find_masks(_terrain(config), config.dsm)
    for file in cog_files(masks_path(out)):
        file.unlink(missing_ok=True)  # those of an earlier image
    power = config.values == "amplitude"
    valid = rasters.publish_image(source, mapping, out, power=power, kernel=config.kernel)
    return valid, None if config.dsm is None else rasters.publish_masks(masks_path(out))


def _record(scene: Path, terrain: Terrain, config: OrthoConfig) -> RunRecord:
    """Describe the run, elevation models by name and checksum."""
    names = ["crs", "gsd", "dem_datum", "look", "projection_height", "values", "kernel", "bands", "nodata"]
    if config.dem_void != "refuse":
        names.append("dem_void")
    inputs = [origin(path) for path in (scene, *terrain.files())]
    return run_record({**{name: getattr(config, name) for name in names}, "inputs": inputs})


def _is_summary(path: Path) -> bool:
    """Tell whether a file is the summary of an orthorectified image."""
    return is_record(path, "ortho", "sensor_model")


def _is_masks(path: Path) -> bool:
    """Tell whether a file holds masks of layover and shadow."""
    try:
        with open_raster(path) as dataset:
            return tuple(dataset.descriptions) == MASKS
    except InputError:
        return False


def masks_path(out: Path) -> Path:
    """Name the file of the masks that go with the image `out`."""
    return out.with_name(f"{out.stem}_masks.tif")


@dataclass
class _Counting:
    """An `OrthoMap` that counts the pixels of the scene it lost for want of a height."""

    mapping: OrthoMap
    shape: tuple[int, int]
    height: float
    lost: int = 0

    def __call__(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """Compute column and row in the scene of pixels of the grid, centres at integers."""
        column, row = self.mapping(x, y)
        nowhere = np.isnan(column)
        if nowhere.any():
            self.lost += self.mapping.lost(x[nowhere], y[nowhere], self.shape, self.height)
        return column, row

    def warn_of_losses(self, dem: Path) -> None:
        """Warn of pixels of the scene that have no height, where there are any."""
        if self.lost:
            log.warning("%d pixels of the scene have no height in %s; they carry no data", self.lost, dem)


def _require_geotiff(out: Path) -> None:
    if out.suffix.lower() not in {".tif", ".tiff"}:
        raise InputError(f"{out} does not end in .tif; the result is a GeoTIFF", option="out")


def _require_amplitude(dataset: DatasetReader, scene: Path, config: OrthoConfig) -> None:
    if config.values == "amplitude":
        warn_unless_amplitude(scene)
    if config.values == "amplitude" and np.dtype(dataset.dtypes[0]).kind == "c":
        raise InputError(
            f"{scene} holds complex pixels where amplitude is due; "
            "run `oemsar prepare radiometry` on it first"
        )


def _look(dataset: DatasetReader, model: SensorModel, height: float, stated: Look | None) -> Look | None:
    """Give the look as stated, else as in the scene's tags, else as implied by its RPC."""
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
