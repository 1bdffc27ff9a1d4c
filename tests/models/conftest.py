"""The server of the tests of downloads."""

from ..dataset.download.conftest import zenodo

__all__ = ["zenodo"]
