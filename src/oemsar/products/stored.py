"""Warnings over radar images whose pixels are no amplitude, for verbs that take pixels as they are stored."""

import logging
from pathlib import Path

from oemsar.errors import InputError
from oemsar.products.registry import recognise

log = logging.getLogger(__name__)


def warn_unless_amplitude(path: Path) -> None:
    """Warn where a name or metadata tell that the pixels of a radar image are power or decibels.

    Args:
        path: Radar image that is about to be taken for amplitude.
    """
    try:
        reader, reason = recognise(path)
    except InputError:  # said by the verb itself
        return
    if not reader.as_stored:
        log.warning(
            "%s is read as %s: %s; its pixels are taken for amplitude all the same; make amplitude of it "
            "with prepare radiometry, or set values to linear",
            path,
            reader.name,
            reason,
        )
