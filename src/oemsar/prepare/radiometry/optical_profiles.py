"""Sources of orthophotos by name: what must be said of images made from them, and under which terms they are.

The three sources of the OpenEarthMap-SAR paper (section II-A). All are mosaics whose colours were adjusted
for viewing: none is reflectance.
"""

from dataclasses import dataclass

from oemsar.errors import InputError


@dataclass(frozen=True)
class OpticalProfile:
    """A source of orthophotos.

    Attributes:
        name: as given to a configuration.
        title: full name.
        attribution: what a publication of derived images must say; `YEAR` stands for the year of the data.
        licence: terms of the data.
        url: where they are told.
        bands: bands that are red, green and blue, from 1.
    """

    name: str
    title: str
    attribution: str
    licence: str
    url: str
    bands: tuple[int, int, int] = (1, 2, 3)


PROFILES = {
    profile.name: profile
    for profile in (
        OpticalProfile(
            name="naip",
            title="National Agriculture Imagery Program, red, green, blue and near infrared",
            attribution="Imagery courtesy of the National Agriculture Imagery Program (NAIP), "
            "U.S. Department of Agriculture, YEAR",
            licence="public domain (work of the United States government); the agency asks to be credited",
            url="https://naip-usdaonline.hub.arcgis.com",
        ),
        OpticalProfile(
            name="bd-ortho",
            title="BD ORTHO of the Institut national de l'information géographique et forestière",
            # the licence asks for the source and the date of the data
            attribution="© IGN, BD ORTHO®, YEAR",
            licence="Licence Ouverte / Open Licence 2.0 (Etalab), compatible with CC BY 2.0",
            url="https://geoservices.ign.fr/bdortho",
        ),
        OpticalProfile(
            name="gsi",
            title="Seamless aerial photographs of the Geospatial Information Authority of Japan",
            # the terms ask for the source, and for a note that it was processed
            attribution="Made by processing GSI Tiles (aerial photographs), courtesy of the Geospatial "
            "Information Authority of Japan (国土地理院)",
            licence="GSI Content Terms of Use, after the Public Data License 1.0 (compatible with CC BY "
            "4.0); the Survey Act can ask for an approval",
            url="https://maps.gsi.go.jp/development/ichiran.html",
        ),
    )
}
"""By name."""


def find_profile(name: str) -> OpticalProfile:
    """The profile called `name`.

    Raises:
        InputError: there is none of that name.
    """
    profile = PROFILES.get(name.casefold().replace("_", "-").replace(" ", "-"))
    if profile is None:
        raise InputError(f"optical profile {name} is not known; choose one of {', '.join(PROFILES)}")
    return profile
