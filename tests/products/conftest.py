"""A Sentinel-1 GRD folder whose calibration and noise are known functions of line and pixel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint

SHAPE = (60, 90)
STEM = "s1a-iw-grd-{}-20240506t070809-20240506t070834-053000-066e0a-00{}"
Doubles = NDArray[np.float64]


def calibration(lines: Doubles, pixels: Doubles) -> Doubles:
    """`sigmaNought`, a plane, so that linear interpolation between any points of it is exact."""
    return 400 + 2 * lines + 3 * pixels


def range_noise(lines: Doubles, pixels: Doubles) -> Doubles:
    """Noise in range in squares of digital numbers, a plane."""
    return 900 + 4 * lines + 5 * pixels


def azimuth_factor(lines: Doubles, pixels: Doubles) -> Doubles:
    """Factor of the noise: three blocks, and 1 between line 50 and the end."""
    early = np.where(pixels < 45, 1 + 0.01 * lines, 2.0)
    return np.where(lines < 30, early, np.where(lines < 50, 0.5, 1.0))


def positions(shape: tuple[int, int] = SHAPE) -> tuple[Doubles, Doubles]:
    """Lines and pixels of an image, shapes (lines, 1) and (1, pixels)."""
    return np.arange(shape[0], dtype=float)[:, None], np.arange(shape[1], dtype=float)[None]


@dataclass(frozen=True)
class Safe:
    """A SAFE folder and the truth about it.

    Attributes:
        folder: SAFE folder.
        numbers: Digital numbers by polarisation.
    """

    folder: Path
    numbers: Mapping[str, NDArray[np.uint16]]

    def measurement(self, polarisation: str) -> Path:
        """Path of the GeoTIFF of a polarisation."""
        return next((self.folder / "measurement").glob(f"*-{polarisation.lower()}-*"))

    def table(self, kind: str, polarisation: str) -> Path:
        """Path of the table `calibration` or `noise` of a polarisation."""
        name = self.measurement(polarisation).stem
        return self.folder / "annotation" / "calibration" / f"{kind}-{name}.xml"

    def annotation(self, polarisation: str) -> Path:
        """Path of the annotation of a polarisation."""
        return self.folder / "annotation" / f"{self.measurement(polarisation).stem}.xml"


@pytest.fixture
def write_safe(tmp_path: Path) -> Callable[..., Safe]:
    """Writes a SAFE folder of the digital numbers given by polarisation."""

    def write(
        numbers: Mapping[str, NDArray[np.uint16]], *, version: str = "003.31", gcps: bool = True, **facts: str
    ) -> Safe:
        folder = tmp_path / "S1A_IW_GRDH_1SDV_20240506T070809.SAFE"
        tables = folder / "annotation" / "calibration"
        tables.mkdir(parents=True)
        (folder / "measurement").mkdir()
        (folder / "manifest.safe").write_text(_manifest(version))
        for number, (polarisation, pixels) in enumerate(numbers.items(), start=1):
            stem = STEM.format(polarisation.lower(), number)
            _write_numbers(folder / "measurement" / f"{stem}.tiff", pixels, gcps=gcps)
            annotation = _annotation(polarisation, pixels.shape, facts)
            (folder / "annotation" / f"{stem}.xml").write_text(annotation)
            (tables / f"calibration-{stem}.xml").write_text(_calibration(polarisation))
            (tables / f"noise-{stem}.xml").write_text(_noise(old=float(version) < 2.9))
        return Safe(folder, numbers)

    return write


def _write_numbers(path: Path, pixels: NDArray[np.uint16], *, gcps: bool) -> None:
    height, width = pixels.shape
    points = [
        GroundControlPoint(row, column, 10 + column * 1e-3, 50 - row * 1e-3, 7)
        for row in (0, height)
        for column in (0, width)
    ]
    options = {"driver": "GTiff", "width": width, "height": height, "count": 1, "dtype": pixels.dtype}
    with rasterio.open(path, "w", **options) as dataset:
        dataset.write(pixels, 1)
        if gcps:
            dataset.gcps = (points, "EPSG:4326")


def _manifest(version: str) -> str:
    return f"""<?xml version="1.0"?>
    <xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1" xmlns:safe="http://www.esa.int/safe/sentinel-1.0">
      <safe:processing><safe:software name="Sentinel-1 IPF" version="{version}"/></safe:processing>
    </xfdu:XFDU>"""


def _annotation(polarisation: str, shape: tuple[int, int], facts: Mapping[str, str]) -> str:
    values = {"type": "GRD", "mode": "IW", "heading": "-12.5", "incidence": "38.75", **facts}
    points = "".join(
        f"<geolocationGridPoint><line>{line}</line><pixel>{pixel}</pixel>"
        f"<latitude>{50 - line / 1000}</latitude><longitude>{10 + pixel / 1000}</longitude>"
        "<height>7</height></geolocationGridPoint>"
        for line in (0, shape[0] - 1)
        for pixel in (0, shape[1] - 1)
    )
    return f"""<?xml version="1.0"?><product>
      <adsHeader><missionId>S1A</missionId><productType>{values["type"]}</productType>
        <polarisation>{polarisation}</polarisation><mode>{values["mode"]}</mode>
        <startTime>2024-05-06T07:08:09.500000</startTime></adsHeader>
      <generalAnnotation><productInformation><platformHeading>{values["heading"]}</platformHeading>
        </productInformation></generalAnnotation>
      <imageAnnotation><imageInformation><numberOfSamples>{shape[1]}</numberOfSamples>
        <numberOfLines>{shape[0]}</numberOfLines>
        <incidenceAngleMidSwath>{values["incidence"]}</incidenceAngleMidSwath></imageInformation>
        </imageAnnotation>
      <geolocationGrid><geolocationGridPointList>{points}</geolocationGridPointList></geolocationGrid>
    </product>"""


def _series(name: str, values: Doubles) -> str:
    return f'<{name} count="{values.size}">{" ".join(f"{value:.9e}" for value in values)}</{name}>'


def _whole(name: str, values: Doubles) -> str:
    return f'<{name} count="{values.size}">{" ".join(f"{value:.0f}" for value in values)}</{name}>'


def _calibration(polarisation: str) -> str:
    """Vectors on lines before, inside and behind the image, each with pixels of its own."""
    factor = 1 if polarisation[0] == polarisation[1] else 2
    vectors = []
    for line, inner in ((-10, 31), (25, 40), (70, 57)):
        pixels = np.array([0.0, inner, 89.0])
        sigma = factor * calibration(np.float64(line), pixels)
        vectors.append(
            f"<calibrationVector><line>{line}</line>{_whole('pixel', pixels)}{_series('sigmaNought', sigma)}"
            f"{_series('dn', np.full(3, 0.5))}</calibrationVector>"
        )
    return f"<calibration><calibrationVectorList>{''.join(vectors)}</calibrationVectorList></calibration>"


def _noise(*, old: bool) -> str:
    name, lut = ("noiseVector", "noiseLut") if old else ("noiseRangeVector", "noiseRangeLut")
    vectors = []
    for line, inner in ((0, 20), (33, 21), (59, 77)):
        pixels = np.array([0.0, inner, 89.0])
        noise = range_noise(np.float64(line), pixels)
        vectors.append(f"<{name}><line>{line}</line>{_whole('pixel', pixels)}{_series(lut, noise)}</{name}>")
    if old:
        return f"<noise><noiseVectorList>{''.join(vectors)}</noiseVectorList></noise>"
    blocks = "".join(
        [
            _block((0, 0, 29, 44), [0, 15, 29], [1.0, 1.15, 1.29]),
            _block((0, 45, 29, 89), [0, 29], [2.0, 2.0]),
            _block((30, 0, 49, 89), [30], [0.5]),
        ]
    )
    return (
        f"<noise><noiseRangeVectorList>{''.join(vectors)}</noiseRangeVectorList>"
        f"<noiseAzimuthVectorList>{blocks}</noiseAzimuthVectorList></noise>"
    )


def _block(extent: tuple[int, int, int, int], lines: list[int], factors: list[float]) -> str:
    top, left, bottom, right = extent
    return (
        f"<noiseAzimuthVector><swath>IW1</swath><firstAzimuthLine>{top}</firstAzimuthLine>"
        f"<firstRangeSample>{left}</firstRangeSample><lastAzimuthLine>{bottom}</lastAzimuthLine>"
        f"<lastRangeSample>{right}</lastRangeSample>{_whole('line', np.array(lines, float))}"
        f"{_series('noiseAzimuthLut', np.array(factors))}</noiseAzimuthVector>"
    )
