"""The metadata of a SICD on a server are read without its pixels; the file is one that sarkit wrote."""

import io
import tempfile
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oemsar.errors import Failure
from oemsar.scenes.config import FindConfig
from oemsar.scenes.find import find_scenes
from oemsar.scenes.sicd_header import read_sicd_facts

from .server import Server
from .static import Bucket, catalogue
from .umbra_bucket import item

sksicd = pytest.importorskip("sarkit.sicd")
etree = pytest.importorskip("lxml.etree")

SHAPE = (500, 600)
STAMP = "2025-03-04-05-06-07_UMBRA-07"


def sicd() -> bytes:
    """A SICD of 2.4 MB: 500 x 600 pixels, corners at 10 to 11 north and 2 to 3 east."""
    corners = "".join(
        f'<ICP index="{index}"><Lat>{lat}</Lat><Lon>{lon}</Lon></ICP>'
        for index, lat, lon in [("1:FRFC", 11, 2), ("2:FRLC", 11, 3), ("3:LRLC", 10, 3), ("4:LRFC", 10, 2)]
    )
    vector = "<X>1</X><Y>0</Y><Z>0</Z>"
    xml = f"""<SICD xmlns="urn:SICD:1.4.0">
      <CollectionInfo><CollectorName>Umbra</CollectorName><CoreName>core</CoreName>
        <RadarMode><ModeType>SPOTLIGHT</ModeType></RadarMode><Classification>U</Classification></CollectionInfo>
      <ImageData><PixelType>RE32F_IM32F</PixelType><NumRows>{SHAPE[0]}</NumRows><NumCols>{SHAPE[1]}</NumCols>
        <FirstRow>0</FirstRow><FirstCol>0</FirstCol><FullImage><NumRows>{SHAPE[0]}</NumRows>
        <NumCols>{SHAPE[1]}</NumCols></FullImage><SCPPixel><Row>9</Row><Col>9</Col></SCPPixel></ImageData>
      <GeoData><SCP><ECF><X>6378170</X><Y>0</Y><Z>0</Z></ECF><LLH><Lat>0</Lat><Lon>0</Lon><HAE>3</HAE></LLH>
        </SCP><ImageCorners>{corners}</ImageCorners></GeoData>
      <Grid><Row><UVectECF>{vector}</UVectECF><SS>1</SS></Row>
        <Col><UVectECF>{vector}</UVectECF><SS>1</SS></Col></Grid>
      <Timeline><CollectStart>2025-03-04T05:06:07.5Z</CollectStart></Timeline>
      <SCPCOA><SCPTime>1.5</SCPTime><IncidenceAng>40</IncidenceAng><AzimAng>200</AzimAng></SCPCOA></SICD>"""
    security = sksicd.NitfSecurityFields(clas="U")
    metadata = sksicd.NitfMetadata(
        xmltree=etree.ElementTree(etree.fromstring(xml)),
        file_header_part=sksicd.NitfFileHeaderPart(ostaid="here", security=security),
        im_subheader_part=sksicd.NitfImSubheaderPart(isorce="sensor", security=security),
        de_subheader_part=sksicd.NitfDeSubheaderPart(security=security),
    )
    with warnings.catch_warnings(), tempfile.TemporaryFile() as file:
        warnings.simplefilter("ignore")  # the metadata are cut down to what is read
        with sksicd.NitfWriter(file, metadata) as writer:
            writer.write_image(np.ones(SHAPE, np.complex64))
        file.seek(0)
        return file.read()


@pytest.fixture(scope="module")
def content() -> bytes:
    return sicd()


def test_place_time_and_look_are_those_of_the_metadata(content: bytes) -> None:
    facts = read_sicd_facts(io.BytesIO(content), "a.nitf")
    assert facts.outline is not None
    assert facts.outline.bounds == (2, 10, 3, 11)
    assert facts.start == datetime(2025, 3, 4, 5, 6, 7, 500_000, UTC)
    assert facts.incidence == 40
    assert facts.look_azimuth == 20  # AzimAng points back to the sensor


@pytest.mark.parametrize("kept", [10, 360, 400, 900])
def test_what_is_no_sicd_is_told(content: bytes, kept: int) -> None:
    for broken in (content[:kept], b"II*\0" + content[4:], content.replace(b"SICD", b"OTHR")):
        with pytest.raises(Failure, match=r"a\.nitf is no SICD that can be read"):
            read_sicd_facts(io.BytesIO(broken), "a.nitf")


def test_a_search_reads_some_parts_of_a_sicd_that_has_no_metadata_beside_it(
    content: bytes, server: Server, tmp_path: Path
) -> None:
    bucket = Bucket("b")
    bucket.files[f"sar-data/tasks/Somewhere, far/77/{STAMP}/{STAMP}_SICD.nitf"] = content
    stated: Any = item("i", "2025-03-04T05:06:07Z", 7, box=(2.1, 10.1, 2.2, 10.2))
    catalogue(bucket, {"2025-03-04": [stated]})
    server.routes.append(bucket)
    endpoint = (
        f"umbra_bucket={server.address}/b",
        f"umbra_catalog={server.address}/b/stac/catalog.json",
    )
    config = FindConfig(source="umbra", endpoint=endpoint, rate=1000)
    (scene,) = find_scenes("2,10,3,11", tmp_path / "s.parquet", config=config).scenes
    assert scene.outline.bounds == (2, 10, 3, 11)
    assert (scene.look_azimuth, scene.incidence) == (20, 40)
    assert len(content) > 2_000_000
    assert server.sent < 250_000
