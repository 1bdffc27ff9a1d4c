"""What `scene.json` says about a simulated scene."""

from dataclasses import asdict
from typing import Any

import numpy as np

from oemsar.simulate.scene.acquisition import ALTITUDE
from oemsar.simulate.scene.world import FORMAT, Scene


def describe(scene: Scene, facts: dict[str, Any]) -> dict[str, Any]:
    """Parameters, sensor model, geolocation error and heights of a scene as plain values.

    Args:
        scene: the scene.
        facts: about its radar images, added to their geometry.
    """
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
