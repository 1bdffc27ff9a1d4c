"""SICD: complex pixels in NITF with the full metadata of the collect, read through `sarkit`.

Elements after NGA.STND.0024-1, Sensor Independent Complex Data, volume 1. Needs the extra `sicd`.
"""

from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.limits import require_limit
from oemsar.products.product import Calibration, Encoding, GainPolynomial, Product
from oemsar.products.reader import OpenedProduct, Reader
from oemsar.raster.georeference import Georeference
from oemsar.raster.pixels import Validity
from oemsar.raster.read import Extent

NAME = "sicd"
_HEADER_BYTES = 4096
_HIGHEST_ORDER = 64
"""Order of the polynomials that are read; those of products have single digits."""
_QUANTITIES: tuple[tuple[str, Literal["sigma0", "beta0", "gamma0"]], ...] = (
    ("SigmaZeroSFPoly", "sigma0"),
    ("BetaZeroSFPoly", "beta0"),
    ("GammaZeroSFPoly", "gamma0"),
)

_DAMAGED = (ValueError, LookupError, AssertionError, SyntaxError, EOFError, OSError)
"""Errors that sarkit raises over a file whose bytes were changed or cut off; lxml's is a SyntaxError."""


class XmlTree(Protocol):
    """The part of an lxml tree that is used here; lxml carries no types."""

    def findtext(self, path: str) -> str | None:
        """Give the text of the first element at `path`."""

    def findall(self, path: str) -> list[Any]:
        """Give all elements at `path`."""


def recognises(path: Path) -> str | None:
    """Look for a NITF header whose first image segment calls itself SICD."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            start = file.read(_HEADER_BYTES)
    except OSError:
        return None
    return "NITF whose image segment is SICD" if start.startswith(b"NITF") and b"IMSICD" in start else None


def read(path: Path, band: int | None) -> OpenedProduct:
    """Open the SICD in `path`.

    Args:
        path: NITF file.
        band: 1 or None.

    Raises:
        InputError: There is no such band, sarkit is not installed, or the file is no SICD.
    """
    if band not in (None, 1):
        raise InputError(f"{path} has 1 band, no band {band}; name no band", option="band")
    with SicdPixels(path) as pixels:
        tree = pixels.tree
        try:
            product, georeference = _product(tree), _georeference(tree)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise InputError(f"{path} lacks SICD metadata ({error}); fetch it again") from error
    return OpenedProduct(path, product, 1, lambda: SicdPixels(path), georeference)


class SicdPixels:
    """Pixels of a SICD, complex64, whatever their type in the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()
        self.name = str(path)
        self.count = 1
        self.dtype: np.dtype[Any] = np.dtype(np.complex64)
        self.tells_nodata = False

    def __enter__(self) -> "SicdPixels":
        try:
            import sarkit.sicd as sksicd
        except ImportError as error:
            raise InputError(
                f"{self._path} is SICD, which needs sarkit; install it with: pip install 'oemsar[sicd]'"
            ) from error
        if recognises(self._path) is None:
            raise InputError(f"{self._path} is not a SICD file; name no kind of product", option="product")
        file = self._stack.enter_context(self._path.open("rb"))
        try:
            reader: Any = sksicd.NitfReader
            self._reader = self._stack.enter_context(reader(file))
            self.tree: XmlTree = self._reader.metadata.xmltree
            rows, columns = (int(_text(self.tree, f"ImageData/Num{axis}")) for axis in ("Rows", "Cols"))
            self.shape = (rows, columns)
            require_limit(rows * columns, "scene_pixels", f"{self._path} declares pixels:")
            if self.tree.docinfo.internalDTD is not None:
                raise ValueError("entities in the metadata")
            self._table = _amplitude_table(self.tree)
        except _DAMAGED as error:
            self._stack.close()
            raise InputError(
                f"{self._path} is not a SICD file that sarkit can read; fetch it again"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read complex pixels (1, height, width) of a rectangle inside the image; the second is None.

        Raises:
            InputError: The file ends too early.
        """
        stop_row, stop_column = extent.row + extent.height, extent.column + extent.width
        try:
            raw, _ = self._reader.read_sub_image(extent.row, extent.column, stop_row, stop_column)
        except _DAMAGED as error:
            raise InputError(f"{self._path} cannot be read to its end; it is truncated or damaged") from error
        return self._complex(raw)[None], None

    def _complex(self, raw: NDArray[Any]) -> NDArray[np.complex64]:
        """Convert pixels: RE32F_IM32F as they are, RE16I_IM16I as real and imaginary part.

        The amplitude of AMP8I_PHS8I is the byte or comes from a table, its phase is in 1/256 turns.
        """
        names = raw.dtype.names
        if names is None:
            return raw.astype(np.complex64)
        if names == ("amp", "phase"):
            amplitude = self._table[raw["amp"]] if self._table is not None else raw["amp"].astype(np.float64)
            turned: NDArray[np.complex64] = (amplitude * np.exp(2j * np.pi / 256 * raw["phase"])).astype(
                np.complex64
            )
            return turned
        pixels = np.empty(raw.shape, np.complex64)
        pixels.real, pixels.imag = raw[names[0]], raw[names[1]]
        return pixels


def _product(tree: XmlTree) -> Product:
    start = datetime.fromisoformat(_text(tree, "Timeline/CollectStart"))
    azimuth, incidence = _find(tree, "SCPCOA/AzimAng"), _find(tree, "SCPCOA/IncidenceAng")
    look = None
    if azimuth is not None and incidence is not None:
        # AzimAng points from the scene centre to the sensor
        look = Look((float(azimuth) + 180) % 360, float(incidence))
    polarisation = _find(tree, "ImageFormation/TxRcvPolarizationProc")
    return Product(
        kind=NAME,
        encoding=Encoding.MODULUS,
        calibration=_calibration(tree),
        look=look,
        polarisation=None if polarisation is None else polarisation.replace(":", ""),
        time=start + timedelta(seconds=float(_find(tree, "SCPCOA/SCPTime") or 0)),
        attribution=_find(tree, "CollectionInfo/CollectorName") or "",
        licence="terms of the provider",
    )


def _calibration(tree: XmlTree) -> Calibration | None:
    """Read the first of the scale factor polynomials of Radiometric, in the order sigma, beta, gamma nought.

    Quantity = polynomial(row metres, column metres from the scene centre point) x |pixel|^2 (section on
    Radiometric parameters).
    """
    for element, quantity in _QUANTITIES:
        coefficients = tree.findall(f"{{*}}Radiometric/{{*}}{element}/{{*}}Coef")
        if not coefficients:
            continue
        orders = [(int(c.get("exponent1")), int(c.get("exponent2"))) for c in coefficients]
        if max(max(order) for order in orders) > _HIGHEST_ORDER:
            raise ValueError(f"a polynomial of an order above {_HIGHEST_ORDER}")
        table = np.zeros((max(o[0] for o in orders) + 1, max(o[1] for o in orders) + 1))
        for order, coefficient in zip(orders, coefficients, strict=True):
            table[order] = float(coefficient.text)
        if not table[1:].any() and not table[0, 1:].any():
            return Calibration(quantity, float(table[0, 0]))
        centre = tuple(
            float(_text(tree, f"ImageData/SCPPixel/{axis}")) - float(_text(tree, f"ImageData/First{axis}"))
            for axis in ("Row", "Col")
        )
        spacing = tuple(float(_text(tree, f"Grid/{axis}/SS")) for axis in ("Row", "Col"))
        rows = tuple(tuple(float(value) for value in row) for row in table)
        return Calibration(quantity, GainPolynomial(rows, (centre[0], centre[1]), (spacing[0], spacing[1])))
    return None


def _georeference(tree: XmlTree) -> Georeference:
    """Read the four image corners as control points, which are rough: the sensor model is exact."""
    rows, columns = int(_text(tree, "ImageData/NumRows")), int(_text(tree, "ImageData/NumCols"))
    pixels = {
        "1:FRFC": (0, 0),
        "2:FRLC": (0, columns - 1),
        "3:LRLC": (rows - 1, columns - 1),
        "4:LRFC": (rows - 1, 0),
    }
    height = float(_find(tree, "GeoData/SCP/LLH/HAE") or 0)
    points = []
    for corner in tree.findall("{*}GeoData/{*}ImageCorners/{*}ICP"):
        row, column = pixels[corner.get("index")]
        latitude, longitude = float(corner.findtext("{*}Lat")), float(corner.findtext("{*}Lon"))
        # control points count from the corner of the first pixel, SICD from its centre
        points.append(GroundControlPoint(row + 0.5, column + 0.5, longitude, latitude, height))
    return Georeference(gcps=tuple(points), gcps_crs="EPSG:4326" if points else None)


def _amplitude_table(tree: XmlTree) -> NDArray[np.float64] | None:
    entries = tree.findall("{*}ImageData/{*}AmpTable/{*}Amplitude")
    if not entries:
        return None
    table = np.zeros(256)
    for entry in entries:
        table[int(entry.get("index"))] = float(entry.text)
    return table


def _find(tree: XmlTree, path: str) -> str | None:
    text: str | None = tree.findtext("/".join(f"{{*}}{name}" for name in path.split("/")))
    return text


def _text(tree: XmlTree, path: str) -> str:
    text = _find(tree, path)
    if text is None:
        raise ValueError(f"no {path}")
    return text


READER = Reader(NAME, "SICD in NITF, through sarkit (pip install 'oemsar[sicd]')", recognises, read)
