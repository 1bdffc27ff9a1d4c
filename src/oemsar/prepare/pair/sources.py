"""The inputs of a pair, checked before anything is made of them."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from oemsar.addresses import is_address
from oemsar.errors import InputError
from oemsar.geometry.look import look_from_angles
from oemsar.geometry.open_heights import open_surface
from oemsar.prepare.align.config import MATCHERS
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.scene.open_geometry import geometry_of
from oemsar.prepare.geometry_options import GeometryOptions
from oemsar.prepare.pair.config import PairRegion, within
from oemsar.prepare.pair.inputs import input_states
from oemsar.prepare.pair.results import InputChecksum
from oemsar.prepare.radiometry.config import REMAPS
from oemsar.prepare.radiometry.fit import require_remappable
from oemsar.prepare.radiometry.optical import colour_bands, require_colours
from oemsar.products.product import Encoding
from oemsar.products.reader import OpenedProduct
from oemsar.products.registry import find_product
from oemsar.raster.border import Border, tell_solid
from oemsar.raster.grid import grid_of
from oemsar.raster.image import Statement, open_colours
from oemsar.raster.nodata import with_nodata
from oemsar.raster.read import open_raster
from oemsar.raster.state import InputState
from oemsar.record import source_checksum

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Sources:
    """Inputs of a pair.

    Attributes:
        region: Region that names them.
        found: Radar product.
        sar: File that amplitude is read from: the product, or the amplitude that was made of it.
        placing: Geometry of the radar image, as far as it is known.
        states: State of each input file, by key of the region.
    """

    region: PairRegion
    found: OpenedProduct
    sar: Path
    placing: GeometryOptions
    states: Mapping[str, InputState]

    @property
    def radar_statement(self) -> Statement:
        """Statement of the region about the file that amplitude is read from, told already.

        Amplitude that was made of a product holds NaN where a stated value was.
        """
        nodata = self.region.sar.nodata
        made = self.sar != self.found.path
        return Statement((1,), "auto" if made and nodata != "none" else nodata, quiet=True)

    @property
    def optical_statement(self) -> Statement:
        """Statement of the region about its orthophoto, told already."""
        optical = self.region.optical
        return Statement(colour_bands(optical), optical.nodata, quiet=True)

    @property
    def needs_amplitude(self) -> bool:
        """Whether the product is something else than a single band of amplitude that GDAL reads."""
        product = self.found.product
        if product.encoding is not Encoding.AMPLITUDE:
            return True
        with open_raster(self.found.path) as dataset:
            return int(dataset.count) != 1

    def with_amplitude(self, path: Path) -> "Sources":
        """Give the same sources with amplitude read from `path`."""
        return replace(self, sar=path)

    def geometry_inputs(self) -> dict[str, object]:
        """Give everything that decides where the ground appears in the radar image."""
        return {
            **{key: self.states.get(key) for key in ("sar", "dem", "geoid")},
            "product": self.found.product,
            "band": self.found.band,
            "nodata": self.region.sar.nodata,
            "dem_datum": self.region.dem_datum,
            "look": self.placing.look,
            "projection_height": self.placing.projection_height,
            **({} if self.region.dem_void == "refuse" else {"dem_void": self.region.dem_void}),
        }

    def files(self) -> dict[str, Path]:
        """List the input files by key: of a radar product that is a folder, the file of its pixels."""
        return {**self.region.files(), "sar": self.found.path}

    def sha256(self, key: str) -> str | None:
        """Compute the SHA-256 of an input file, by its key; None for one on a server."""
        return source_checksum(self.files()[key])

    def terms(self, key: Literal["sar", "optical"]) -> dict[str, str]:
        """Give attribution and licence that a person stated for an image, those that were stated."""
        section = self.region.sar if key == "sar" else self.region.optical
        given = {"attribution": section.attribution, "licence": section.licence}
        return {name: value for name, value in given.items() if value is not None}

    def checksums(self) -> list[InputChecksum]:
        """Compute the SHA-256 of every file that the pair is made of."""
        files = self.files()
        return [
            InputChecksum(
                key=key,
                file=name,
                sha256=source_checksum(files[key] if is_address(files[key]) else files[key].parent / name),
            )
            for key, state in self.states.items()
            for name in state.files
        ]


def inspect_region(region: PairRegion) -> Sources:
    """Check that the inputs of a region fit each other, without writing anything.

    Raises:
        InputError: A file is unfit, the images do not overlap, or the region does not fit them.
    """
    for key, path in region.files().items():
        if not (is_address(path) or path.is_file() or (key == "sar" and path.is_dir())):
            raise InputError(f"{path} is no file; correct the path", option=key)
    MATCHERS.require(region.engine)
    remap = REMAPS.find(region.remap.name)
    with within("sar"):
        found = find_product(region.sar.path, region.sar.product, region.sar.band)
    if remap.name == "identity":
        with found.opener() as pixels:
            require_remappable(remap, pixels.dtype, found.path)
    sources = Sources(region, found, found.path, _placing(region, found), {})
    _tell(sources)
    with open_raster(region.optical.path) as dataset:
        grid = grid_of(dataset)
        if grid is None or grid.crs is None:
            raise InputError(f"{region.optical.path} has no CRS; give an orthophoto with georeferencing")
    _require_georeferencing(found)
    with ExitStack() as files:
        geometry = geometry_of(found.path, region.optical.path, sources.placing, files)
        _require_geometry(geometry, sources)
        if region.dsm is not None:
            files.enter_context(open_surface(region.dsm, region.dem_datum, region.geoid, region.dem_void))
    return replace(sources, states=input_states(sources.files(), found.metadata))


def _tell(sources: Sources) -> None:
    """Tell what is found about the images: bands that are taken, and solid blocks that may carry no data."""
    region = sources.region
    with within("sar"), with_nodata(sources.found.opener, region.sar.nodata)() as pixels:
        tell_solid(pixels, Border.from_pixels(pixels), "nodata")
    with within("optical"):
        statement = replace(sources.optical_statement, quiet=False)
        require_colours(region.optical.path, colour_bands(region.optical))
        with open_raster(region.optical.path) as dataset:
            open_colours(dataset, region.optical.path, statement, strict=False)


def _placing(region: PairRegion, found: OpenedProduct) -> GeometryOptions:
    look = look_from_angles(region.look_azimuth, region.incidence) or found.product.look
    plane = region.projection_height
    return GeometryOptions(
        dem=region.dem,
        dem_datum=region.dem_datum,
        geoid=region.geoid,
        dem_void=region.dem_void,
        dsm=region.dsm,
        look_azimuth=None if look is None else look.azimuth,
        incidence=None if look is None else look.incidence,
        projection_height=found.product.projection_height if plane is None else plane,
    )


def _require_georeferencing(found: OpenedProduct) -> None:
    """Check that the product has a sensor model or a map projection; control points alone are too rough.

    Raises:
        InputError: It has neither.
    """
    grid = found.georeference.grid
    if found.georeference.rpcs is None and (grid is None or grid.crs is None):
        raise InputError(
            f"{found.path} ({found.product.kind}) carries neither an RPC nor a map projection, so its pixels "
            "cannot be put on the ground; give the provider's geocoded product of the same collect, such as "
            "GEC or GEO"
        )


def _require_geometry(geometry: Geometry, sources: Sources) -> None:
    region = sources.region
    if region.dsm is not None and geometry.look is None:
        raise InputError(
            f"{region.dsm} makes masks only where the look of the radar is known; give both angles",
            option=("look_azimuth", "incidence"),
        )
    if not geometry.through_terrain:
        log.warning(
            "%s stays where its map has it: %s; displacement by terrain is left to the alignment",
            sources.found.path,
            "there is no dem"
            if region.dem is None
            else "it has neither an RPC nor look and projection_height",
        )
