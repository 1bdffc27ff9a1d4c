"""Record of a simulated scene: the content of `scene.json`."""

from dataclasses import asdict
from typing import Any

import numpy as np

from oemsar.simulate.scene.acquisition import ALTITUDE
from oemsar.simulate.scene.world import FORMAT, SimulatedScene


def describe(scene: SimulatedScene, facts: dict[str, Any]) -> dict[str, Any]:
    """Parameters, sensor model, geolocation error and heights of a scene as plain values.

    Args:
        scene: the scene.
        facts: about its radar images, added to their geometry.
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
