"""The map from a pair's grid to the radar image, as the alignment found it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from odc.geo.geobox import GeoBox

from oemsar.prepare.align.scene.open_geometry import geometry_on
from oemsar.prepare.align.scene.transform import Alignment, read_correction
from oemsar.prepare.pair.sources import Sources


@contextmanager
def aligned(sources: Sources, transform: Path, grid: GeoBox) -> Iterator[Alignment]:
    """Open the map from the pixels of a grid straight to those of the radar image as it came.

    Args:
        sources: Inputs of the pair.
        transform: `transform.json` of the alignment, which holds on any grid.
        grid: Grid with a CRS.
    """
    with ExitStack() as files:
        geometry = geometry_on(sources.sar, grid, grid.shape.yx, sources.placing, files)
        yield Alignment(geometry, read_correction(transform))
