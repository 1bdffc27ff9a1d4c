"""The addresses of services: one table, of which a person may override every entry."""

import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, JsonValue

from oemsar.addresses import without_queries
from oemsar.config_file import Value, read_yaml
from oemsar.errors import InputError

_OPTION = "endpoint"
_ADDRESS = re.compile(r"https?://[^/\s?#@]+(?:/[^\s?#@]*)?")


class Endpoints(Value):
    """Addresses of the services that the sources of this package ask."""

    umbra_catalog: str = "https://umbra-open-data-catalog.s3.us-west-2.amazonaws.com/stac/catalog.json"
    """Static STAC catalogue of Umbra's open data."""

    umbra_bucket: str = "https://umbra-open-data-catalog.s3.us-west-2.amazonaws.com"
    """Bucket of Umbra's open data, which S3 lists."""

    capella_catalog: str = "https://capella-open-data.s3.us-west-2.amazonaws.com/stac/catalog.json"
    """Static STAC catalogue of Capella's open data."""

    naip_stac: str = "https://planetarycomputer.microsoft.com/api/stac/v1"
    """STAC API with the collection `naip`."""

    naip_sign: str = "https://planetarycomputer.microsoft.com/api/sas/v1/sign"
    """Service that signs links to the files of the STAC API."""

    naip_images: str = "https://imagery.nationalmap.gov/arcgis/rest/services/USGSNAIPPlus/ImageServer"
    """Image service of the U.S. Geological Survey with the NAIP orthophotos."""

    ign_wmts: str = "https://data.geopf.fr/wmts"
    """WMTS of the French Géoplateforme."""

    ign_wms: str = "https://data.geopf.fr/wms-r/wms"
    """WMS of the rasters of the French Géoplateforme."""

    gsi_tiles: str = "https://cyberjapandata.gsi.go.jp/xyz/seamlessphoto"
    """Tiles of the seamless aerial photographs of Japan, before `/{z}/{x}/{y}.jpg`."""

    dem_bucket: str = "https://copernicus-dem-30m.s3.amazonaws.com"
    """Bucket of the Copernicus elevation model GLO-30."""

    geoid: str = "https://cdn.proj.org/us_nga_egm08_25.tif"
    """Grid of the geoid EGM2008, or the path of a file that holds it."""

    further: dict[str, str] = Field(default={})
    """Addresses of sources of other packages, by name."""

    def of(self, name: str) -> str:
        """Give an address by its name, without a slash at its end."""
        own: dict[str, str] = {**self.further, **self.model_dump(exclude={"further"})}
        return own[name].rstrip("/")


def override_endpoints(given: Iterable[str], further: dict[str, str] | None = None) -> Endpoints:
    """Make the table of addresses with what a person overrides.

    Args:
        given: `NAME=URL`, or the path of a YAML file of lines `NAME: URL`; later ones override earlier ones.
        further: Addresses of sources of other packages by name, which may be overridden as well.

    Raises:
        InputError: A name is not known, or its value is no address of a web server.
    """
    named = dict(further or {})
    known = [name for name in Endpoints.model_fields if name != "further"]
    own: dict[str, str] = {}
    for name, address in _pairs(given):
        if name not in (*known, *named):
            raise InputError(
                f"{name} is not known; choose from {', '.join((*known, *named))}", option=_OPTION
            )
        is_file = name == "geoid" and isinstance(address, str) and Path(address).is_file()
        if not (isinstance(address, str) and (_ADDRESS.fullmatch(address) or is_file)):
            raise InputError(
                f"{without_queries(str(address))!r} is no address for {name}; give one such as "
                f"{Endpoints().gsi_tiles}, without a key, which would be written into tables and records",
                option=_OPTION,
            )
        (own if name in known else named)[name] = address
    return Endpoints(**own, further=named)


def _pairs(given: Iterable[str]) -> Iterable[tuple[str, JsonValue]]:
    """List names and addresses in the order in which they were given."""
    for each in given:
        name, equals, address = each.partition("=")
        if equals and re.fullmatch(r"\w+", name.strip()):
            yield name.strip(), address.strip()
        elif each.endswith((".yaml", ".yml")):
            yield from read_yaml(Path(each)).items()
        else:
            raise InputError(
                f"{each} is neither NAME=URL nor a YAML file; write one such as gsi_tiles=URL", option=_OPTION
            )
