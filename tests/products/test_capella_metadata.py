"""Capella's JSON gives scale, calibration, look, plane and time of a product."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest

from oemsar.errors import InputError
from oemsar.products.capella_metadata import local_axes, parse_metadata, read_metadata

START = datetime(2025, 1, 1, tzinfo=UTC)


def _document(**image: Any) -> dict[str, Any]:
    return {"product_type": "SLC", "collect": {"image": {"scale_factor": 0.01, **image}}}


def _earth_centred(lon: float, lat: float, height: float) -> np.ndarray:
    transformer = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    return np.array(transformer.transform(lon, lat, height))


def test_look_and_plane_come_from_orbit_and_terrain_model() -> None:
    """A sensor due east of a target on the equator looks west."""
    target, sensor = [6378137.0, 0.0, 0.0], [6878137.0, 500e3, 0.0]
    document = _document(
        center_pixel={
            "incidence_angle": 45.0,
            "target_position": target,
            "center_time": "2025-01-01T00:00:00.5Z",
        },
        terrain_models={"reprojection": {"name": "ExplicitInflatedWGS84[-18.5]"}},
    )
    states = [{"time": f"2025-01-01T00:00:0{second}Z", "position": sensor} for second in (0, 1)]
    document["collect"]["state"] = {"state_vectors": states}
    document["collect"]["radar"] = {"transmit_polarization": "H", "receive_polarization": "V"}
    metadata = parse_metadata(document, "a.json")
    assert metadata.look is not None
    assert metadata.look.azimuth == pytest.approx(270)
    assert metadata.look.incidence == 45
    assert metadata.projection_height == -18.5
    assert metadata.polarisation == "HV"


@pytest.mark.parametrize("azimuth", [20.0, 110.0, 205.0, 330.0])
def test_an_oblique_look_is_from_the_position_at_the_centre_time(azimuth: float) -> None:
    """The sensor stands over a point found by pyproj, and passes it a quarter of the way between states."""
    lon, lat = 139.5, 35.7
    nadir = pyproj.Geod(ellps="WGS84").fwd(lon, lat, azimuth + 180, 30e3)[:2]
    sensor = _earth_centred(*nadir, 40e3)
    motion = np.array([300.0, -7000.0, 2000.0])
    states = [
        {
            "time": (START + timedelta(seconds=second)).isoformat(),
            "position": (sensor + moved * motion).tolist(),
        }
        for second, moved in ((0, -1), (4, 3), (8, 9))
    ]
    centre = {
        "incidence_angle": 36.0,
        "target_position": _earth_centred(lon, lat, 55.0).tolist(),
        "center_time": (START + timedelta(seconds=1)).isoformat(),
    }
    document = _document(center_pixel=centre)
    document["collect"]["state"] = {"state_vectors": states}
    look = parse_metadata(document, "a.json").look
    assert look is not None
    assert look.azimuth == pytest.approx(azimuth, abs=0.1)


def test_local_axes_point_along_meridian_parallel_and_normal() -> None:
    lon, lat = 139.5, -35.7
    here = _earth_centred(lon, lat, 0)
    steps = [
        _earth_centred(lon + 1e-6, lat, 0),
        _earth_centred(lon, lat + 1e-6, 0),
        _earth_centred(lon, lat, 1),
    ]
    for axis, step in zip(local_axes(here), steps, strict=True):
        np.testing.assert_allclose(axis, (step - here) / np.linalg.norm(step - here), atol=1e-6)


def test_rows_go_before_columns_and_the_time_of_the_centre_before_the_start() -> None:
    document = _document(rows=200, columns=31, center_pixel={"center_time": "2025-01-01T00:00:07Z"})
    document["collect"]["start_timestamp"] = "2025-01-01T00:00:01Z"
    metadata = parse_metadata(document, "a.json")
    assert metadata.shape == (200, 31)
    assert metadata.time == START + timedelta(seconds=7)
    del document["collect"]["image"]["center_pixel"]
    assert parse_metadata(document, "a.json").time == START + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("name", "quantity"),
    [("sigma_nought", "sigma0"), ("beta_nought", "beta0"), ("gamma_nought", "gamma0"), ("dn", None)],
)
def test_the_radiometry_names_the_quantity(name: str, quantity: str | None) -> None:
    calibration = parse_metadata(_document(radiometry=name, calibration="full"), "a").calibration
    assert (calibration and calibration.quantity) == quantity


def test_what_is_not_stated_is_none() -> None:
    metadata = parse_metadata({"collect": {"image": {"scale_factor": 2}}}, "a.json")
    assert metadata.product_type == metadata.copyright == metadata.licence == ""
    stated = (metadata.calibration, metadata.shape, metadata.polarisation, metadata.look, metadata.time)
    assert set(stated) == {None}
    assert metadata.projection_height is None


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_a_scale_factor_is_a_positive_number(scale: float) -> None:
    with pytest.raises(InputError, match=r"a\.json: its scale_factor .* is not a positive number"):
        parse_metadata(_document(scale_factor=scale), "a.json")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(_document()))
    assert read_metadata(path).scale_factor == 0.01
