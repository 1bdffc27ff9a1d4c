"""A simulated scene on disk: radar, orthophoto, heights, and the exact truth about them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from oemsar.errors import InputError
from oemsar.files import write_json
from oemsar.folders import claimed, is_record
from oemsar.geometry.look import look_tags
from oemsar.locks import holds_output
from oemsar.progress import Report, silent
from oemsar.raster.geotiff import write_raster
from oemsar.simulate.render.focus import collect_mask
from oemsar.simulate.render.optical import photograph
from oemsar.simulate.render.sar import Echoes
from oemsar.simulate.render.visibility import visibility
from oemsar.simulate.scene.changes import with_cars, with_other_crops
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.displacement import displacement, ortho_residual
from oemsar.simulate.scene.geometry import SceneGeometry
from oemsar.simulate.scene.radar import CARS, focus, receive
from oemsar.simulate.scene.record import RadarFacts, SlantFacts, describe
from oemsar.simulate.scene.streams import Stream, scene_stream
from oemsar.simulate.scene.vectors import buildings, roads
from oemsar.simulate.scene.world import SimulatedScene, build_scene
from oemsar.simulate.sensor.radar_grid import CubicMap

_VERTICAL = {"OEMSAR_VERTICAL_DATUM": "ellipsoid"}


_OTHER_CROPS = 0.2
"""Share of the fields that carry another crop in the orthophoto than in the radar image."""


@holds_output()
def simulate_scene(
    out: Path, *, config: SceneConfig = SceneConfig(), report: Report = silent
) -> SimulatedScene:
    """Write a simulated scene: radar, orthophoto, heights and the exact displacement between them.

    The files are described in docs/simulated_scenes.md.

    Args:
        out: Folder to write to; created where it is missing.
        config: Extent, relief and radar geometry.
        report: Called after each step.

    Raises:
        InputError: The folder holds a scene already or cannot be written to.
    """
    folder = out
    record = folder / "scene.json"
    if _is_scene(record) and not config.overwrite:
        raise InputError(
            f"{folder} holds a scene already; choose another folder or let it be replaced", option="overwrite"
        )
    with claimed(record, lambda: _is_scene(record)):
        record.unlink(missing_ok=True)
        return _write(config, folder, report)


def _is_scene(record: Path) -> bool:
    """Tell whether a file is the record of a simulated scene."""
    return is_record(record, "ground_range_image", "config")


def _write(config: SceneConfig, folder: Path, report: Report) -> SimulatedScene:
    """Make a scene and write its files, its record last."""
    slant = config.slant
    total = 5 + slant
    report(0, total)
    scene = build_scene(config)
    report(1, total)
    _write_surfaces(scene, folder)
    report(2, total)
    _write_truth(scene, folder)
    report(3, total)
    radar = _write_radar(scene, folder, slant=slant)
    report(total - 1, total)
    _write_vectors(scene, folder)
    write_json(folder / "scene.json", describe(scene, radar))
    report(total, total)
    return scene


def _write_surfaces(scene: SimulatedScene, folder: Path) -> None:
    """Write the orthophoto, the label, further inputs, and the heights of ground and surface."""
    geometry = scene.geometry
    inputs = geometry.config.inputs or ()
    rng = scene_stream(geometry.config, Stream.FLIGHT)
    flown = with_other_crops(with_cars(scene.land_cover, CARS, rng), geometry.region, _OTHER_CROPS, rng)
    own = scene_stream(geometry.config, Stream.INFRARED) if "nir" in inputs else None
    optical, nir = photograph(flown, geometry.region, geometry.core, rng, reach=geometry.reach, infrared=own)
    write_raster(folder / "optical.tif", _coarser(optical, geometry), geometry.optical, tiled=True)
    if nir is not None:
        write_raster(folder / "nir.tif", _coarser(nir[None], geometry), geometry.optical, tiled=True)
    if "height" in inputs:
        heights = _nearest(scene.still.height, geometry)
        write_raster(folder / "height.tif", heights[None], geometry.optical, tiled=True)
    label = _nearest(scene.still.classes, geometry)
    write_raster(folder / "label.tif", label[None], geometry.optical, tiled=True)
    base = np.float32(geometry.base)
    for name, height in (("dem", scene.still.ground), ("dsm", scene.still.top)):
        path = folder / f"{name}.tif"
        write_raster(path, (height + base)[None], geometry.canvas, tags=_VERTICAL, tiled=True)


def _write_truth(scene: SimulatedScene, folder: Path) -> None:
    """Write the displacement before and after orthorectification, and the masks."""
    geometry, ground = scene.geometry, scene.still.ground
    before = displacement(scene.acquisition, ground)
    write_raster(folder / "displacement.tif", before, geometry.optical, names=("column", "row"), tiled=True)
    after = ortho_residual(scene.acquisition, ground)
    write_raster(
        folder / "displacement_ortho.tif", after, geometry.optical, names=("east", "north"), tiled=True
    )
    seen = visibility(scene.still, geometry.region, geometry.reach)
    masks = np.stack([_nearest(each, geometry) for each in (seen.layover, seen.shadow, seen.ground)])
    names = ("layover", "shadow", "ground")
    write_raster(folder / "masks.tif", masks.astype(np.uint8), geometry.optical, names=names, tiled=True)


def _write_radar(scene: SimulatedScene, folder: Path, *, slant: bool) -> RadarFacts:
    """Write the radar images with their metadata and measure how well the metadata describe them."""
    geometry, acquisition, echoes = scene.geometry, scene.acquisition, receive(scene)
    image = acquisition.image
    pixels = focus(scene, echoes, acquisition.to_image, image.shape, Stream.SPECKLE)
    pixels *= collect_mask(acquisition.collect, image.shape)
    model, misfit = acquisition.rational_model(image)
    tags, rpcs = look_tags(geometry.look, image.height), model.to_rasterio()
    write_raster(folder / "sar.tif", pixels[None], acquisition.claimed, tags=tags, rpcs=rpcs, tiled=True)
    facts = _write_slant_range(scene, echoes, folder / "sar_slant.tif") if slant else None
    return RadarFacts(misfit, acquisition.to_image.misfit, facts)


def _write_slant_range(scene: SimulatedScene, echoes: Sequence[Echoes], path: Path) -> SlantFacts:
    """Write the radar image in slant range and describe its geometry."""
    acquisition = scene.acquisition
    oblique = acquisition.slant()
    # On a plane its pixels cover as much ground as those of the ground range image: the same power.
    to_image = CubicMap.fit(oblique.to_image, *acquisition.box)
    pixels = focus(scene, echoes, to_image, oblique.shape, Stream.SLANT)
    model, misfit = acquisition.rational_model(oblique)
    tags, rpcs = look_tags(scene.geometry.look), model.to_rasterio()
    write_raster(path, pixels[None], None, tags=tags, rpcs=rpcs, tiled=True)
    return SlantFacts(misfit, oblique)


def _write_vectors(scene: SimulatedScene, folder: Path) -> None:
    """Write roads and buildings."""
    write_json(folder / "roads.geojson", roads(scene.geometry, scene.plan))
    footprints = buildings(scene.geometry, scene.still)
    write_json(folder / "buildings.geojson", footprints)


def _nearest(raster: NDArray[Any], geometry: SceneGeometry) -> NDArray[Any]:
    """Sample a raster of the canvas at the pixel centres of the orthophoto."""
    rows, columns = geometry.optical.shape
    a, _, c, _, e, f = geometry.optical.affine[:6]
    down = geometry.on_canvas(np.full(rows, c), f + e * (np.arange(rows) + 0.5))[0]
    right = geometry.on_canvas(c + a * (np.arange(columns) + 0.5), np.full(columns, f))[1]
    return raster[np.ix_(np.floor(down + 0.5).astype(int), np.floor(right + 0.5).astype(int))]


def _coarser(optical: NDArray[np.uint8], geometry: SceneGeometry) -> NDArray[np.uint8]:
    """Average a rendered orthophoto from pixels of the canvas to its own."""
    rows, columns = geometry.optical.shape
    if optical.shape[1:] == (rows, columns):
        return optical
    ratio = geometry.optical.affine.a / geometry.config.gsd
    pixels = optical.transpose(1, 2, 0) if len(optical) == 3 else optical[0]
    image = Image.fromarray(pixels)
    image = image.resize((columns, rows), Image.Resampling.BOX, box=(0, 0, columns * ratio, rows * ratio))
    averaged = np.asarray(image)
    return np.ascontiguousarray(averaged.transpose(2, 0, 1) if averaged.ndim == 3 else averaged[None])
