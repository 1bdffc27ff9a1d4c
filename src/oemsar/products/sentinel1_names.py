"""Names under which providers deliver Sentinel-1 RTC, one file for each polarisation.

- Planetary Computer, collection sentinel-1-rtc: `iw-vv.rtc.tiff` in the folder of the scene; gamma nought,
  linear power, float32, nodata -32768.
- ASF HyP3: `S1x_yy_aaaaaaaaTbbbbbb_ppo_RTCzz_u_defklm_ssss_VV.tif` (HyP3 RTC Product Guide, naming
  convention): d is g or s, gamma nought or sigma nought; e is p, d or a, power, decibels or amplitude. Older
  packages of ASF: `S1x_yy_RTzz_aaaaaaaaTbbbbbb_c_def_VV.tif` with d and e as above.
- OPERA RTC-S1: `OPERA_L2_RTC-S1_Tttt-bbbbbb-IWn_aaaaaaaaTbbbbbbZ_..._VV.tif`; gamma nought, linear power.
- Sentinel-1 RTC on AWS (sentinel-s1-rtc-indigo): `Gamma0_VV.tif`; gamma nought, linear power.

None of these was tried on a real file, only on files made by these facts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from oemsar.products.product import Encoding

_POLARISATION = r"(?P<polarisation>VV|VH|HH|HV)"
_SCALES = {"p": Encoding.POWER, "d": Encoding.DECIBEL, "a": Encoding.AMPLITUDE}
_FOLDERS = 2
"""Number of folders above a file in whose names the scene is sought."""


@dataclass(frozen=True)
class NamedRtc:
    """Facts that the name of a file of Sentinel-1 RTC tells.

    Attributes:
        provider: Who made it, such as `ASF HyP3`.
        polarisation: Transmitted and received, such as `VV`.
        quantity: Meaning of the squared amplitude.
        encoding: Relation of pixels to amplitude.
        time: Start of the acquisition; None where no name tells it.
        credit: Words on the processing that a publication must carry; empty where the provider asks none.
    """

    provider: str
    polarisation: str
    quantity: Literal["sigma0", "gamma0"] = "gamma0"
    encoding: Encoding = Encoding.POWER
    time: datetime | None = None
    credit: str = ""


def named_rtc(path: Path) -> NamedRtc | None:
    """Read the name of a file of Sentinel-1 RTC.

    Args:
        path: File; what follows a question mark, as in a signed address, is left out.

    Returns:
        The facts that it tells, or None for any other name.
    """
    name = path.name.split("?")[0]
    for pattern, facts in _PATTERNS:
        match = pattern.fullmatch(name)
        if match is not None:
            return facts(match, path)
    return None


def _planetary(match: re.Match[str], path: Path) -> NamedRtc:
    return NamedRtc("Planetary Computer", match["polarisation"].upper(), time=_scene_time(path))


def _hyp3(match: re.Match[str], path: Path) -> NamedRtc:
    return NamedRtc(
        "ASF HyP3",
        match["polarisation"],
        "gamma0" if match["radiometry"] == "g" else "sigma0",
        _SCALES[match["scale"]],
        _time(match["time"]),
        "RTC product processed by ASF DAAC HyP3 using GAMMA software",
    )


def _asf(match: re.Match[str], path: Path) -> NamedRtc:
    return NamedRtc(
        "ASF",
        match["polarisation"],
        "gamma0" if match["radiometry"] == "g" else "sigma0",
        _SCALES[match["scale"]],
        _time(match["time"]),
        "RTC product processed by ASF DAAC",
    )


def _opera(match: re.Match[str], path: Path) -> NamedRtc:
    return NamedRtc(
        "OPERA", match["polarisation"], time=_time(match["time"]), credit="OPERA RTC-S1 processed by NASA/JPL"
    )


def _indigo(match: re.Match[str], path: Path) -> NamedRtc:
    return NamedRtc("Sentinel-1 RTC on AWS", match["polarisation"])


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Path], NamedRtc]], ...] = (
    (re.compile(rf"(?:.*[-_.])?{_POLARISATION}[-_.]rtc\.tiff?", re.IGNORECASE), _planetary),
    (
        re.compile(
            r"S1[A-D]_[A-Z0-9]{2}_(?P<time>\d{8}T\d{6})_[SD][HV][PRO]_RTC\d{2}_[A-Z]_(?P<radiometry>[gs])"
            rf"(?P<scale>[pda])[uw][nf][ec][dm]_[0-9A-Z]{{4}}_{_POLARISATION}\.tiff?"
        ),
        _hyp3,
    ),
    (
        re.compile(
            r"S1[A-D]_[A-Z0-9]{2}_RT\d{2}_(?P<time>\d{8}T\d{6})_[A-Z]_(?P<radiometry>[gs])(?P<scale>[pda])"
            rf"[nf]_{_POLARISATION}\.tiff?"
        ),
        _asf,
    ),
    (
        re.compile(
            r"OPERA_L2_RTC-S1_T\d{3}-\d{6}-[A-Z]{2}\d_(?P<time>\d{8}T\d{6})Z_\d{8}T\d{6}Z_S1[A-D]_\d+_v[\d.]+"
            rf"_{_POLARISATION}\.tiff?"
        ),
        _opera,
    ),
    (re.compile(rf"(?:.*_)?Gamma0_{_POLARISATION}\.tiff?"), _indigo),
)
_SCENE = re.compile(r"S1[A-D]_[A-Z0-9]{2}_GRD[A-Z]_\w{4}_(\d{8}T\d{6})_")


def _scene_time(path: Path) -> datetime | None:
    """Find the scene's name, which begins with its start, in the name of the file or of a folder above."""
    names = (path.name, *(parent.name for parent in list(path.parents)[:_FOLDERS]))
    found = next((match for match in map(_SCENE.search, names) if match), None)
    return None if found is None else _time(found[1])


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(f"{text}+0000", "%Y%m%dT%H%M%S%z")
    except ValueError:
        return None
