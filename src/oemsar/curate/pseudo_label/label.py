"""The pseudo label of one tile: classes, confidence and agreement of the models."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.curate.pseudo_label.config import PseudoLabelConfig
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.predictions import read_for
from oemsar.inference.class_map import class_ids
from oemsar.inference.ensemble import Ensemble, Voices
from oemsar.legend import UNKNOWN
from oemsar.masked import MaskedImage, mask_gaps
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import Extent, open_raster, require_tile

_WHITE = 255
_VALIDITY = ("sar", "optical")
"""Inputs whose validity the masks of a tile tell, by their bands from the first."""


@dataclass(frozen=True, eq=False)
class PseudoLabel:
    """Pseudo label of a tile.

    Attributes:
        classes: Class ids, 0 where unknown, uint8, shape (height, width).
        confidence: Probability of the most probable class, 255 for 1, 0 where nothing is mapped, uint8.
        probabilities: Probabilities of the classes, 255 for 1, uint8, shape (8, height, width).
        agreement: Share of the mapped pixels that two models give one class, mean over all pairs of models;
            None where no two models see the tile.
        mean_confidence: Mean confidence of the mapped pixels, 0..1; None where there are none.
        confident_share: Share of the mapped pixels whose confidence reaches the threshold, 0..1; None where
            there are none.
    """

    classes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    probabilities: NDArray[np.uint8]
    agreement: float | None
    mean_confidence: float | None
    confident_share: float | None


def read_for_labels(tile: Tile, engine: Ensemble) -> tuple[Imagery | MaskedImage, NDArray[np.bool_]]:
    """Read what the models see of a tile, and the pixels of which one sees enough.

    Args:
        tile: Tile that at least one of the models sees.
        engine: Models made ready.

    Returns:
        Image as the models take it, and pixels to map, shape (height, width). What the masks of the tile call
        not valid carries no data.

    Raises:
        InputError: An image or the masks are not as they must be.
    """
    inputs = engine.spec.modalities
    image = read_for(tile, inputs, engine)
    pixels, valid = image if isinstance(image, MaskedImage) else (image, mask_gaps(image, inputs))
    if tile.masks is not None:
        masks = _read_validity(tile)
        for band, name in enumerate(_VALIDITY):
            if name in inputs:
                valid[inputs.names.index(name)] &= masks[band]
    whole: Imagery | MaskedImage = MaskedImage(pixels, valid) if engine.spec.takes_any else pixels
    return whole, engine.spec.mapped(valid)


def make_label(voices: Voices, mapped: NDArray[np.bool_], config: PseudoLabelConfig) -> PseudoLabel:
    """Make a pseudo label of what the models say.

    Args:
        voices: Probabilities of each model.
        mapped: Pixels to map, shape (height, width).
        config: Threshold, and the fate of pixels under it.
    """
    mean = voices.mean()
    highest = mean.max(0)
    sure = mapped & (highest >= config.threshold)
    known = mapped if config.below == "keep" else sure
    count = int(mapped.sum())
    return PseudoLabel(
        classes=np.where(known, class_ids(mean), np.uint8(UNKNOWN.id)).astype(np.uint8),
        confidence=_as_bytes(highest, mapped),
        probabilities=_as_bytes(mean, mapped),
        agreement=_agreement(voices, mapped),
        mean_confidence=round(float(highest[mapped].mean(dtype=np.float64)), 6) if count else None,
        confident_share=round(int(sure.sum()) / count, 6) if count else None,
    )


def _agreement(voices: Voices, mapped: NDArray[np.bool_]) -> float | None:
    """Compute the mean agreement over the pairs of models, where both have a say."""
    classes = [class_ids(part) for part in voices.parts]
    shares = []
    for one, other in combinations(range(len(classes)), 2):
        both = mapped if voices.counts is None else mapped & voices.counts[one] & voices.counts[other]
        if both.any():
            shares.append(float((classes[one] == classes[other])[both].mean()))
    return round(sum(shares) / len(shares), 6) if shares else None


def _as_bytes(shares: NDArray[np.float32], mapped: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Write numbers 0..1 as bytes, 0 where nothing is mapped."""
    numbers: NDArray[np.uint8] = np.rint(shares * np.float32(_WHITE)).clip(0, _WHITE).astype(np.uint8)
    return numbers * mapped


def _read_validity(tile: Tile) -> NDArray[np.bool_]:
    """Read where the radar and the optical image of a tile carry data, shape (2, height, width)."""
    if tile.masks is None:
        raise ValueError(f"tile {tile.name} has no masks")
    with open_raster(tile.masks) as dataset:
        require_tile(dataset, tile.masks)
        if dataset.shape != tile.shape or dataset.count < len(_VALIDITY) or dataset.dtypes[0] != "uint8":
            raise InputError(
                f"{tile.masks} are no masks of tile {tile.name}: its size, bands or type are others; "
                "cut the tile again"
            )
        bands = RasterPixels.first(dataset, len(_VALIDITY)).values(Extent(0, 0, *dataset.shape))
    valid: NDArray[np.bool_] = bands == 1
    return valid
