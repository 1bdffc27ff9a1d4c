"""Tasks of those who label tiles by hand: images, a label to fill in, and its style."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

import oemsar
from oemsar.curate.sample.project import Layer, project
from oemsar.dataset.pixels import read_label_file, read_picture
from oemsar.dataset.tile import Tile
from oemsar.files import write_text
from oemsar.progress import Report, silent
from oemsar.qgis_style import is_style, legend_entries, paletted, style_path, write_style
from oemsar.raster.geotiff import write_raster

IMAGES, LABELS, PROJECT = "images", "labels", "tasks.qgs"
"""Folders of the images and of the labels, and the file of the project."""
TASK = "OEMSAR_LABEL_TASK"
"""Tag of a label that its task began with: `empty` or `pseudo`."""

_INPUTS: tuple[Literal["optical"], Literal["sar"]] = ("optical", "sar")


@dataclass(frozen=True)
class Tasks:
    """Tasks of a folder.

    Attributes:
        out: The folder.
        template: Content of a label to begin with.
    """

    out: Path
    template: Literal["empty", "pseudo"]

    def label(self, tile: Tile) -> Path:
        """Name the label of a tile."""
        return self.out / LABELS / f"{tile.name}.tif"

    def image(self, tile: Tile, name: str) -> Path:
        """Name an image of a tile."""
        return self.out / IMAGES / f"{tile.name}_{name}.tif"

    def write(self, tiles: Sequence[Tile], report: Report = silent) -> None:
        """Write what is missing of the tasks; a label that lies there is never written over.

        Args:
            tiles: Tiles to label.
            report: Called with the tiles done and the tiles in all.

        Raises:
            InputError: An image or a pseudo label is unreadable.
        """
        layers = []
        report(0, len(tiles))
        for done, tile in enumerate(tiles, 1):
            there = [name for name in _INPUTS if self._write_image(tile, name)]
            if not self.label(tile).exists():
                self._write_label(tile)
            self._write_style(tile)
            layers.append((tile.name, self._layers(tile, there)))
            report(done, len(tiles))
        write_text(self.out / PROJECT, project(f"{len(tiles)} tiles to label", layers))

    def _write_image(self, tile: Tile, name: Literal["optical", "sar"]) -> bool:
        """Write an image where it is missing; tell whether the tile has it."""
        path = self.image(tile, name)
        if tile.inputs.get(name) is None:
            return False
        if not path.exists():
            pixels = read_picture(tile, name)
            if pixels is not None:
                write_raster(path, pixels, tile.grid, tags={"OEMSAR_TILE": tile.name}, tiled=True)
        return True

    def _write_style(self, tile: Tile) -> None:
        """Write the style of a label, unless somebody saved another one."""
        style = style_path(self.label(tile))
        if not style.exists() or is_style(style):
            write_style(self.label(tile), paletted(legend_entries()))

    def _write_label(self, tile: Tile) -> None:
        label = np.zeros(tile.shape, np.uint8)
        if self.template == "pseudo" and tile.pseudo_label is not None:
            label = read_label_file(tile.pseudo_label, nodata=tile.label_nodata)
        begun = self.template if label.any() else "empty"
        tags = {"OEMSAR_VERSION": oemsar.__version__, "OEMSAR_TILE": tile.name, TASK: begun}
        write_raster(self.label(tile), label[None], tile.grid, tags=tags)

    def _layers(self, tile: Tile, inputs: Sequence[str]) -> list[Layer]:
        images = [
            Layer(f"{tile.name} {name}", PurePosixPath(IMAGES, f"{tile.name}_{name}.tif"), name, tile.grid)
            for name in inputs
        ]
        label = Layer(f"{tile.name} label", PurePosixPath(LABELS, f"{tile.name}.tif"), "label", tile.grid)
        return [label, *images]
