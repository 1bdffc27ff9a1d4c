"""Where the pixels of a pair's grid lie in the radar image, as the alignment found it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from odc.geo.geobox import GeoBox

from oemsar.prepare.align.scene.open_geometry import geometry_on
from oemsar.prepare.align.scene.transform import Alignment, read_correction
from oemsar.prepare.pair.sources import Sources


@contextmanager
def aligned(sources: Sources, transform: Path, grid: GeoBox) -> Iterator[Alignment]:
    """The map from the pixels of `grid` straight to those of the radar image as it came.

    Args:
        sources: inputs of the pair.
        transform: `transform.json` of the alignment; it holds on any grid.
        grid: with a CRS.
    """
    with ExitStack() as files:
        geometry = geometry_on(sources.sar, grid, grid.shape.yx, sources.placing, files)
        yield Alignment(geometry, read_correction(transform))
