"""Configuration of the download of the published release."""

from pydantic import Field, model_validator
from pydantic.config import JsonDict

from oemsar.config_file import Config
from oemsar.errors import InputError

API = "https://zenodo.org/api"
"""Base address of Zenodo's REST API, https://developers.zenodo.org."""

CONTEST_RECORD = 14950559
"""The release of the 2025 IEEE GRSS Data Fusion Contest: training, validation and test with labels."""

TRAINVAL_RECORD = 14622048
"""The record the paper names: training tiles, and validation tiles without labels."""

_HIDDEN: JsonDict = {"hidden": True}


class DownloadConfig(Config):
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

    tries: int = Field(6, ge=1, le=1000)
    """Tries in a row that may bring nothing before giving up."""

    timeout: float = Field(60.0, ge=0.1, le=86_400)
    """Seconds without a byte that count as a dropped connection."""

    first_wait: float = Field(1.0, ge=0, le=86_400, json_schema_extra=_HIDDEN)
    """Seconds before the second try; doubled with every further one."""

    longest_wait: float = Field(120.0, ge=0, le=86_400, json_schema_extra=_HIDDEN)
    """Longest wait between two tries in seconds, whatever the server asks for."""

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
