"""The submission of the IEEE GRSS Data Fusion Contest 2025, Track 1: one PNG of class ids a radar tile."""

import io
import logging
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from oemsar.archives import ZIP_FAULTS
from oemsar.arrays import Imagery
from oemsar.config_file import Value
from oemsar.dataset.layouts import GEOTIFF_SUFFIXES, IMAGE_SUFFIXES, listed_name, natural_order
from oemsar.dataset.pixels import read_available, read_images
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.files import atomic_write
from oemsar.folders import require_apart, require_own
from oemsar.inference.class_map import class_maps
from oemsar.inference.engine import Engine
from oemsar.inference.select import open_model
from oemsar.inputs import RADAR_IMAGE, SAR
from oemsar.limits import read_text
from oemsar.locks import holds_output
from oemsar.masked import MaskedImage
from oemsar.models.joint import JointSpec, Models, as_networks, files_of_models, names_of_models
from oemsar.predict.config import SubmissionConfig
from oemsar.predict.given import tell_of_missing
from oemsar.progress import Report, silent
from oemsar.raster.read import open_raster
from oemsar.sources import require_unlinked

log = logging.getLogger(__name__)

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: the bytes of a submission do not depend on when it was made."""


class Submission(Value):
    """Contest submission that was written."""

    path: Path
    """Zip of one PNG a tile."""
    tiles: int
    """Number of tiles."""
    models: tuple[str, ...]
    """Models whose probabilities were averaged, as they were given."""


@holds_output()
def predict_submission(
    model: Models,
    folder: Path,
    out: Path,
    *,
    config: SubmissionConfig = SubmissionConfig(),
    report: Report = silent,
) -> Submission:
    """Predict every radar tile in a folder and write the flat zip that the contest takes.

    The same model, tiles and machine give the same bytes. The zip is whole or not there.

    Args:
        model: Folder of a run or of a saved model, the name of a packaged model, or a network, that sees only
            radar, or takes any subset of its inputs and radar is one; or several, whose probabilities are
            averaged.
        folder: Folder of radar tiles, not in subfolders: its GeoTIFFs, or where there are none its PNG and
            JPEG 2000 images.
        out: Zip to write.
        config: Engine, and the names the submission must have.
        report: Called after each tile.

    Raises:
        InputError: A model sees optical imagery, a tile is unreadable, or a name is missing or not listed.
        Failure: The network gives something other than probabilities for a tile, which is named.
    """
    if out.suffix.lower() != ".zip":
        raise InputError(f"{out} is no name of a submission; end it with .zip", option="out")
    tiles = _radar_tiles(folder)
    if config.names is not None:
        _require_listed([tile.name for tile in tiles], config.names, folder)
    named = [] if config.names is None else [config.names]
    require_apart(
        [out], [*(tile.sar for tile in tiles if tile.sar is not None), *named, *files_of_models(model)]
    )
    require_own([out], _is_submission, "a submission")
    networks = as_networks(model)
    for spec in (network.spec for network in networks):
        if spec.modalities != SAR and not (spec.takes_any and RADAR_IMAGE in spec.modalities.parts):
            raise InputError(
                f"the model sees {spec.modalities} imagery, but the tiles of the contest are radar "
                "alone; choose a model of modalities sar"
            )
    names = names_of_models(model)
    tell_of_missing(JointSpec.of([network.spec for network in networks], names), SAR)
    report(0, len(tiles))
    with (
        open_model(networks, names=names, **config.engine_options) as running,
        atomic_write(out) as partial,
        zipfile.ZipFile(partial, "w") as archive,
    ):
        for done, (tile, ids) in enumerate(_predicted(tiles, running), 1):
            archive.writestr(zipfile.ZipInfo(f"{tile.name}.png", _EPOCH), _png(ids))
            report(done, len(tiles))
    return Submission(path=out, tiles=len(tiles), models=names_of_models(model))


def _is_submission(path: Path) -> bool:
    """Tell whether a file is a zip of one PNG a tile, each with the date that this program writes."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (OSError, *ZIP_FAULTS):
        return False
    return bool(entries) and all(
        entry.filename.endswith(".png") and "/" not in entry.filename and entry.date_time == _EPOCH
        for entry in entries
    )


def read_names(path: Path) -> list[str]:
    """Read the names in a text file, one a line; folders and suffixes are left out.

    Raises:
        InputError: It cannot be read or is empty.
    """
    try:
        lines = read_text(path, encoding="utf-8-sig").splitlines()
    except InputError as error:
        raise InputError(f"{error.sentence}; {path} is no readable text file of names") from error
    names = [name for name in map(listed_name, lines) if name]
    if not names:
        raise InputError(f"{path} lists no name; write one tile name a line")
    return names


def _radar_tiles(folder: Path) -> list[Tile]:
    """List the tiles in a folder in the order of their names, numbers counted."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folder of the radar tiles")
    images = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    images = [path for path in images if path.name[0] != "."]
    paths = [path for path in images if path.suffix.lower() in GEOTIFF_SUFFIXES] or images
    if not paths:
        kinds = ", ".join(IMAGE_SUFFIXES)
        raise InputError(
            f"{folder} has no radar tile ({kinds}); name the folder that holds them, such as sar_images"
        )
    if len(paths) < len(images):
        log.warning("%d images of %s that are no GeoTIFF are left out", len(images) - len(paths), folder)
    found: dict[str, Path] = {}
    for path in sorted(paths):
        require_unlinked(path, folder)
        if path.stem in found:
            raise InputError(f"{path} and {found[path.stem]} would get the same name; remove one of them")
        found[path.stem] = path
    return [
        Tile(name, "test", _shape(found[name]), sar=found[name]) for name in sorted(found, key=natural_order)
    ]


def _shape(path: Path) -> tuple[int, int]:
    with open_raster(path) as dataset:
        shape: tuple[int, int] = dataset.shape
        return shape


def _require_listed(found: Sequence[str], names: Path, folder: Path) -> None:
    listed = set(read_names(names))
    if missing := sorted(listed - set(found), key=natural_order):
        raise InputError(
            f"{folder} lacks {_first_of(missing)} that {names} lists; fetch it, or correct the list"
        )
    if unlisted := sorted(set(found) - listed, key=natural_order):
        raise InputError(
            f"{names} does not list {_first_of(unlisted)} of {folder}; remove it, or correct the list"
        )


def _first_of(names: Sequence[str]) -> str:
    return f"tile {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _predicted(tiles: Sequence[Tile], engine: Engine) -> Iterator[tuple[Tile, NDArray[np.uint8]]]:
    spec = engine.spec

    def read(tile: Tile) -> Imagery | MaskedImage:
        return read_available(tile, spec.modalities) if spec.takes_any else read_images(tile, SAR)

    return class_maps(((tile, read(tile)) for tile in tiles), engine)


def _png(ids: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(ids).save(file, format="PNG")
    return file.getvalue()
