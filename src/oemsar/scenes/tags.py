"""Metadata items of the files that are made of fetched imagery."""

import oemsar
from oemsar.scenes.scene import Asset, Scene


def terms_of(scene: Scene) -> dict[str, str]:
    """Give the item that every TIFF may carry: the words that a publication must carry."""
    return {"TIFFTAG_COPYRIGHT": f"{attribution_of(scene)}; {scene.licence}"}


def tags_of(scene: Scene, asset: Asset) -> dict[str, str]:
    """Describe where an image comes from, and its terms."""
    tags = {
        **terms_of(scene),
        "OEMSAR_VERSION": oemsar.__version__,
        "OEMSAR_SOURCE": f"{scene.source} {scene.name} {asset.name}",
        "OEMSAR_SOURCE_ADDRESS": asset.address,
        "OEMSAR_ATTRIBUTION": attribution_of(scene),
        "OEMSAR_LICENCE": scene.licence,
        "OEMSAR_ACQUIRED": "" if scene.start is None else scene.start.isoformat(),
        "OEMSAR_YEAR": "" if scene.year is None else str(scene.year),
    }
    return {key: value for key, value in tags.items() if value}


def attribution_of(scene: Scene) -> str:
    """Give the words that a publication must carry, with the year of the data where it is known."""
    year = "year of the data not stated" if scene.year is None else str(scene.year)
    return scene.attribution.replace("YEAR", year)
