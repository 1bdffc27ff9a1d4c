"""Configuration of the download of the published release."""

from pydantic import Field, model_validator

from oemsar.errors import InputError
from oemsar.web.config import TriesConfig

API = "https://zenodo.org/api"
"""Base address of Zenodo's REST API, https://developers.zenodo.org."""

CONTEST_RECORD = 14950559
"""The release of the 2025 IEEE GRSS Data Fusion Contest: training, validation and test with labels."""

TRAINVAL_RECORD = 14622048
"""The record the paper names: training tiles, and validation tiles without labels."""


class DownloadConfig(TriesConfig):
    """Files of a Zenodo record to fetch, and the treatment of their archives and of a failing network."""

    record: int = Field(CONTEST_RECORD, ge=1, le=10**12)
    """Number of the Zenodo record: 14950559 is the full contest release, 14622048 its training and validation
    tiles alone."""

    only: tuple[str, ...] = ()
    """File of the record to get instead of all; may be given several times."""

    extract: bool = True
    """Extract the archives."""

    keep_archives: bool = True
    """Keep each archive once it is extracted."""

    url: str = API
    """Base address of the Zenodo API."""

    @model_validator(mode="after")
    def _leave_something(self) -> "DownloadConfig":
        if not self.extract and not self.keep_archives:
            raise InputError(
                "an archive that is neither extracted nor kept would leave nothing; choose one of them",
                option=("extract", "keep_archives"),
            )
        return self
