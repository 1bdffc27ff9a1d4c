"""Configurations of the verbs on a dataset."""

from typing import Annotated

from pydantic import Field

from oemsar.config_file import Config, Seed
from oemsar.dataset.layouts import LAYOUTS
from oemsar.legend import MAX_ID

REGION_DISTANCE_KM = 10.0
"""Longest step between the tiles of a region.

Longer than the gaps within a city that was sampled here and there, shorter than the way to the next city.
"""


class IndexConfig(Config):
    """Options of the search for tiles."""

    layout: Annotated[str, LAYOUTS] = "published"
    """Layout of the folders."""

    region_distance: float = Field(REGION_DISTANCE_KM, ge=0.001, le=20_000)
    """Longest step between the tiles of a region, centre to centre, in km."""

    label_nodata: int | None = Field(None, gt=MAX_ID, le=255)
    """Value of labels that is unknown, such as 255, beside the nodata tag of their files."""


class VerifyConfig(Config):
    """Options of the verification of tiles."""

    size: int | None = Field(None, ge=1, le=1_000_000)
    """Rows and columns every file must have, 1024 as published; by default those of its tile."""


class RegimesConfig(Config):
    """Options of the label regimes."""

    seed: Seed = 0
    """Seed of the choice of R1 and R5."""
