"""The transform of an alignment: where every pixel of the orthophoto lies in the radar image."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oemsar.arrays import Doubles
from oemsar.config_file import Foreign, read_json
from oemsar.files import write_json
from oemsar.prepare.align.model.correction import Corrected, Correction
from oemsar.prepare.align.model.stored import StoredCorrection
from oemsar.prepare.align.scene.geometry import Geometry


@dataclass(frozen=True, eq=False)
class Alignment:
    """A `PixelMap` from the pixels of a grid to those of the radar image, as found by matching.

    Attributes:
        geometry: Geometry of the radar image on the grid, by its metadata.
        correction: Correction of the metadata in radar pixels; it holds on any grid.
    """

    geometry: Geometry
    correction: Correction

    def __call__(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """Compute column and row in the radar image of pixels of the grid, centres at integers."""
        return Corrected(self.geometry.prior, self.correction, self.geometry.heights)(x, y)

    def affine(self) -> tuple[float, ...]:
        """Fit the best affine from radar pixels to those of the grid: a, b, c, d, e, f.

        x_grid = a x_radar + b y_radar + c, y_grid = d x_radar + e y_radar + f, by least squares over a
        lattice of the grid.
        """
        x, y = self.geometry.lattice()
        column, row = self(x, y)
        known = np.isfinite(column) & np.isfinite(row)
        design = np.stack([column[known], row[known], np.ones(int(known.sum()))], 1)
        fit, *_ = np.linalg.lstsq(design, np.stack([x[known], y[known]], 1), rcond=None)
        return tuple(float(value) for value in fit.T.ravel())


class _Transform(Foreign):
    """Part of a transform on disk that is read back."""

    correction: StoredCorrection


def write_transform(path: Path, alignment: Alignment) -> None:
    """Write the transform as JSON: model, best affine, parameters."""
    geometry = alignment.geometry
    write_json(
        path,
        {
            "model": alignment.correction.model,
            "affine": list(alignment.affine()),
            "affine_from": "radar pixels",
            "affine_to": "orthophoto pixels",
            "pixel_centres": "integers",
            "prior": "sensor model and terrain"
            if geometry.through_terrain
            else "pixels"
            if geometry.grid is None
            else "georeferencing",
            "correction": StoredCorrection.from_correction(alignment.correction).model_dump(mode="json"),
        },
    )


def read_correction(path: Path) -> Correction:
    """Read the correction of a transform on disk.

    Raises:
        InputError: The file is not a transform.
    """
    return read_json(path, _Transform, "transform of `oemsar prepare align`").correction.correction()
