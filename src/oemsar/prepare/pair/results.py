"""Results of the stages of a pair, its record, and the value that `make_pair` returns."""

from pathlib import Path
from typing import Literal, Self

from odc.geo.geobox import GeoBox
from pydantic import JsonValue
from rasterio import Affine

from oemsar.config_file import Value
from oemsar.geometry.look import Look
from oemsar.geometry.mapping import crs_of
from oemsar.prepare.align.summary import Residuals
from oemsar.prepare.pair.pipeline import StageState
from oemsar.prepare.radiometry.summary import OpticalSummary, RadarSummary
from oemsar.record import FileOrigin, RunRecord


class AlignmentSummary(Value):
    """Verdict on an alignment, and the figures it rests on."""

    verdict: Literal["accepted", "needs_person", "failed"]
    """Verdict on the alignment."""
    reasons: list[str]
    """Reasons for a verdict other than `accepted`."""
    warnings: list[str]
    """Warnings about the inputs."""
    model: str | None
    """Name of the correction model; None where nothing was found."""
    n_tie_points: int
    """Number of tie points."""
    residual_px: Residuals
    """Errors at the tie points."""


class AlignmentResult(AlignmentSummary):
    """Result of the stage that aligns the images."""

    offset_px: tuple[float, float] | None
    """Displacement of the radar image in its middle, columns and rows of the orthophoto."""
    gsd_m: float | None
    """Ground sampling distance of the orthophoto in metres."""
    edited_tie_points: str | None
    """Name of the file of tie points that a person edited; None where they were matched."""
    transform_sha256: str | None
    """SHA-256 of the transform; None where there is none."""
    tie_points_sha256: dict[str, str]
    """SHA-256 of each file of tie points as the alignment wrote it, by name."""


class AcceptedAlignment(AlignmentResult):
    """Alignment of a pair in its record."""

    accepted_anyway: bool
    """Whether a person accepted an alignment whose verdict is not `accepted`."""


class PairGrid(Value):
    """Grid of a pair."""

    crs: str
    """CRS, `EPSG:N` where it has a code, else WKT."""
    shape: tuple[int, int]
    """Rows and columns."""
    affine: tuple[float, float, float, float, float, float]
    """Coefficients of the affine from columns and rows to the CRS, row by row."""

    @classmethod
    def from_geobox(cls, grid: GeoBox) -> Self:
        """Take the grid from its GeoBox."""
        epsg = None if grid.crs is None else grid.crs.to_epsg()
        rows, columns = grid.shape
        return cls(
            crs=crs_of(grid) if epsg is None else f"EPSG:{epsg}",
            shape=(rows, columns),
            affine=tuple(float(value) for value in grid.affine[:6]),
        )

    def geobox(self) -> GeoBox:
        """Give the grid as a GeoBox."""
        return GeoBox(self.shape, Affine(*self.affine), self.crs)


class SampledGrid(PairGrid):
    """Grid of a pair with its ground sampling distance."""

    gsd: float
    """Ground sampling distance in metres."""


class RadarImage(RadarSummary):
    """Result of the stage that makes the radar image."""

    interpolation: str
    """Kernel, and the quantity that was interpolated."""
    look: Look | None
    """Look of the radar; None where it is not known."""
    through_terrain: bool
    """Whether displacement by terrain was taken out."""
    validity_sha256: str
    """SHA-256 of the pixels that carry data, as bytes 0 and 1."""


class OpticalImage(OpticalSummary):
    """Result of the stage that makes the optical image."""

    interpolation: str
    """Kernel, and the quantity that was interpolated."""
    valid_share: float
    """Share of the pixels that carry data, 0 to 1."""
    validity_sha256: str
    """SHA-256 of the pixels that carry data, as bytes 0 and 1."""


class MaskShares(Value):
    """Result of the stage that makes the masks; shares are 0 to 1."""

    sar_valid_share: float
    """Share of the grid with radar data."""
    optical_valid_share: float
    """Share of the grid with optical data."""
    both_valid_share: float
    """Share of the grid with data in both images."""
    layover_share: float | None
    """Share of layover on the ground that both images show; None where it is not known."""
    shadow_share: float | None
    """Share of radar shadow on the ground that both images show; None where it is not known."""
    relief_from: str | None
    """Name of the elevation model that layover and shadow come from; None where they are not known."""
    relief_kind: str | None
    """Kind of that model: a surface with roofs and crowns, or bare ground."""


class Terms(Value):
    """Terms of use of an image."""

    attribution: str
    """Words that a publication must carry."""
    licence: str
    """Terms of the data."""


class InputChecksum(Value):
    """An input file, its checksum, and the key of the region that names it."""

    key: str
    """Key of the region."""
    file: str
    """Path of the file from the folder of the file that the region names."""
    sha256: str | None
    """SHA-256 of its content; None for a file on a server."""


class StageProvenance(Value):
    """A stage in the record of a pair."""

    key: str
    """Hash of the inputs of the stage."""
    files: dict[str, str]
    """SHA-256 of each file that the stage made, by its path in the folder of the pair."""
    record: RunRecord
    """Run that did the stage."""


class PairRecord(Value):
    """Record of a pair: its files, grid, alignment, images, masks, terms, inputs and runs."""

    format: int = 1
    """Version of this record's layout."""
    name: str
    """Name of the region."""
    files: dict[str, FileOrigin]
    """Files of the pair: `sar`, `optical` and `masks`."""
    grid: SampledGrid
    """Grid of the three images."""
    alignment: AcceptedAlignment
    """Alignment that the radar image follows."""
    sar: RadarImage
    """Description of the radar image."""
    optical: OpticalImage
    """Description of the optical image."""
    masks: MaskShares
    """Shares of the masks."""
    terms: dict[str, Terms]
    """Terms of use of each image, `sar` and `optical`."""
    inputs: list[InputChecksum]
    """Files that the pair was made from."""
    region: dict[str, JsonValue]
    """Region as plain values, files by their names."""
    stages: dict[str, StageProvenance]
    """Stages that made the pair, by name."""
    record: RunRecord
    """Run that wrote this record."""


class Pair(Value):
    """Result of `make_pair`."""

    files: dict[str, Path]
    """Files of the pair: `sar`, `optical`, `masks` and `record`."""
    grid: PairGrid
    """Grid of the three images."""
    alignment: AlignmentSummary
    """Verdict on the alignment, and the figures it rests on."""
    masks: MaskShares
    """Shares of the masks."""
    stages: dict[str, StageState]
    """State of each stage in order: done, or skipped because its inputs had not changed."""
