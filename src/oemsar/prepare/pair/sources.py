"""The inputs of a pair, looked at before anything is made of them."""

import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rasterio.io import DatasetReader

from oemsar.errors import InputError
from oemsar.files import checksum
from oemsar.geometry.heights import open_surface
from oemsar.geometry.look import look_from_angles
from oemsar.geometry.terrain import Terrain
from oemsar.prepare.align.matching.engines import find_engine
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.scene.open_geometry import GeometryOptions, geometry_of
from oemsar.prepare.pair.config import Region
from oemsar.prepare.radiometry.optical import bands_of, require_colours
from oemsar.prepare.radiometry.remap import find_remap
from oemsar.prepare.radiometry.run import require_eight_bit
from oemsar.products.product import Encoding
from oemsar.products.reader import OpenedProduct
from oemsar.products.registry import find_product
from oemsar.raster.georeference import georeference_of
from oemsar.raster.grid import grid_of
from oemsar.raster.read import open_raster

log = logging.getLogger(__name__)

_DERIVED = {".ovr", ".xml"}
"""Suffixes of files that programs put beside a raster they have looked at: overviews, statistics."""


@dataclass(frozen=True, eq=False)
class Sources:
    """The inputs of a pair.

    Attributes:
        region: the configuration.
        found: the radar product.
        sar: the file that amplitude is read from: the product, until its amplitude had to be made.
        placing: what is known of the radar image's geometry.
        prints: by key of the configuration, all that a file is: sha256 and place of its pixels.
    """

    region: Region
    found: OpenedProduct
    sar: Path
    placing: GeometryOptions
    prints: Mapping[str, Any]

    @property
    def bands(self) -> tuple[int, int, int]:
        """Bands of the orthophoto that are red, green and blue."""
        return bands_of(self.region.optical.config())

    @property
    def needs_amplitude(self) -> bool:
        """Whether the product holds something else than one band of amplitude that GDAL reads."""
        product = self.found.product
        if product.encoding is not Encoding.AMPLITUDE:
            return True
        with open_raster(self.found.path) as dataset:
            return int(dataset.count) != 1

    def with_amplitude(self, path: Path) -> "Sources":
        """The same sources, amplitude read from `path`."""
        return replace(self, sar=path)

    def sar_place(self) -> dict[str, Any]:
        """All that decides where the ground appears in the radar image, as plain values."""
        keys = ("sar", "dem", "geoid")
        look, region = self.placing.look, self.region
        return {
            **{key: self.prints.get(key) for key in keys},
            "product": asdict(self.found.product),
            "band": self.found.band,
            "dem_datum": region.dem_datum,
            "look": None if look is None else asdict(look),
            "projection_height": self.placing.projection_height,
        }

    def sha256(self, key: str) -> str:
        """Of an input file, by its key."""
        return str(self.prints[key]["files"][self.region.files()[key].name])

    def terms(self, key: Literal["sar", "optical"]) -> dict[str, str]:
        """Attribution and licence that a person gave for an image, as far as given."""
        section = self.region.sar if key == "sar" else self.region.optical
        given = {"attribution": section.attribution, "licence": section.licence}
        return {name: value for name, value in given.items() if value is not None}

    def origins(self) -> list[dict[str, Any]]:
        """Key, name and sha256 of every file the pair is made of."""
        return [
            {"key": key, "file": name, "sha256": digest}
            for key, print_ in self.prints.items()
            for name, digest in print_["files"].items()
        ]


def look_at(region: Region) -> Sources:
    """See that the inputs of a region fit each other, without writing anything.

    Raises:
        InputError: a file is unfit, the images do not overlap, or the configuration does not fit them.
    """
    find_engine(region.engine)
    remap = find_remap(region.remap.name)
    found = find_product(region.sar.path, region.sar.product, region.sar.band)
    if remap.name == "identity":
        with found.opener() as pixels:
            require_eight_bit(remap, pixels.dtype, found.path)
    sources = Sources(region, found, found.path, _placing(region, found), {})
    require_colours(region.optical.path, sources.bands)
    with open_raster(region.optical.path) as dataset:
        grid = grid_of(dataset)
        if grid is None or grid.crs is None:
            raise InputError(f"{region.optical.path} has no CRS; give an orthophoto with georeferencing")
    _require_place(found)
    with ExitStack() as files:
        geometry = geometry_of(found.path, region.optical.path, sources.placing, files)
        _require_geometry(geometry, sources)
        if region.dsm is not None:
            files.enter_context(open_surface(region.dsm))
    return replace(sources, prints={key: _print(key, path) for key, path in region.files().items()})


def _placing(region: Region, found: OpenedProduct) -> GeometryOptions:
    look = look_from_angles(region.look_azimuth, region.incidence) or found.product.look
    plane = region.projection_height
    terrain = None if region.dem is None else Terrain(region.dem, region.geoid, region.dsm)
    return GeometryOptions(
        terrain, region.dem_datum, look, found.product.projection_height if plane is None else plane
    )


def _require_place(found: OpenedProduct) -> None:
    """See that the product says where it lies; control points alone are too rough.

    Raises:
        InputError: it does not.
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
        raise InputError(f"{region.dsm} is given but not the look; pass --look-azimuth and --incidence")
    if not geometry.through_terrain:
        log.warning(
            "%s stays where its map has it: %s; displacement by terrain is left to the alignment",
            sources.found.path,
            "there is no dem"
            if region.dem is None
            else "it has neither an RPC nor look and projection_height",
        )


def _print(key: str, path: Path) -> dict[str, Any]:
    """All that decides what is read from a file: content, and for rasters place and nodata."""
    if key == "tie_points":
        return {"files": {path.name: checksum(path)}}
    with open_raster(path) as dataset:
        return {"files": _digests(path, dataset), **_place(dataset)}


def _digests(path: Path, dataset: DatasetReader) -> dict[str, str]:
    """sha256 of a raster and of the files it refers to, as a virtual raster does."""
    beside = [Path(name) for name in dataset.files if Path(name).is_file()]
    wanted = [each for each in beside if each.suffix.lower() not in _DERIVED and each.name != path.name]
    names = {each: os.path.relpath(each, path.parent) for each in sorted(wanted)}
    return {path.name: checksum(path), **{names[each]: checksum(each) for each in names}}


def _place(dataset: DatasetReader) -> dict[str, Any]:
    place = georeference_of(dataset)
    grid = place.grid
    return {
        "crs": None if grid is None or grid.crs is None else str(grid.crs.to_wkt()),
        "affine": None if grid is None else [float(value) for value in grid.affine[:6]],
        "rpc": place.rpc_items(),
        "nodata": repr(dataset.nodata),
        "units": [*dataset.scales, *dataset.offsets, *dataset.units],
        "tags": {key: value for key, value in dataset.tags().items() if key.startswith("OEMSAR_")},
    }
