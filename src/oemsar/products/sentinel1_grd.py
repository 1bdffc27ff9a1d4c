"""Sentinel-1 GRD as ESA delivers it: a SAFE folder, calibrated to sigma nought as it is read.

The tables of calibration and of thermal noise are applied (`oemsar.products.sentinel1_tables`), power below
the noise becomes 0, and pixels of value 0 carry no data; of processors before version 2.90 the border, too
(`oemsar.products.sentinel1_border`). The geometry is that of the control points, as the file has them, for
the ellipsoid or the terrain of ESA's processor: it places hills roughly. Not tried on a real folder, only on
folders made by ESA's documents; the scale of the noise before version 2.50 after MPC-0243.
"""

import logging
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.products.product import Calibration, Encoding, Product
from oemsar.products.reader import OpenedProduct, Reader, is_complex_raster
from oemsar.products.sentinel1_border import Border, find_border
from oemsar.products.sentinel1_safe import SafeFacts, SafeFiles, read_facts, safe_files, safe_folder
from oemsar.products.sentinel1_tables import NoiseTable, VectorTable, read_calibration, read_noise, table_at
from oemsar.raster.georeference import georeference_of
from oemsar.raster.pixels import RasterPixels, Validity
from oemsar.raster.read import Extent, open_raster

log = logging.getLogger(__name__)

NAME = "sentinel1-grd"
_BORDER_IS_ZERO = 2.9
_NOISE_IS_SCALED = 2.5
_OLD_NOISE = {"IW": 75088.7, "EW": 56065.87}
"""Factor of the noise of each mode before version 2.50, beside the square of `dn` (MPC-0243)."""


def recognises(path: Path) -> str | None:
    """Look for the manifest of a SAFE folder, or for the annotation of a measurement."""
    try:
        folder = safe_folder(path)
    except (OSError, ValueError):
        return None
    if folder is None:
        return None
    return "manifest.safe in the folder" if folder in (path, path.parent) else "annotation of a SAFE folder"


def read(path: Path, band: int | None) -> OpenedProduct:
    """Open the GRD in `path`.

    Args:
        path: SAFE folder, its manifest, or one of its measurements.
        band: Polarisation of a folder, from 1: VV before VH, HH before HV; None takes the first.

    Raises:
        InputError: It is no whole SAFE folder of a GRD, or there is no such polarisation.
    """
    files = safe_files(path, band)
    facts = read_facts(files)
    with open_raster(files.measurement) as dataset:
        if is_complex_raster(dataset) or dataset.count != 1 or dataset.shape != facts.shape:
            raise InputError(
                f"{files.measurement} has {dataset.count} band(s) of {dataset.height} x {dataset.width} "
                f"{dataset.dtypes[0]} pixels, its annotation says {facts.shape[0]} x {facts.shape[1]}; "
                "fetch it again"
            )
        georeference = georeference_of(dataset)
    if not georeference.gcps and georeference.grid is None:
        georeference = facts.georeference
    tables = _tables(files, facts)
    product = Product(
        kind=NAME,
        encoding=Encoding.POWER,
        calibration=Calibration("sigma0", quality="thermal noise removed" if tables.noise else ""),
        look=facts.look,
        polarisation=facts.polarisation,
        time=facts.time,
        attribution=f"Contains modified Copernicus Sentinel data {facts.time.year}",
        licence="Legal notice on the use of Copernicus Sentinel data: free, full and open access",
    )
    return OpenedProduct(
        files.measurement,
        product,
        1 if band is None else band,
        lambda: GrdPixels(files.measurement, tables),
        georeference,
        files.metadata,
    )


class Tables:
    """Tables of a GRD, shared by all threads that read it.

    Attributes:
        calibration: `sigmaNought`.
        noise: Thermal noise; None where it is not known.
        old_border: Whether pixels of the border hold values instead of 0.
    """

    def __init__(self, calibration: VectorTable, noise: NoiseTable | None, *, old_border: bool) -> None:
        self.calibration = calibration
        self.noise = noise
        self.old_border = old_border
        self._border: Border | None = None
        self._lock = Lock()

    def border(self, pixels: "GrdPixels") -> Border | None:
        """Give the border of the image, found once; None where its pixels are 0."""
        if not self.old_border:
            return None
        with self._lock:
            if self._border is None:
                self._border = find_border(pixels.excess, pixels.shape)
            return self._border


class GrdPixels:
    """Pixels of a GRD: sigma nought as power, float32."""

    def __init__(self, path: Path, tables: Tables) -> None:
        self._path = path
        self._tables = tables
        self._stack = ExitStack()
        self.name = str(path)
        self.count = 1
        self.dtype: np.dtype[Any] = np.dtype(np.float32)
        self.tells_nodata = True

    def __enter__(self) -> "GrdPixels":
        dataset = self._stack.enter_context(open_raster(self._path))
        self._numbers = RasterPixels.first(dataset)
        self.shape = self._numbers.shape
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read a rectangle inside the raster: sigma nought, and where it carries data.

        Raises:
            InputError: The file ends too early or is damaged.
        """
        numbers = self._numbers.values(extent)[0]
        amplitude = table_at(self._tables.calibration, extent)
        sigma = np.maximum(self._above_noise(numbers, extent), 0) / amplitude**2
        valid = numbers > 0
        border = self._tables.border(self)
        if border is not None:
            valid &= border.inside(extent)
        return sigma.astype(np.float32)[None], valid

    def excess(self, extent: Extent) -> Doubles:
        """Give the power above the thermal noise, in squares of digital numbers, shape (height, width)."""
        return self._above_noise(self._numbers.values(extent)[0], extent)

    def _above_noise(self, numbers: NDArray[Any], extent: Extent) -> Doubles:
        power: Doubles = np.square(numbers.astype(np.float64))
        return power if self._tables.noise is None else power - self._tables.noise.at(extent)


def _tables(files: SafeFiles, facts: SafeFacts) -> Tables:
    """Read the tables; noise of old processors is scaled, and left out where its scale is not known."""
    calibration, number = read_calibration(files.calibration)
    version = facts.version
    factor: float | None = 1.0
    if version is not None and version < _NOISE_IS_SCALED:
        factor = _OLD_NOISE[facts.mode] * number**2 if facts.mode in _OLD_NOISE else None
    if factor is None:
        log.warning(
            "%s: the scale of the noise of mode %s, version %s, is not known; it is not removed",
            files.measurement,
            facts.mode,
            version,
        )
    old = version is not None and version < _BORDER_IS_ZERO
    if old:
        log.info("%s: the border of version %s holds noise and is left out", files.measurement, version)
    noise = None if factor is None else read_noise(files.noise, factor)
    return Tables(calibration, noise, old_border=old)


READER = Reader(
    NAME,
    "Sentinel-1 GRD: SAFE folder, calibrated to sigma nought, noise removed",
    recognises,
    read,
    as_stored=False,
)
