"""Record of a simulated scene: the content of `scene.json`."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from oemsar.config_file import Value
from oemsar.geometry.rpc import Misfit
from oemsar.simulate.scene.acquisition import ALTITUDE
from oemsar.simulate.scene.world import FORMAT, SimulatedScene
from oemsar.simulate.sensor.radar_grid import SlantRangeImage


class SceneSummary(Value):
    """A simulated scene that was written."""

    folder: Path
    """Folder of the scene."""
    size: int
    """Rows and columns of the scene."""
    gsd: float
    """Ground sampling distance of the radar image in metres."""
    crs: str
    """CRS of the scene."""
    look_azimuth: float
    """Direction in which the radar looks, in degrees clockwise from true north."""
    incidence: float
    """Incidence angle at the centre in degrees."""
    reflectors: int
    """Number of corner reflectors."""


def summarise_scene(scene: SimulatedScene, folder: Path) -> SceneSummary:
    """Summarise a scene that was written to a folder."""
    geometry = scene.geometry
    return SceneSummary(
        folder=folder,
        size=geometry.config.size,
        gsd=geometry.config.gsd,
        crs=f"EPSG:{scene.acquisition.image.epsg}",
        look_azimuth=geometry.look.azimuth,
        incidence=geometry.look.incidence,
        reflectors=len(scene.reflectors),
    )


@dataclass(frozen=True)
class SlantFacts:
    """Geometry of the radar image in slant range.

    Attributes:
        misfit: Misfit of the rational model in pixels.
        image: Exact geometry.
    """

    misfit: Misfit
    image: SlantRangeImage

    def plain(self) -> dict[str, JsonValue]:
        """Give the geometry as plain values."""
        return {
            "rpc_misfit_px": asdict(self.misfit),
            "first_along_m": self.image.first[0],
            "first_slant_range_m": self.image.first[1],
            "row_spacing_m": self.image.spacing[0],
            "column_spacing_m": self.image.spacing[1],
        }


@dataclass(frozen=True)
class RadarFacts:
    """Misfits of the models of a scene's radar images.

    Attributes:
        misfit: Misfit of the rational model of the ground range image, in pixels.
        cubic_misfit: Misfit in pixels of the cubic map that echoes are focused by.
        slant: Geometry of the image in slant range; None where there is none.
    """

    misfit: Misfit
    cubic_misfit: float
    slant: SlantFacts | None

    def plain(self) -> dict[str, JsonValue]:
        """Give the misfits as plain values, without slant range where there is no such image."""
        misfits: dict[str, JsonValue] = {
            "rpc_misfit_px": asdict(self.misfit),
            "cubic_misfit_px": self.cubic_misfit,
        }
        return misfits if self.slant is None else {**misfits, "slant": self.slant.plain()}


def describe(scene: SimulatedScene, radar: RadarFacts) -> dict[str, JsonValue]:
    """Describe a scene as plain values: parameters, sensor model, geolocation error and heights.

    Args:
        scene: Simulated scene.
        radar: Misfits of its radar images, added to their geometry.
    """
    geometry, acquisition = scene.geometry, scene.acquisition
    image, track, error = acquisition.image, acquisition.image.track, geometry.error
    ground = scene.land_cover.ground[geometry.core]
    rows, columns = scene.reflectors.T
    easting, northing = geometry.on_map(columns.astype(float), rows.astype(float))
    height = scene.land_cover.ground[rows, columns].astype(float) + geometry.base
    column, row = image.to_image(easting, northing, height) if len(rows) else (rows, columns)
    return {
        "format": FORMAT,
        "config": geometry.config.model_dump(),
        "region": asdict(geometry.region),
        "crs": f"EPSG:{image.epsg}",
        "centre_lon_lat": list(geometry.centre),
        "look": {"azimuth": geometry.look.azimuth, "incidence": geometry.look.incidence},
        "ground_heights_m": {
            "vertical_datum": "ellipsoid",
            "lowest": float(ground.min()) + geometry.base,
            "highest": float(ground.max()) + geometry.base,
        },
        "sensor": {
            "model": "straight track in ECEF, zero Doppler, slant range",
            "altitude_m": ALTITUDE,
            "track_place_ecef_m": list(track.reference),
            "track_direction_ecef": list(track.direction),
            "slant_range_m": track.slant_range,
        },
        "ground_range_image": {
            "projection_height_m": image.height,
            "true_affine": list(image.affine[:6]),
            "claimed_affine": list(acquisition.claimed.affine[:6]),
            "shape": list(image.shape),
            "collect_px": acquisition.collect.tolist(),
            **radar.plain(),
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
