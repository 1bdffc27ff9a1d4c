"""The sources of scenes by name."""

from typing import TYPE_CHECKING

from oemsar.registry import Registry

if TYPE_CHECKING:
    from oemsar.scenes.source import Source

_OWN = {
    "umbra": "oemsar.scenes.umbra:SOURCE",
    "capella": "oemsar.scenes.capella:SOURCE",
    "naip": "oemsar.scenes.naip:SOURCE",
    "naip-usgs": "oemsar.scenes.naip_usgs:SOURCE",
    "ign": "oemsar.scenes.ign:SOURCE",
    "gsi": "oemsar.scenes.gsi:SOURCE",
    "dem": "oemsar.scenes.dem:SOURCE",
}

SOURCES: Registry["Source"] = Registry("source", "oemsar.scene_sources", _OWN)
"""Sources by name; another package adds an `oemsar.scenes.source.Source`."""
