"""The folder of a Sentinel-1 GRD (SAFE): its files, and the facts of its manifest and annotation.

Layout and elements after ESA's Sentinel-1 Product Specification (S1-RS-MDA-52-7441): `manifest.safe`,
`measurement/NAME.tiff`, `annotation/NAME.xml`, `annotation/calibration/calibration-NAME.xml` and
`noise-NAME.xml`, one NAME for each polarisation. The names of copies on AWS and the Planetary Computer
(`iw-vv.tiff`) are read, too.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from rasterio.control import GroundControlPoint

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.products.beside import is_file
from oemsar.products.xml_file import read_xml
from oemsar.raster.georeference import Georeference
from oemsar.sources import require_unlinked

_POLARISATION = re.compile(r"(?:^|-)(vv|vh|hh|hv)(?:-|$)")
_CO_POLARISED = ("vv", "hh")
_COG = "-cog"


@dataclass(frozen=True)
class SafeFiles:
    """Files of one polarisation of a SAFE folder.

    Attributes:
        measurement: GeoTIFF of digital numbers.
        annotation: Annotation of the image.
        calibration: Table of calibration.
        noise: Table of thermal noise.
        manifest: Manifest of the folder; None where it is missing.
    """

    measurement: Path
    annotation: Path
    calibration: Path
    noise: Path
    manifest: Path | None

    @property
    def metadata(self) -> tuple[Path, ...]:
        """Files beside the measurement."""
        files = (self.annotation, self.calibration, self.noise)
        return files if self.manifest is None else (*files, self.manifest)


@dataclass(frozen=True)
class SafeFacts:
    """Facts of a GRD that its annotation and manifest state.

    Attributes:
        polarisation: Transmitted and received, such as `VV`.
        mode: Mode of acquisition, such as `IW`.
        shape: Rows and columns.
        look: Look at the middle of the swath; None where not stated.
        time: Start of the acquisition, UTC.
        version: Version of ESA's processor, such as 2.91; None where not stated.
        georeference: Geolocation grid as control points.
    """

    polarisation: str
    mode: str
    shape: tuple[int, int]
    look: Look | None
    time: datetime
    version: float | None
    georeference: Georeference


def safe_folder(path: Path) -> Path | None:
    """Find the SAFE folder that `path` is, or that it is the manifest or a measurement of; None without."""
    if _is_folder(path):
        return path if is_file(path / "manifest.safe") else None
    if path.name == "manifest.safe" and is_file(path):
        return path.parent
    if path.parent.name != "measurement":
        return None
    folder = path.parent.parent
    return folder if is_file(_annotation(folder, path.stem)) else None


def safe_files(path: Path, band: int | None) -> SafeFiles:
    """Choose the files of one polarisation.

    Args:
        path: SAFE folder, its manifest, or one of its measurements.
        band: Polarisation, from 1: VV before VH, HH before HV; None takes the first.

    Raises:
        InputError: It is no SAFE folder, or there is no such polarisation.
    """
    folder = safe_folder(path)
    if folder is None:
        raise InputError(
            f"{path} is no SAFE folder, nor a file of one that is whole; give the folder of a Sentinel-1 GRD "
            "or name another product",
            option="product",
        )
    measurements = [path] if path.parent.name == "measurement" else _measurements(folder)
    if not measurements:
        raise InputError(f"{folder} holds no measurement/*.tiff of a polarisation; fetch it again")
    number = 1 if band is None else band
    if not 1 <= number <= len(measurements):
        names = ", ".join(polarisation_of(file) for file in measurements)
        raise InputError(
            f"{path} has {len(measurements)} polarisation(s) ({names}), no number {band}; choose another",
            option="band",
        )
    measurement = measurements[number - 1]
    annotation = _annotation(folder, measurement.stem)
    tables = annotation.parent / "calibration"
    manifest = folder / "manifest.safe"
    return SafeFiles(
        measurement,
        annotation,
        tables / f"calibration-{annotation.name}",
        tables / f"noise-{annotation.name}",
        manifest if is_file(manifest) else None,
    )


def polarisation_of(measurement: Path) -> str:
    """Read the polarisation in the name of a measurement; empty where there is none."""
    match = _POLARISATION.search(measurement.stem.casefold())
    return "" if match is None else match[1].upper()


def read_facts(files: SafeFiles) -> SafeFacts:
    """Read the annotation and the manifest of a GRD.

    Raises:
        InputError: They are missing or damaged, or the folder is of another product.
    """
    root = read_xml(files.annotation)
    kind = root.findtext("adsHeader/productType", "")
    if kind != "GRD":
        raise InputError(
            f"{files.annotation} is of a Sentinel-1 {kind or 'product without a type'}, not a GRD; give a GRD"
        )
    try:
        information = root.find("imageAnnotation/imageInformation")
        if information is None:
            raise ValueError("no imageInformation")
        return SafeFacts(
            polarisation=_text(root, "adsHeader/polarisation"),
            mode=_text(root, "adsHeader/mode"),
            shape=(int(_text(information, "numberOfLines")), int(_text(information, "numberOfSamples"))),
            look=_look(root),
            time=datetime.fromisoformat(_text(root, "adsHeader/startTime")).replace(tzinfo=UTC),
            version=None if files.manifest is None else _version(files.manifest),
            georeference=_georeference(root),
        )
    except ValueError as error:
        raise InputError(f"{files.annotation} lacks facts of a GRD ({error}); fetch it again") from error


def _annotation(folder: Path, stem: str) -> Path:
    """Path of the annotation of a measurement; that of a COG may be named without its ending."""
    path = folder / "annotation" / f"{stem}.xml"
    return path if is_file(path) else path.with_name(f"{stem.removesuffix(_COG)}.xml")


def _measurements(folder: Path) -> list[Path]:
    """List measurements of a polarisation in their order, the co-polarised one first."""
    files = [file for file in (folder / "measurement").glob("*.tif*") if polarisation_of(file)]
    for file in files:
        require_unlinked(file, folder)
    return sorted(files, key=lambda file: (polarisation_of(file).casefold() not in _CO_POLARISED, file.name))


def _look(root: ElementTree.Element) -> Look | None:
    """Look of the middle of the swath: the radar of Sentinel-1 points to the right of its flight."""
    heading = root.findtext("generalAnnotation/productInformation/platformHeading")
    incidence = root.findtext("imageAnnotation/imageInformation/incidenceAngleMidSwath")
    if heading is None or incidence is None:
        return None
    angles = float(heading), float(incidence)
    if not (math.isfinite(angles[0]) and 0 < angles[1] < 90):
        raise ValueError(f"heading {heading}, incidence angle {incidence}")
    return Look((angles[0] + 90) % 360, angles[1])


def _version(manifest: Path) -> float | None:
    for element in read_xml(manifest).iter():
        if element.tag.endswith("}software") and element.get("name") == "Sentinel-1 IPF":
            try:
                return float(element.get("version", ""))
            except ValueError:
                return None
    return None


def _georeference(root: ElementTree.Element) -> Georeference:
    """Geolocation grid as control points, which count from the corner of the first pixel, not its centre."""
    points = [
        GroundControlPoint(
            _number(point, "line") + 0.5,
            _number(point, "pixel") + 0.5,
            _number(point, "longitude"),
            _number(point, "latitude"),
            _number(point, "height"),
        )
        for point in root.iterfind("geolocationGrid/geolocationGridPointList/geolocationGridPoint")
    ]
    return Georeference(gcps=tuple(points), gcps_crs="EPSG:4326" if points else None)


def _number(element: ElementTree.Element, path: str) -> float:
    number = float(_text(element, path))
    if not math.isfinite(number):
        raise ValueError(f"{path} is {number}")
    return number


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _text(element: ElementTree.Element, path: str) -> str:
    text = element.findtext(path)
    if text is None:
        raise ValueError(f"no {path}")
    return text.strip()
