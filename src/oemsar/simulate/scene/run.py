"""A simulated scene on disk: radar, orthophoto, heights, and the exact truth about them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from oemsar.errors import InputError
from oemsar.files import require_writable, write_json
from oemsar.geometry.look import look_tags
from oemsar.progress import Report, silent
from oemsar.raster.geotiff import write_raster
from oemsar.simulate.render.focus import collect_mask
from oemsar.simulate.render.optical import render_optical
from oemsar.simulate.render.visibility import see
from oemsar.simulate.scene.changes import resown, with_cars
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.displacement import displacement, ortho_residual
from oemsar.simulate.scene.radar import CARS, focus, receive
from oemsar.simulate.scene.record import describe
from oemsar.simulate.scene.site import Site
from oemsar.simulate.scene.vectors import buildings, roads
from oemsar.simulate.scene.world import Scene, Stream, build_scene
from oemsar.simulate.sensor.radar_grid import CubicMap

_VERTICAL = {"OEMSAR_VERTICAL_DATUM": "ellipsoid"}

_RESOWN = 0.2
"""Share of the fields that carry another crop in the orthophoto than in the radar image."""


def simulate_scene(
    config: SceneConfig,
    folder: Path,
    *,
    slant: bool = False,
    overwrite: bool = False,
    report: Report = silent,
) -> Scene:
    """Write the scene of `config` into `folder`; see docs/simulated_scenes.md for the files.

    Args:
        config: what to simulate.
        folder: where to; created if missing.
        slant: whether to write the slant range image too.
        overwrite: whether to replace the files of an earlier scene.
        report: called after each step.

    Raises:
        InputError: `folder` holds a scene already or cannot be written to.
    """
    require_writable(folder)
    record = folder / "scene.json"
    if record.exists():
        if not overwrite:
            raise InputError(f"{folder} holds a scene already; choose another folder or add --overwrite")
        record.unlink()
    total = 5 + slant
    report(0, total)
    scene = build_scene(config)
    report(1, total)
    _write_surfaces(scene, folder)
    report(2, total)
    _write_truth(scene, folder)
    report(3, total)
    facts = _write_radar(scene, folder, slant=slant)
    report(total - 1, total)
    _write_vectors(scene, folder)
    write_json(record, describe(scene, facts))
    report(total, total)
    return scene


def _write_surfaces(scene: Scene, folder: Path) -> None:
    """Orthophoto, label, and the heights of ground and surface."""
    site = scene.site
    rng = site.config.stream(Stream.FLIGHT)
    flown = resown(with_cars(scene.land_cover, CARS, rng), site.region, _RESOWN, rng)
    optical = _coarser(render_optical(flown, site.region, site.core, rng, reach=site.reach), site)
    write_raster(folder / "optical.tif", optical, site.optical, tiled=True)
    label = _nearest(scene.still.classes, site)
    write_raster(folder / "label.tif", label[None], site.optical, tiled=True)
    base = np.float32(site.base)
    for name, height in (("dem", scene.still.ground), ("dsm", scene.still.top)):
        path = folder / f"{name}.tif"
        write_raster(path, (height + base)[None], site.canvas, tags=_VERTICAL, tiled=True)


def _write_truth(scene: Scene, folder: Path) -> None:
    """Displacement before and after orthorectification, and the masks."""
    site, ground = scene.site, scene.still.ground
    before = displacement(scene.acquisition, ground)
    write_raster(folder / "displacement.tif", before, site.optical, names=("column", "row"), tiled=True)
    after = ortho_residual(scene.acquisition, ground)
    write_raster(folder / "displacement_ortho.tif", after, site.optical, names=("east", "north"), tiled=True)
    seen = see(scene.still, site.region, site.reach)
    masks = np.stack([_nearest(each, site) for each in (seen.layover, seen.shadow, seen.ground)])
    names = ("layover", "shadow", "ground")
    write_raster(folder / "masks.tif", masks.astype(np.uint8), site.optical, names=names, tiled=True)


def _write_radar(scene: Scene, folder: Path, *, slant: bool) -> dict[str, Any]:
    """Radar images with their metadata; returns the facts about their geometry."""
    site, acquisition, echoes = scene.site, scene.acquisition, receive(scene)
    image = acquisition.image
    pixels = focus(scene, echoes, acquisition.to_image, image.shape, Stream.SPECKLE)
    pixels *= collect_mask(acquisition.collect, image.shape)
    model, misfit = acquisition.rational_model(image)
    tags, rpcs = look_tags(site.look, image.height), model.to_rasterio()
    write_raster(folder / "sar.tif", pixels[None], acquisition.claimed, tags=tags, rpcs=rpcs, tiled=True)
    facts: dict[str, Any] = {"rpc_misfit_px": asdict(misfit), "cubic_misfit_px": acquisition.to_image.misfit}
    if slant:
        oblique = acquisition.slant()
        # On a plane its pixels cover as much ground as those of the ground range image: the same power.
        pixels = focus(
            scene, echoes, CubicMap.of(oblique.to_image, *acquisition.box), oblique.shape, Stream.SLANT
        )
        model, misfit = acquisition.rational_model(oblique)
        tags, rpcs = look_tags(site.look), model.to_rasterio()
        write_raster(folder / "sar_slant.tif", pixels[None], None, tags=tags, rpcs=rpcs, tiled=True)
        facts["slant"] = {
            "rpc_misfit_px": asdict(misfit),
            "first_along_m": oblique.first[0],
            "first_slant_range_m": oblique.first[1],
            "row_spacing_m": oblique.spacing[0],
            "column_spacing_m": oblique.spacing[1],
        }
    return facts


def _write_vectors(scene: Scene, folder: Path) -> None:
    write_json(folder / "roads.geojson", roads(scene.site, scene.plan))
    footprints = buildings(scene.site, scene.still)
    write_json(folder / "buildings.geojson", footprints)


def _nearest(raster: NDArray[Any], site: Site) -> NDArray[Any]:
    """A raster of the canvas on the orthophoto's grid: the value at the centre of each of its pixels."""
    rows, columns = site.optical.shape
    a, _, c, _, e, f = site.optical.affine[:6]
    down = site.on_canvas(np.full(rows, c), f + e * (np.arange(rows) + 0.5))[0]
    right = site.on_canvas(c + a * (np.arange(columns) + 0.5), np.full(columns, f))[1]
    return raster[np.ix_(np.floor(down + 0.5).astype(int), np.floor(right + 0.5).astype(int))]


def _coarser(optical: NDArray[np.uint8], site: Site) -> NDArray[np.uint8]:
    """The rendered orthophoto with its own pixels, which are means of those of the canvas."""
    rows, columns = site.optical.shape
    if optical.shape[1:] == (rows, columns):
        return optical
    ratio = site.optical.affine.a / site.config.gsd
    image = Image.fromarray(optical.transpose(1, 2, 0))
    image = image.resize((columns, rows), Image.Resampling.BOX, box=(0, 0, columns * ratio, rows * ratio))
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))
