"""ICEYE GRDs are calibrated to sigma nought by their factor; other products of ICEYE are refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint

from oemsar.errors import InputError
from oemsar.prepare.radiometry.config import RadiometryConfig
from oemsar.prepare.radiometry.run import apply_radiometry
from oemsar.products.product import Calibration, Encoding
from oemsar.products.registry import READERS, find_product
from oemsar.testing.products import check_reader

Write = Callable[..., Path]
FACTOR = 2.5e-5
SIGMA = np.random.default_rng(0).gamma(2, 0.05, (40, 70))
NUMBERS = np.sqrt(SIGMA / FACTOR).round().astype(np.uint16)
NAME = "ICEYE_X2_GRD_SM_16519_20200102T155349.tif"
PROPERTIES: dict[str, Any] = {
    "sar:product_type": "GRD-COG",
    "sar:polarizations": ["VV"],
    "start_datetime": "2020-01-02T15:53:49Z",
    "iceye:calibration_factor": FACTOR,
}
GCPS = [
    GroundControlPoint(row, column, 10 + column * 1e-4, 50 - row * 1e-4, 0)
    for row in (0, 40)
    for column in (0, 70)
]


def _tags(**changes: Any) -> dict[str, str]:
    return {"ICEYE_PROPERTIES": json.dumps(PROPERTIES | changes)}


def _beside(path: Path, suffix: str) -> None:
    text = f"<GRD><calibration_factor>{FACTOR}</calibration_factor><product_level>GRD</product_level></GRD>"
    item = json.dumps({"properties": PROPERTIES})
    path.with_suffix(suffix).write_text(text if suffix == ".xml" else item)


@pytest.mark.parametrize(
    ("name", "tags", "suffix", "reason"),
    [
        ("a.tif", _tags(), None, "tag ICEYE_PROPERTIES"),
        (
            "a.tif",
            {"SATELLITE_NAME": "ICEYE-X2", "CALIBRATION_FACTOR": str(FACTOR), "PRODUCT_LEVEL": "GRD"},
            None,
            "tags calibration_factor and satellite_name",
        ),
        (NAME, {}, ".json", "name of ICEYE and ICEYE_X2_GRD_SM_16519_20200102T155349.json beside it"),
        (NAME, {}, ".xml", "name of ICEYE and ICEYE_X2_GRD_SM_16519_20200102T155349.xml beside it"),
    ],
)
def test_tags_or_files_beside_tell_the_product(
    write_scene: Write, name: str, tags: dict[str, str], suffix: str | None, reason: str
) -> None:
    path = write_scene(name, NUMBERS, tags=tags)
    if suffix is not None:
        _beside(path, suffix)
    found = find_product(path)
    assert (found.product.kind, found.recognised_by) == ("iceye-grd", reason)
    assert (found.product.encoding, found.product.calibration) == (
        Encoding.AMPLITUDE,
        Calibration("sigma0", FACTOR),
    )
    assert found.metadata == (() if suffix is None else (path.with_suffix(suffix),))
    check_reader("iceye-grd", path)


@pytest.mark.parametrize(("name", "beside"), [("a.tif", ".json"), (NAME, None), (NAME, ".txt")])
def test_a_name_alone_or_any_file_beside_tells_nothing(
    write_scene: Write, name: str, beside: str | None
) -> None:
    path = write_scene(name, NUMBERS)
    if beside is not None:
        _beside(path, beside)
    assert READERS.find("iceye-grd").recognises(path) is None
    if beside != ".json":
        with pytest.raises(InputError, match="has no ICEYE metadata; put its"):
            find_product(path, "iceye-grd")


def test_sigma_nought_is_the_factor_times_the_squared_pixel(write_scene: Write, tmp_path: Path) -> None:
    """Zeros outside the swath carry no data; the control points stay."""
    numbers = NUMBERS.copy()
    numbers[:, :9] = 0
    path = write_scene("a.tif", numbers, tags=_tags(), gcps=GCPS, nodata=0)
    config = RadiometryConfig(remap="db-clip", db=(-20, 0), sigma0=True)
    summary = apply_radiometry(path, tmp_path / "out.tif", config=config)
    assert (summary.product, summary.polarisation) == ("iceye-grd", "VV")
    assert summary.time == "2020-01-02T15:53:49+00:00"
    sigma = FACTOR * numbers.astype(float) ** 2
    with rasterio.open(tmp_path / "out.tif") as dataset, np.errstate(divide="ignore"):
        expected = np.where(numbers > 0, np.clip(255 * (10 * np.log10(sigma) + 20) / 20, 1, 255), 0)
        assert np.abs(dataset.read(1) - expected).max() <= 1.1
        assert [(point.x, point.y) for point in dataset.gcps[0]] == [(p.x, p.y) for p in GCPS]
    mean = np.sqrt(sigma[numbers > 0]).mean()
    assert summary.statistics.mean == pytest.approx(mean, rel=1e-3)


def test_other_levels_are_refused(write_scene: Write) -> None:
    pair = np.stack([np.sqrt(SIGMA), SIGMA]).astype(np.float32)
    tags = _tags(**{"sar:product_type": "SLC-COG"})
    with pytest.raises(InputError, match="is an ICEYE SLC-COG, which is not read; give the GRD"):
        find_product(write_scene("a.tif", pair, tags=tags))
    named = write_scene("ICEYE_X2_SLC_SM_1.tif", NUMBERS)
    named.with_suffix(".json").write_text('{"properties": {"iceye:calibration_factor": 1}}')
    with pytest.raises(InputError, match="is an ICEYE SLC, which is not read"):
        find_product(named)


@pytest.mark.parametrize(("function", "read"), [("power", False), ("log", False), ("Linear", True)])
def test_amplitude_that_went_through_a_function_is_refused(
    write_scene: Write, function: str, read: bool
) -> None:
    path = write_scene("a.tif", NUMBERS, tags=_tags(**{"iceye:amplitude_mapping": {"function": function}}))
    if read:
        assert find_product(path).product.calibration == Calibration("sigma0", FACTOR)
        return
    with pytest.raises(InputError, match=f"stores amplitude through the function {function}, which is not"):
        find_product(path)


def test_a_scale_of_the_band_leaves_the_calibration_open(
    write_scene: Write, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_scene("a.tif", NUMBERS, tags=_tags())
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = (0.5,)
    assert find_product(path).product.calibration is None
    assert "has a scale or offset beside its calibration factor; it is read without" in caplog.text
