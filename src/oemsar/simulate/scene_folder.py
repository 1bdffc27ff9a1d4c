"""A simulated scene on disk: radar, orthophoto, heights, and the exact truth about them."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from oemsar.errors import InputError
from oemsar.files import require_writable, write_json
from oemsar.geometry.look import look_tags
from oemsar.geometry.rpc import Misfit, RationalModel
from oemsar.progress import Report, silent
from oemsar.simulate.acquisition import ALTITUDE, Acquisition, SceneConfig, Site, aim, choose_site
from oemsar.simulate.displacement import displacement, ortho_residual
from oemsar.simulate.focus import accumulate, collect_mask, subdivided
from oemsar.simulate.landcover import LandCoverMap, raise_land_cover
from oemsar.simulate.landscape import draw_landscape
from oemsar.simulate.layout import plan
from oemsar.simulate.noise import Raster
from oemsar.simulate.optical import render_optical
from oemsar.simulate.radar_grid import CubicMap, GroundRangeImage, SlantRangeImage
from oemsar.simulate.reflectors import PEAK_LEVEL, place_reflectors, point_response
from oemsar.simulate.sar import add_stray, digitise, gather_echoes
from oemsar.simulate.site import Site as Plan
from oemsar.simulate.tiff import write_raster
from oemsar.simulate.vectors import buildings, roads
from oemsar.simulate.visibility import see

FORMAT = 1
"""Number of the scene's rules; a change of any pixel for the same options raises it."""

_LANDSCAPE, _USES, _PLAN, _RAISE, _OPTICAL, _ECHOES, _SPECKLE, _SLANT, _REFLECTORS = range(10, 19)

_RPC_STEPS = 13
_RPC_HEIGHTS = 7
_RPC_REACH = 60.0
"""Metres of height below and above the scene that the rational model holds for."""

_VERTICAL = {"OEMSAR_VERTICAL_DATUM": "ellipsoid"}


@dataclass(frozen=True)
class Scene:
    """A scene before its images are rendered.

    Attributes:
        site: where it lies.
        plan: streets, buildings and trees as planned.
        land_cover: the world on the canvas.
        acquisition: how the radar sees it.
        reflectors: rows and columns (canvas) of corner reflectors.
    """

    site: Site
    plan: Plan
    land_cover: LandCoverMap
    acquisition: Acquisition
    reflectors: NDArray[np.intp]


def build_scene(config: SceneConfig) -> Scene:
    """Draw the world of `config` and point the radar at it."""
    site = choose_site(config)
    region = site.region
    landscape = draw_landscape(
        region.character,
        site.shape,
        config.stream(_LANDSCAPE),
        gsd=config.gsd,
        relief=config.relief,
        scene=site.core,
    )
    suited = landscape.suited(config.gsd, config.stream(_USES))
    layout = plan(region, site.shape, config.stream(_PLAN), waters=landscape.waters, suited=suited)
    land_cover = raise_land_cover(layout, config.stream(_RAISE), landscape.ground)
    acquisition = aim(site, land_cover.ground, land_cover.top)
    reflectors = place_reflectors(site, land_cover, config.reflectors, config.stream(_REFLECTORS))
    return Scene(site, layout, land_cover, acquisition, reflectors)


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
    write_json(record, _describe(scene, facts))
    report(total, total)
    return scene


def _write_surfaces(scene: Scene, folder: Path) -> None:
    """Orthophoto, label, and the heights of ground and surface."""
    site, land_cover = scene.site, scene.land_cover
    optical = render_optical(land_cover, site.region, site.core, site.config.stream(_OPTICAL))
    write_raster(folder / "optical.tif", optical, site.optical, tiled=True)
    label = np.ascontiguousarray(land_cover.classes[site.core])
    write_raster(folder / "label.tif", label[None], site.optical, tiled=True)
    base = np.float32(site.base)
    write_raster(
        folder / "dem.tif", (land_cover.ground + base)[None], site.canvas, tags=_VERTICAL, tiled=True
    )
    write_raster(folder / "dsm.tif", (land_cover.top + base)[None], site.canvas, tags=_VERTICAL, tiled=True)


def _write_truth(scene: Scene, folder: Path) -> None:
    """Displacement before and after orthorectification, and the masks."""
    site, ground = scene.site, scene.land_cover.ground
    before = displacement(scene.acquisition, ground)
    write_raster(folder / "displacement.tif", before, site.optical, names=("column", "row"), tiled=True)
    after = ortho_residual(scene.acquisition, ground)
    write_raster(folder / "displacement_ortho.tif", after, site.optical, names=("east", "north"), tiled=True)
    seen = see(scene.land_cover, site.region, site.reach)
    masks = np.stack([seen.layover[site.core], seen.shadow[site.core], seen.ground[site.core]])
    names = ("layover", "shadow", "ground")
    write_raster(folder / "masks.tif", masks.astype(np.uint8), site.optical, names=names, tiled=True)


def _write_radar(scene: Scene, folder: Path, *, slant: bool) -> dict[str, Any]:
    """Radar images with their metadata; returns the facts about their geometry."""
    site, acquisition = scene.site, scene.acquisition
    config, image = site.config, acquisition.image
    surface, *points = gather_echoes(scene.land_cover, site.region, config.stream(_ECHOES))
    echoes = [*subdivided(surface, scene.land_cover.ground, site.region.look_azimuth, config.gsd), *points]
    tags = look_tags(site.look, image.height)

    pixels = _render(scene, echoes, acquisition.to_image, image.shape, _SPECKLE)
    pixels *= collect_mask(acquisition.collect, image.shape)
    model, misfit = _rational_model(acquisition, image)
    write_raster(
        folder / "sar.tif", pixels[None], acquisition.claimed, tags=tags, rpcs=model.to_rasterio(), tiled=True
    )
    facts: dict[str, Any] = {"rpc_misfit_px": asdict(misfit), "cubic_misfit_px": acquisition.to_image.misfit}
    if slant:
        oblique = acquisition.slant()
        # A pixel of equal slant range and ground pixels hold the same ground on a plane.
        pixels = _render(
            scene, echoes, CubicMap.of(oblique.to_image, *acquisition.box), oblique.shape, _SLANT
        )
        model, misfit = _rational_model(acquisition, oblique)
        del tags["OEMSAR_PROJECTION_HEIGHT"]
        write_raster(
            folder / "sar_slant.tif", pixels[None], None, tags=tags, rpcs=model.to_rasterio(), tiled=True
        )
        facts["slant"] = {
            "rpc_misfit_px": asdict(misfit),
            "first_along_m": oblique.first[0],
            "first_slant_range_m": oblique.first[1],
            "row_spacing_m": oblique.spacing[0],
            "column_spacing_m": oblique.spacing[1],
        }
    return facts


def _render(
    scene: Scene,
    echoes: list[Any],
    places: CubicMap,
    shape: tuple[int, int],
    part: int,
) -> NDArray[np.uint8]:
    """The 8-bit image of all echoes, with speckle and the corner reflectors."""
    site = scene.site

    def where(columns: Any, rows: Any, heights: Any) -> Any:  # noqa: ANN401
        return places(*site.on_map(columns, rows), heights + site.base)

    power = np.zeros((shape[0] + 2) * (shape[1] + 2))
    for each in echoes:
        accumulate(each, where, shape, power)
    intensity = power.reshape(shape[0] + 2, shape[1] + 2)[1:-1, 1:-1].astype(np.float32)
    intensity = add_stray(intensity, site.config.gsd)
    bright: Raster | None = None
    if len(scene.reflectors):
        rows, columns = scene.reflectors.T
        column, row = where(columns, rows, scene.land_cover.ground[rows, columns].astype(np.float64))
        peak = ((PEAK_LEVEL - site.region.radar_offset) / site.region.radar_gain) ** 2
        bright = point_response(column.tolist(), row.tolist(), peak, shape)
    return digitise(intensity, site.region, site.config.stream(part), bright)


def _rational_model(
    acquisition: Acquisition, image: GroundRangeImage | SlantRangeImage
) -> tuple[RationalModel, Misfit]:
    """The rational model of an image, with the geolocation error, and how far it is from the exact one.

    The misfit is taken on points between those of the fit.
    """

    def sample(steps: int, levels: int) -> tuple[NDArray[np.float64], ...]:
        (left, bottom, low), (right, top, high) = acquisition.box
        axes = (
            np.linspace(left, right, steps),
            np.linspace(bottom, top, steps),
            np.linspace(low - _RPC_REACH, high + _RPC_REACH, levels),
        )
        east, north, height = (each.ravel() for each in np.meshgrid(*axes, indexing="ij"))
        column, row = image.to_image(*acquisition.site.error.true(east, north), height)
        to_wgs84 = Transformer.from_crs(acquisition.image.epsg, 4326, always_xy=True)
        lon, lat = to_wgs84.transform(east, north)
        return lon, lat, height, row, column

    model = RationalModel.fit(*sample(_RPC_STEPS, _RPC_HEIGHTS))
    return model, model.misfit(*sample(_RPC_STEPS - 1, _RPC_HEIGHTS - 1))


def _write_vectors(scene: Scene, folder: Path) -> None:
    write_json(folder / "roads.geojson", roads(scene.site, scene.plan))
    footprints = buildings(scene.site, scene.plan, scene.land_cover, scene.land_cover.ground)
    write_json(folder / "buildings.geojson", footprints)


def _describe(scene: Scene, facts: dict[str, Any]) -> dict[str, Any]:
    """What scene.json holds: parameters, sensor model, error, heights."""
    site, acquisition = scene.site, scene.acquisition
    image, track, error = acquisition.image, acquisition.image.track, site.error
    ground = scene.land_cover.ground[site.core]
    rows, columns = scene.reflectors.T
    easting, northing = site.on_map(columns.astype(float), rows.astype(float))
    height = scene.land_cover.ground[rows, columns].astype(float) + site.base
    column, row = image.to_image(easting, northing, height) if len(rows) else (rows, columns)
    return {
        "format": FORMAT,
        "config": asdict(site.config),
        "region": asdict(site.region),
        "crs": f"EPSG:{image.epsg}",
        "centre_lon_lat": list(site.centre),
        "look": {"azimuth": site.look.azimuth, "incidence": site.look.incidence},
        "ground_heights_m": {
            "vertical_datum": "ellipsoid",
            "lowest": float(ground.min()) + site.base,
            "highest": float(ground.max()) + site.base,
        },
        "sensor": {
            "model": "straight track in ECEF, zero Doppler, slant range",
            "altitude_m": ALTITUDE,
            "track_place_ecef_m": list(track.place),
            "track_direction_ecef": list(track.direction),
            "slant_range_m": track.slant_range,
        },
        "ground_range_image": {
            "projection_height_m": image.height,
            "true_affine": list(image.affine[:6]),
            "claimed_affine": list(acquisition.claimed.affine[:6]),
            "shape": list(image.shape),
            "collect_px": acquisition.collect.tolist(),
            **facts,
        },
        "geolocation_error": {
            "east_m": error.east,
            "north_m": error.north,
            "rotation_rad": error.rotation,
            "scale": error.scale,
            "centre": list(error.centre),
        },
        "reflectors": [
            {"easting": e, "northing": n, "height": h, "column": c, "row": r}
            for e, n, h, c, r in np.stack([easting, northing, height, column, row], axis=1).tolist()
        ],
    }
