"""Surfaces drawn as polygons over one another: an index raster and a table with a row for each surface."""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from oemsar.simulate.materials import MATERIALS, ROAD, seasonal
from oemsar.simulate.noise import Raster
from oemsar.simulate.polygon import Polygon


@dataclass(frozen=True)
class Roof:
    """The rectangle a roof stands on and its slope.

    Attributes:
        centre: of the rectangle, metres.
        axis: unit vector of the ridge.
        half_length: along the ridge, metres.
        half_width: across the ridge, metres.
        pitch: rise per metre from the eaves to the ridge; 0 for a flat roof.
        hipped: whether the roof falls to the ends of the ridge too.
    """

    centre: complex
    axis: complex
    half_length: float
    half_width: float
    pitch: float = 0.0
    hipped: bool = False


@dataclass(frozen=True)
class SurfaceTable:
    """One entry per surface; surface k is where the index raster holds k. All arrays have the same length.

    Attributes:
        land_cover: class id, uint8.
        colour: sunlit colour as 8-bit digital numbers, float32, (surfaces, 3).
        grain: relative amplitude of the finest optical texture.
        patches: relative amplitude of optical texture of a few metres.
        backscatter: sigma nought, decibels.
        backscatter_patches: standard deviation of it over some metres, decibels.
        height: of the top above the ground, at the eaves of a roof, metres.
        centre: centre of the roof's rectangle in metres, complex64.
        axis: unit vector of the ridge or of the crop rows, complex64.
        half_length: of the roof's rectangle along the ridge, metres.
        half_width: across the ridge, metres; 0 for a surface that is no roof.
        pitch: rise of the roof per metre.
        hipped: whether the roof falls to the ends of the ridge too.
        row_spacing: distance of crop rows in metres, 0 for none.
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


class Sheet:
    """A drawing of surfaces, later ones over earlier ones. Surface 0 is the asphalt between all others."""

    def __init__(
        self, shape: tuple[int, int], gsd: float, dryness: float, rng: np.random.Generator
    ) -> None:
        self.shape = shape
        self.gsd = gsd
        self._rng = rng
        self._materials = {name: seasonal(material, dryness) for name, material in MATERIALS.items()}
        self._image = Image.new("I", (shape[1], shape[0]), 0)
        self._draw = ImageDraw.Draw(self._image)
        self._rows: list[tuple[object, ...]] = []
        self.add("asphalt")

    def add(
        self,
        material: str,
        *,
        height: float = 0.0,
        land_cover: int | None = None,
        roof: Roof | None = None,
        row_axis: complex = 1.0,
        row_spacing: float = 0.0,
    ) -> int:
        """Add a surface without drawing it and return its index; brightness and hue are drawn at random."""
        made_of = self._materials[material]
        draws = self._rng.standard_normal(5)
        brightness = math.exp(made_of.spread * draws[0])
        colour = tuple(
            value * brightness * (1 + made_of.tint * draw)
            for value, draw in zip(made_of.colour, draws[1:4], strict=True)
        )
        self._rows.append(
            (
                made_of.land_cover if land_cover is None else land_cover,
                colour,
                made_of.grain,
                made_of.patches,
                made_of.backscatter + made_of.backscatter_spread * draws[4],
                made_of.backscatter_patches,
                height,
                0j if roof is None else roof.centre,
                row_axis if roof is None else roof.axis,
                0.0 if roof is None else roof.half_length,
                0.0 if roof is None else roof.half_width,
                0.0 if roof is None else roof.pitch,
                roof is not None and roof.hipped,
                row_spacing,
            )
        )
        return len(self._rows) - 1

    def fill(self, outline: Polygon, surface: int) -> None:
        """Draw surface number `surface` over the outline (metres)."""
        scale = 1 / self.gsd
        points = [(vertex.real * scale, vertex.imag * scale) for vertex in outline]
        if len(points) > 2:
            self._draw.polygon(points, fill=surface)

    def paint(
        self,
        outline: Polygon,
        material: str,
        *,
        height: float = 0.0,
        land_cover: int | None = None,
        roof: Roof | None = None,
        row_axis: complex = 1.0,
        row_spacing: float = 0.0,
    ) -> None:
        """Add a surface of `material` and draw it over the outline (metres), unless it lies off the sheet."""
        if self.shows(outline):
            surface = self.add(
                material,
                height=height,
                land_cover=land_cover,
                roof=roof,
                row_axis=row_axis,
                row_spacing=row_spacing,
            )
            self.fill(outline, surface)

    def shows(self, outline: Polygon) -> bool:
        """Whether the bounding box of the outline (metres) touches the sheet."""
        width, height = self.shape[1] * self.gsd, self.shape[0] * self.gsd
        across = [vertex.real for vertex in outline]
        down = [vertex.imag for vertex in outline]
        return max(across) > 0 and min(across) < width and max(down) > 0 and min(down) < height

    def car(self, centre: complex, axis: complex, land_cover: int = ROAD) -> None:
        """Draw a car; the ground it stands on keeps its class."""
        along, across = axis * 2.2, axis * 0.9j
        outline = [centre - along - across, centre + along - across]
        outline += [centre + along + across, centre - along + across]
        self.paint(outline, "car", height=1.5, land_cover=land_cover)

    def index(self) -> NDArray[np.int32]:
        """Index of the surface seen at each pixel, int32, shape (rows, columns)."""
        return np.array(self._image, dtype=np.int32)

    def table(self) -> SurfaceTable:
        """The surfaces added so far."""
        kinds = {"land_cover": np.uint8, "centre": np.complex64, "axis": np.complex64, "hipped": np.bool_}
        names = [field.name for field in fields(SurfaceTable)]
        columns = dict(zip(names, zip(*self._rows, strict=True), strict=True))
        return SurfaceTable(
            **{name: np.asarray(column, kinds.get(name, np.float32)) for name, column in columns.items()}
        )
