"""SICD files written by sarkit are read back: pixels of every type, calibration, look and corners."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from oemsar.errors import InputError
from oemsar.prepare.radiometry.config import RadiometryConfig
from oemsar.prepare.radiometry.run import apply_radiometry
from oemsar.products.product import GainPolynomial, sigma_nought_gain
from oemsar.products.registry import find_product
from oemsar.raster.read import Extent

sksicd = pytest.importorskip("sarkit.sicd")
etree = pytest.importorskip("lxml.etree")

NAMESPACE = "urn:SICD:1.4.0"
SHAPE = (12, 17)


def _vector(x: float, y: float, z: float) -> str:
    return f"<X>{x}</X><Y>{y}</Y><Z>{z}</Z>"


def _xml(pixel_type: str, radiometric: str, table: str) -> str:
    corners = "".join(
        f'<ICP index="{index}"><Lat>{lat}</Lat><Lon>{lon}</Lon></ICP>'
        for index, lat, lon in [("1:FRFC", 11, 2), ("2:FRLC", 11, 3), ("3:LRLC", 10, 3), ("4:LRFC", 10, 2)]
    )
    return f"""<SICD xmlns="{NAMESPACE}">
      <CollectionInfo><CollectorName>Ummi</CollectorName><CoreName>core</CoreName>
        <RadarMode><ModeType>SPOTLIGHT</ModeType></RadarMode><Classification>U</Classification></CollectionInfo>
      <ImageData><PixelType>{pixel_type}</PixelType>{table}<NumRows>{SHAPE[0]}</NumRows>
        <NumCols>{SHAPE[1]}</NumCols><FirstRow>100</FirstRow><FirstCol>200</FirstCol>
        <FullImage><NumRows>500</NumRows><NumCols>600</NumCols></FullImage>
        <SCPPixel><Row>104</Row><Col>206</Col></SCPPixel></ImageData>
      <GeoData><SCP><ECF>{_vector(6378170, 0, 0)}</ECF>
        <LLH><Lat>0</Lat><Lon>0</Lon><HAE>33</HAE></LLH></SCP>
        <ImageCorners>{corners}</ImageCorners></GeoData>
      <Grid><Row><UVectECF>{_vector(-0.6, 0.8, 0)}</UVectECF><SS>0.5</SS></Row>
        <Col><UVectECF>{_vector(0, 0, 1)}</UVectECF><SS>0.25</SS></Col></Grid>
      <Timeline><CollectStart>2025-03-04T05:06:07.5Z</CollectStart></Timeline>
      <ImageFormation><TxRcvPolarizationProc>V:V</TxRcvPolarizationProc></ImageFormation>
      <SCPCOA><SCPTime>1.5</SCPTime><ARPPos>{_vector(6878170, -650000, 0)}</ARPPos>
        <ARPVel>{_vector(0, 0, 7500)}</ARPVel><SideOfTrack>R</SideOfTrack>
        <IncidenceAng>40</IncidenceAng><AzimAng>200</AzimAng></SCPCOA>
      {radiometric}</SICD>"""


def _write(path: Path, pixels: np.ndarray, pixel_type: str, radiometric: str = "", table: str = "") -> Path:
    security = sksicd.NitfSecurityFields(clas="U")
    metadata = sksicd.NitfMetadata(
        xmltree=etree.ElementTree(etree.fromstring(_xml(pixel_type, radiometric, table))),
        file_header_part=sksicd.NitfFileHeaderPart(ostaid="here", security=security),
        im_subheader_part=sksicd.NitfImSubheaderPart(isorce="sensor", security=security),
        de_subheader_part=sksicd.NitfDeSubheaderPart(security=security),
    )
    with warnings.catch_warnings(), path.open("wb") as file:
        warnings.simplefilter("ignore")  # the metadata are cut down to what is read
        with sksicd.NitfWriter(file, metadata) as writer:
            writer.write_image(pixels)
    return path


def _radiometric(*coefficients: tuple[int, int, float], element: str = "SigmaZeroSFPoly") -> str:
    entries = "".join(f'<Coef exponent1="{i}" exponent2="{j}">{v}</Coef>' for i, j, v in coefficients)
    return f'<Radiometric><{element} order1="1" order2="1">{entries}</{element}></Radiometric>'


@pytest.fixture
def pixels() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=SHAPE) + 1j * rng.normal(size=SHAPE)).astype(np.complex64)


def _read(path: Path, extent: Extent) -> Any:
    found = find_product(path)
    assert found.product.kind == "sicd"
    with found.opener() as opened:
        assert opened.shape == SHAPE
        return opened.read(extent)[0][0]


def test_floating_pixels_come_back(tmp_path: Path, pixels: np.ndarray) -> None:
    path = _write(tmp_path / "a.nitf", pixels, "RE32F_IM32F")
    np.testing.assert_array_equal(_read(path, Extent(2, 3, 9, 8)), pixels[2:11, 3:11])


def test_integer_parts_come_back(tmp_path: Path) -> None:
    raw = np.zeros(SHAPE, [("real", np.int16), ("imag", np.int16)])
    raw["real"], raw["imag"] = np.arange(SHAPE[1]) - 8, -5
    path = _write(tmp_path / "a.nitf", raw, "RE16I_IM16I")
    np.testing.assert_array_equal(_read(path, Extent(0, 0, *SHAPE)), raw["real"] - 5j)


def test_amplitude_and_phase_go_through_the_amplitude_table(tmp_path: Path) -> None:
    raw = np.zeros(SHAPE, [("amp", np.uint8), ("phase", np.uint8)])
    raw["amp"], raw["phase"] = np.arange(SHAPE[1]), 64
    entries = "".join(f'<Amplitude index="{i}">{i * i}</Amplitude>' for i in range(256))
    path = _write(tmp_path / "a.nitf", raw, "AMP8I_PHS8I", table=f'<AmpTable size="256">{entries}</AmpTable>')
    expected = np.broadcast_to(1j * np.arange(SHAPE[1]) ** 2, SHAPE)
    np.testing.assert_allclose(_read(path, Extent(0, 0, *SHAPE)), expected, atol=1e-4)


def test_what_the_metadata_say_is_told(tmp_path: Path, pixels: np.ndarray) -> None:
    found = find_product(_write(tmp_path / "a.nitf", pixels, "RE32F_IM32F", _radiometric((0, 0, 2.5))))
    product = found.product
    assert product.look is not None
    assert (product.look.azimuth, product.look.incidence) == (20, 40)
    assert (product.polarisation, product.attribution) == ("VV", "Ummi")
    assert product.time is not None
    assert product.time.isoformat() == "2025-03-04T05:06:09+00:00"
    assert sigma_nought_gain(product, "a.nitf") == 2.5
    corners = {(p.row, p.col): (p.x, p.y, p.z) for p in found.georeference.gcps}
    assert corners == {
        (0.5, 0.5): (2, 11, 33),
        (0.5, 16.5): (3, 11, 33),
        (11.5, 16.5): (3, 10, 33),
        (11.5, 0.5): (2, 10, 33),
    }


def test_a_gain_that_varies_is_evaluated_in_metres_from_the_scene_centre(
    tmp_path: Path, pixels: np.ndarray
) -> None:
    radiometric = _radiometric((0, 0, 2.0), (1, 0, 0.5), (0, 1, 4.0))
    path = _write(tmp_path / "a.nitf", pixels, "RE32F_IM32F", radiometric)
    gain = sigma_nought_gain(find_product(path).product, "a.nitf")
    assert isinstance(gain, GainPolynomial)
    # scene centre point at row 4, column 6 of the file; 0.5 m a row, 0.25 m a column
    found = gain.at(np.array([4.0, 8.0]), np.array([6.0, 10.0]))
    np.testing.assert_allclose(found, [[2, 2 + 4 * 1], [2 + 0.5 * 2, 2 + 0.5 * 2 + 4 * 1]])


def test_beta_nought_that_varies_is_turned_to_the_ground(tmp_path: Path, pixels: np.ndarray) -> None:
    radiometric = _radiometric((0, 0, 2.0), (0, 1, 4.0), element="BetaZeroSFPoly")
    path = _write(tmp_path / "a.nitf", pixels, "RE32F_IM32F", radiometric)
    gain = sigma_nought_gain(find_product(path).product, "a.nitf")
    assert isinstance(gain, GainPolynomial)
    np.testing.assert_allclose(
        gain.at(np.array([4.0]), np.array([6.0, 10.0])), [np.sin(np.radians(40)) * np.array([2, 6])]
    )


def test_without_sarkit_the_sentence_says_what_to_install(
    tmp_path: Path, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _write(tmp_path / "a.nitf", pixels, "RE32F_IM32F")
    monkeypatch.setitem(sys.modules, "sarkit.sicd", None)
    with pytest.raises(InputError, match=r"needs sarkit; install it with: pip install 'oemsar\[sicd\]'"):
        find_product(path)


def test_other_and_cut_files_are_refused(
    tmp_path: Path, pixels: np.ndarray, write_scene: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match="not a SICD file"):
        find_product(write_scene("a.tif", np.abs(pixels)), "sicd")
    path = _write(tmp_path / "a.nitf", pixels, "RE32F_IM32F")
    (tmp_path / "cut.nitf").write_bytes(path.read_bytes()[:900])
    rows = f"<NumRows>{SHAPE[0]}</NumRows>".encode()
    whole = path.read_bytes()
    assert rows in whole
    (tmp_path / "tag.nitf").write_bytes(whole.replace(rows, rows.replace(b"</", b"<!")))
    (tmp_path / "number.nitf").write_bytes(whole.replace(rows, rows.replace(str(SHAPE[0]).encode(), b"x9")))
    for name in ("cut.nitf", "tag.nitf", "number.nitf"):
        with pytest.raises(InputError, match="not a SICD file that sarkit can read"):
            find_product(tmp_path / name)


def test_sigma_nought_of_a_gain_that_varies_reaches_the_output(tmp_path: Path, pixels: np.ndarray) -> None:
    path = _write(tmp_path / "a.nitf", pixels, "RE32F_IM32F", _radiometric((0, 0, 2.0), (1, 0, 0.5)))
    config = RadiometryConfig(remap="db-clip", sigma0=True, db=(-20, 20))
    summary = apply_radiometry(path, tmp_path / "o.tif", config=config)
    gain = 2 + 0.5 * 0.5 * (np.arange(SHAPE[0]) - 4)[:, None]
    expected = np.clip(255 * (10 * np.log10(gain * np.abs(pixels) ** 2) + 20) / 40, 1, 255)
    with rasterio.open(tmp_path / "o.tif") as dataset:
        assert np.abs(dataset.read(1) - expected).max() <= 1.1
        assert len(dataset.gcps[0]) == 4
        assert dataset.tags()["OEMSAR_LOOK_AZIMUTH"] == "20.0"
    assert summary.quantity == "root of sigma nought"
