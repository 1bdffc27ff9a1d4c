"""The names of Sentinel-1 RTC tell quantity, encoding and polarisation, as their providers document."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from oemsar.products.product import Encoding
from oemsar.products.sentinel1_names import named_rtc

HYP3 = "S1A_IW_20180128T161201_DVP_RTC30_G_gpuned_FD6A"
OPERA = "OPERA_L2_RTC-S1_T087-185679-IW2_20200101T161622Z_20250911T203016Z_S1A_30_v1.0"
SCENE = "S1A_IW_GRDH_1SDV_20201005T170824_20201005T170849_034664_04098A_2F79"


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("iw-vv.rtc.tiff", ("Planetary Computer", "VV", "gamma0", Encoding.POWER)),
        ("iw-vh.rtc.tiff?st=2024&sig=a%2Fb", ("Planetary Computer", "VH", "gamma0", Encoding.POWER)),
        ("S1A_IW_20201005_hh.rtc.tif", ("Planetary Computer", "HH", "gamma0", Encoding.POWER)),
        ("S1A_IW_20201005_VV_rtc.tiff", ("Planetary Computer", "VV", "gamma0", Encoding.POWER)),
        (f"{HYP3}_VV.tif", ("ASF HyP3", "VV", "gamma0", Encoding.POWER)),
        (f"{HYP3.replace('gpuned', 'sdwfcm')}_VH.tif", ("ASF HyP3", "VH", "sigma0", Encoding.DECIBEL)),
        (f"{HYP3.replace('gpuned', 'gauned')}_HH.tif", ("ASF HyP3", "HH", "gamma0", Encoding.AMPLITUDE)),
        ("S1B_IW_RT30_20180128T161201_G_gpn_VV.tif", ("ASF", "VV", "gamma0", Encoding.POWER)),
        ("S1B_IW_RT30_20180128T161201_G_saf_VH.tif", ("ASF", "VH", "sigma0", Encoding.AMPLITUDE)),
        (f"{OPERA}_VV.tif", ("OPERA", "VV", "gamma0", Encoding.POWER)),
        ("Gamma0_VH.tif", ("Sentinel-1 RTC on AWS", "VH", "gamma0", Encoding.POWER)),
    ],
)
def test_the_names_of_each_provider_are_read(name: str, facts: tuple[str, str, str, Encoding]) -> None:
    named = named_rtc(Path("scenes") / name)
    assert named is not None
    assert (named.provider, named.polarisation, named.quantity, named.encoding) == facts


@pytest.mark.parametrize(
    ("path", "time"),
    [
        (f"{HYP3}_VV.tif", (2018, 1, 28, 16, 12, 1)),
        (f"{OPERA}_VH.tif", (2020, 1, 1, 16, 16, 22)),
        (f"{SCENE}/measurement/iw-vv.rtc.tiff", (2020, 10, 5, 17, 8, 24)),
        (f"{SCENE}_vv.rtc.tiff", (2020, 10, 5, 17, 8, 24)),
    ],
)
def test_the_start_of_the_acquisition_is_in_the_name_or_in_the_folders(
    path: str, time: tuple[int, ...]
) -> None:
    named = named_rtc(Path(path))
    assert named is not None
    assert named.time == datetime(*time, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_a_name_without_a_date_or_with_an_impossible_one_tells_no_time() -> None:
    for name in ("iw-vv.rtc.tiff", f"{HYP3.replace('0128', '1328')}_VV.tif", "Gamma0_VV.tif"):
        named = named_rtc(Path(name))
        assert named is not None
        assert named.time is None


@pytest.mark.parametrize(
    "name",
    [
        "a.tif",
        "scene_VV.tif",
        f"{HYP3}_dem.tif",
        f"{HYP3}_VV_dB.tif",
        f"{HYP3.replace('gpuned', 'xpuned')}_VV.tif",
        f"{OPERA}_mask.tif",
        "iw-vv.tiff",
        "Gamma0_VV_db.tif",
        "vv.rtc.png",
    ],
)
def test_other_names_tell_nothing(name: str) -> None:
    assert named_rtc(Path(name)) is None
