"""Configurations of the verbs on a dataset."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from oemsar.config_file import Config, Seed
from oemsar.dataset.layouts import LAYOUTS
from oemsar.errors import InputError
from oemsar.inputs import NamedValues, by_input
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

    input: NamedValues = ()
    """Input and name of the folders that hold its files, such as height=ndsm, where they are not named
    height_images; may be given several times."""

    @model_validator(mode="after")
    def _name_folders(self) -> Self:
        for name, folder in self.folders.items():
            if name in ("sar", "optical"):
                raise InputError(
                    f"the folders of {name} are told by the layout; leave it out", option="input"
                )
            if "/" in folder or "\\" in folder:
                raise InputError(f"{folder} is a path; give the name of the folder alone", option="input")
        return self

    @property
    def folders(self) -> dict[str, str]:
        """Names of folders that were given, by input."""
        return by_input(self.input)


class VerifyConfig(Config):
    """Options of the verification of tiles."""

    size: int | None = Field(None, ge=1, le=1_000_000)
    """Rows and columns every file must have, 1024 as published; by default those of its tile."""


class RegimesConfig(Config):
    """Options of the label regimes."""

    seed: Seed = 0
    """Seed of the choice of R1 and R5."""
