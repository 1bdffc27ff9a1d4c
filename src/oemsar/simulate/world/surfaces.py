"""Surfaces drawn as polygons over one another: an index raster and a table with a row for each surface."""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from oemsar.simulate.noise import Raster
from oemsar.simulate.world.infrared import infrared
from oemsar.simulate.world.materials import MATERIALS, seasonal
from oemsar.simulate.world.polygon import Polygon, Rectangle


@dataclass(frozen=True)
class Roof:
    """A roof: the rectangle it covers, its rise per metre towards the ridge, and whether it is hipped.

    The ridge runs along the axis of the rectangle; a flat roof has pitch 0; a hipped one falls to the
    ends of the ridge too.
    """

    footprint: Rectangle
    pitch: float = 0.0
    hipped: bool = False


@dataclass(frozen=True)
class Surface:
    """Surface drawn over an outline.

    Attributes:
        material: Key of `MATERIALS`.
        height: Height of the top above the ground, at the eaves of a roof, metres.
        land_cover: Class id; None where it is the material's.
        roof: Roof of a building; None for any other surface.
        row_axis: Unit vector along crop rows.
        row_spacing: Distance of crop rows in metres, 0 for none.
    """

    material: str
    height: float = 0.0
    land_cover: int | None = None
    roof: Roof | None = None
    row_axis: complex = 1.0
    row_spacing: float = 0.0


_NO_ROOF = Roof(Rectangle(0, 1, 0, 0))


@dataclass(frozen=True)
class SurfaceTable:
    """One entry per surface; surface k is where the index raster holds k. All arrays have the same length.

    Attributes:
        land_cover: Class id, uint8.
        colour: Sunlit colour as 8-bit digital numbers, float32, (surfaces, 3).
        grain: Relative amplitude of the finest optical texture.
        patches: Relative amplitude of optical texture of a few metres.
        backscatter: Sigma nought, decibels.
        backscatter_patches: Standard deviation of `backscatter` over some metres, decibels.
        height: Height of the top above the ground, at the eaves of a roof, metres.
        centre: Centre of the roof's rectangle in metres, complex64.
        axis: Unit vector of the ridge or of the crop rows, complex64.
        half_length: Half length of the roof's rectangle along the ridge, metres.
        half_width: Half width of the roof across the ridge, metres; 0 for a surface that is no roof.
        pitch: Rise of the roof per metre.
        hipped: Whether the roof falls to the ends of the ridge too.
        row_spacing: Distance of crop rows in metres, 0 for none.
        infrared: Sunlit grey value in the near infrared, float32.
    """

    land_cover: NDArray[np.uint8]
    colour: Raster
    grain: Raster
    patches: Raster
    backscatter: Raster
    backscatter_patches: Raster
    height: Raster
    centre: NDArray[np.complex64]
    axis: NDArray[np.complex64]
    half_length: Raster
    half_width: Raster
    pitch: Raster
    hipped: NDArray[np.bool_]
    row_spacing: Raster
    infrared: Raster


class SurfaceRaster:
    """A drawing of surfaces, later ones over earlier ones. Surface 0 is the asphalt between all others."""

    def __init__(self, shape: tuple[int, int], gsd: float, dryness: float, rng: np.random.Generator) -> None:
        self.shape = shape
        self.gsd = gsd
        self._rng = rng
        self._materials = {name: seasonal(material, dryness) for name, material in MATERIALS.items()}
        self._infrared = {name: infrared(name, dryness) for name in MATERIALS}
        self._image = Image.new("I", (shape[1], shape[0]), 0)
        self._draw = ImageDraw.Draw(self._image)
        self._rows: list[tuple[object, ...]] = []
        self.add(Surface("asphalt"))

    def add(self, surface: Surface) -> int:
        """Add a surface without drawing it and return its index; brightness and hue are drawn at random."""
        made_of = self._materials[surface.material]
        draws = self._rng.standard_normal(5).tolist()
        brightness = math.exp(made_of.spread * draws[0])
        roof = surface.roof or _NO_ROOF
        self._rows.append(
            (
                made_of.land_cover if surface.land_cover is None else surface.land_cover,
                [
                    value * brightness * (1 + made_of.tint * draw)
                    for value, draw in zip(made_of.colour, draws[1:4], strict=True)
                ],
                made_of.grain,
                made_of.patches,
                made_of.backscatter + made_of.backscatter_spread * draws[4],
                made_of.backscatter_patches,
                surface.height,
                roof.footprint.centre,
                roof.footprint.axis if surface.roof else surface.row_axis,
                roof.footprint.half_length,
                roof.footprint.half_width,
                roof.pitch,
                roof.hipped,
                surface.row_spacing,
                self._infrared[surface.material] * brightness,
            )
        )
        return len(self._rows) - 1

    def draw(self, outline: Polygon, surface: Surface) -> None:
        """Add `surface` and draw it over the outline (metres), unless that lies off the raster."""
        if self.intersects(outline):
            points = [(vertex.real / self.gsd, vertex.imag / self.gsd) for vertex in outline]
            self._draw.polygon(points, fill=self.add(surface))

    def intersects(self, outline: Polygon) -> bool:
        """Tell whether the bounding box of the outline (metres) touches the raster; an empty one does not."""
        if not outline:
            return False
        width, height = self.shape[1] * self.gsd, self.shape[0] * self.gsd
        across = [vertex.real for vertex in outline]
        down = [vertex.imag for vertex in outline]
        return max(across) > 0 and min(across) < width and max(down) > 0 and min(down) < height

    def index(self) -> NDArray[np.int32]:
        """Give the index of the surface seen at each pixel, int32, shape (rows, columns)."""
        return np.array(self._image, dtype=np.int32)

    def table(self) -> SurfaceTable:
        """Collect the surfaces added so far."""
        kinds = {"land_cover": np.uint8, "centre": np.complex64, "axis": np.complex64, "hipped": np.bool_}
        names = [field.name for field in fields(SurfaceTable)]
        columns = dict(zip(names, zip(*self._rows, strict=True), strict=True))
        return SurfaceTable(
            **{name: np.asarray(column, kinds.get(name, np.float32)) for name, column in columns.items()}
        )
