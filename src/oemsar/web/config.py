"""Options of a download from a server that may fail."""

from pydantic import Field
from pydantic.config import JsonDict

from oemsar.config_file import Config

_HIDDEN: JsonDict = {"hidden": True}


class TriesConfig(Config):
    """Patience with a failing network."""

    tries: int = Field(6, ge=1, le=1000)
    """Tries in a row that may bring nothing before giving up."""

    timeout: float = Field(60.0, ge=0.1, le=86_400)
    """Seconds without a byte that count as a dropped connection."""

    first_wait: float = Field(1.0, ge=0, le=86_400, json_schema_extra=_HIDDEN)
    """Seconds before the second try; doubled with every further one."""

    longest_wait: float = Field(120.0, ge=0, le=86_400, json_schema_extra=_HIDDEN)
    """Longest wait between two tries in seconds, whatever the server asks for."""
