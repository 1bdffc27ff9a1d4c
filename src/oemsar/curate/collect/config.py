"""Options of the collection of labels made by hand."""

from typing import Self

from pydantic import model_validator

from oemsar.config_file import Config
from oemsar.errors import InputError
from oemsar.names import require_plain_name


class CollectConfig(Config):
    """Person who labelled."""

    by: str | None = None
    """Name of the person who labelled; by default the one that a file names, else the owner of the file."""

    @model_validator(mode="after")
    def _is_a_name(self) -> Self:
        if self.by is not None:
            try:
                require_plain_name(self.by, "the person")
            except InputError as error:
                raise InputError(error.sentence, option="by") from error
        return self
