"""Sources of orthophotos: the attribution and licence that images made from them carry.

The three sources of the OpenEarthMap-SAR paper (section II-A). All are mosaics whose colours were adjusted
for viewing: none is reflectance.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class OpticalProfile:
    """A source of orthophotos.

    Attributes:
        name: Name that chooses the profile.
        title: Full name of the source.
        attribution: Words that a publication of derived images must carry; `YEAR` stands for the year of the
            data.
        licence: Terms of the data.
        url: Address of the terms.
        bands: Bands that are red, green and blue, from 1.
    """

    name: str
    title: str
    attribution: str
    licence: str
    url: str
    bands: tuple[int, int, int] = (1, 2, 3)


NAIP = OpticalProfile(
    name="naip",
    title="National Agriculture Imagery Program, red, green, blue and near infrared",
    attribution="Imagery courtesy of the National Agriculture Imagery Program (NAIP), "
    "U.S. Department of Agriculture, YEAR",
    licence="public domain (work of the United States government); the agency asks to be credited",
    url="https://naip-usdaonline.hub.arcgis.com",
)
BD_ORTHO = OpticalProfile(
    name="bd-ortho",
    title="BD ORTHO of the Institut national de l'information géographique et forestière",
    # the licence asks for the source and the date of the data
    attribution="© IGN, BD ORTHO®, YEAR",
    licence="Licence Ouverte / Open Licence 2.0 (Etalab), compatible with CC BY 2.0",
    url="https://geoservices.ign.fr/bdortho",
)
GSI = OpticalProfile(
    name="gsi",
    title="Seamless aerial photographs of the Geospatial Information Authority of Japan",
    # the terms ask for the source, and for a note that it was processed
    attribution="Made by processing GSI Tiles (aerial photographs), courtesy of the Geospatial "
    "Information Authority of Japan (国土地理院)",
    licence="GSI Content Terms of Use, after the Public Data License 1.0 (compatible with CC BY "
    "4.0); the Survey Act can ask for an approval",
    url="https://maps.gsi.go.jp/development/ichiran.html",
)
