"""A bucket of Umbra's open data in its three layouts, with the faults that its catalogue has."""

import io
from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine

from .static import Bucket, catalogue

ROOT = "sar-data/tasks"
TURNED = Affine.translation(448_000, 5_411_000) @ Affine.rotation(-31) @ Affine.scale(0.5, -0.5)
"""Grid of a scene near Paris, EPSG:32631, turned into the direction of flight."""
HERE = (2.28, 48.84, 2.32, 48.87)
"""Box around the scenes, degrees."""
ELSEWHERE = (-77.1, 38.8, -77.0, 38.9)


def gec(seed: int, shape: tuple[int, int] = (150, 210)) -> bytes:
    """The GeoTIFF of a scene: speckle on a rotated grid."""
    pixels: NDArray[np.uint8] = (
        np.random.default_rng(seed).rayleigh(40, (1, *shape)).clip(1, 255).astype("u1")
    )
    buffer = io.BytesIO()
    profile = {"driver": "GTiff", "count": 1, "height": shape[0], "width": shape[1], "dtype": "uint8"}
    with rasterio.open(buffer, "w", crs="EPSG:32631", transform=TURNED, tiled=True, **profile) as dataset:
        dataset.write(pixels)
    return buffer.getvalue()


def polygon(box: tuple[float, float, float, float]) -> dict[str, object]:
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def item(
    name: str,
    time: str,
    satellite: int,
    *,
    box: tuple[float, float, float, float] = HERE,
    hrefs: dict[str, str] | None = None,
    **properties: object,
) -> dict[str, object]:
    """An item of the catalogue."""
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "bbox": list(box),
        "geometry": polygon(box),
        "properties": {"datetime": time, "platform": f"Umbra-{satellite:02}", **properties},
        "assets": {key: {"href": href} for key, href in (hrefs or {"GEC": ""}).items()},
        "links": [],
    }


def legacy(time: str, box: tuple[float, float, float, float] = HERE) -> dict[str, object]:
    """A METADATA.json of Umbra's own schema."""
    west, south, east, north = box
    ring = [[west, south, 40.0], [east, south, 40.0], [east, north, 40.0], [west, north, 40.0]]
    return {
        "version": "1.0.0",
        "vendor": "Umbra Space",
        "collects": [
            {
                "id": "c",
                "startAtUTC": time,
                "endAtUTC": time,
                "polarizations": ["VV"],
                "angleIncidenceDegrees": 47.4,
                "angleAzimuthDegrees": 122.1,
                "footprintPolygonLla": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
                "maxGroundResolution": {"azimuthMeters": 0.55, "rangeMeters": 0.54},
            }
        ],
    }


@dataclass(frozen=True)
class Planted:
    """The bucket and the names of its scenes."""

    bucket: Bucket
    right: str
    empty: str
    wrong: str
    newer: str
    older: str
    far: str


def plant() -> Planted:
    """Fill a bucket: one scene whose links are right and others whose links or places are not."""
    bucket = Bucket("umbra-open-data-catalog")
    stamps = {
        "right": "2023-04-30-14-49-27_UMBRA-05",
        "empty": "2023-05-02-09-10-11_UMBRA-04",
        "wrong": "2023-05-02-21-00-59_UMBRA-06",
        "newer": "2024-01-15-03-04-05_UMBRA-08",
        "older": "2023-02-11-12-00-00_UMBRA-04",
        "far": "2023-05-02-09-10-12_UMBRA-05",
    }
    paris = f"{ROOT}/ad hoc/Paris, 50 cm/Paris, 50 cm /672ad2cf-2ba7-4774-a4f4-023c0767bef8"
    right, empty, wrong = (f"{paris}/{stamps[name]}/{stamps[name]}" for name in ("right", "empty", "wrong"))
    newer = f"sar-data/task-data/1111-task/{stamps['newer']}"
    older = f"{ROOT}/Panama Canal, Panama/2222-task/{stamps['older']}"
    for seed, stem in enumerate((right, empty, wrong)):
        bucket.files[f"{stem}_GEC.tif"] = gec(seed)
        bucket.put_json(f"{stem}_METADATA.json", legacy(_iso(stem)))
        bucket.files[f"{stem}_CPHD.cphd"] = bytes(5000)
    bucket.files[f"{newer}/{stamps['newer']}_GEC.tif"] = gec(4)
    facts = {
        "umbra:target_azimuth_angle_degrees": 90.0,
        "umbra:grazing_angle_degrees": 50.0,
        "sar:polarizations": ["VV"],
    }
    bucket.put_json(f"{newer}/5d7c.stac.v2.json", item("5d7c", "2024-01-15T03:04:05Z", 8, **facts))
    bucket.files[f"{older}.tif"] = gec(5)
    far = f"{ROOT}/Washington, DC/3333/{stamps['far']}/{stamps['far']}"
    bucket.files[f"{far}_GEC.tif"] = gec(6)
    bucket.put_json(f"{far}_METADATA.json", legacy(_iso(far), ELSEWHERE))
    bucket.in_parts.add(f"{wrong}_GEC.tif")
    host = "https://umbra-open-data-catalog.s3.amazonaws.com"
    quoted = right.replace(" ", "%20")
    catalogue(
        bucket,
        {
            "2023-02-11": [item("i-older", "2023-02-11T12:00:00.431Z", 4)],
            "2023-04-30": [
                item("i-right", "2023-04-30T14:49:27Z", 5, hrefs={"GEC": f"{host}/{quoted}_GEC.tif"})
            ],
            "2023-05-02": [
                item("i-empty", "2023-05-02T09:10:11.7Z", 4, hrefs={"GEC": "", "METADATA": ""}),
                item(
                    "i-wrong",
                    "2023-05-02T21:00:58.9Z",
                    6,
                    hrefs={"GEC": f"{host}/{ROOT}/Elsewhere/9999/2023_GEC.tif"},
                ),
                item("i-far", "2023-05-02T09:10:12Z", 5),
                item("i-lost", "2022-12-24T00:00:00Z", 1),
            ],
            "2024-01-15": [
                item("i-newer", "2024-01-15T03:04:05Z", 8, **{"umbra:task_id": "1111-task", **facts})
            ],
        },
    )
    return Planted(bucket, **stamps)


def _iso(stem: str) -> str:
    stamp = stem.rpartition("/")[2]
    return f"{stamp[:10]}T{stamp[11:19].replace('-', ':')}+00:00"
