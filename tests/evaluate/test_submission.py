"""Submissions of a contest: scored as any prediction, refused by naming what is wrong with them."""

import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from sklearn import metrics
from typer.testing import CliRunner

from oemsar.cli import contest as verb
from oemsar.errors import InputError
from oemsar.evaluate.submission import score_submission

NAMES = ("ValArea_1", "ValArea_2", "ValArea_10")
SIDE = 24


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in NAMES:
        with rasterio.open(
            folder / f"{name}.tif", "w", driver="GTiff", dtype="uint8", count=1, height=SIDE, width=SIDE
        ) as dataset:
            dataset.write(rng.integers(0, 9, (1, SIDE, SIDE), dtype=np.uint8))
    return folder


@pytest.fixture
def maps() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.integers(1, 9, (SIDE, SIDE), dtype=np.uint8) for name in NAMES}


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def _zip(path: Path, files: list[tuple[str, bytes]]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore", UserWarning)
        for name, content in files:
            archive.writestr(name, content)
    return path


def _files(maps: dict[str, np.ndarray]) -> list[tuple[str, bytes]]:
    return [(f"{name}.png", _png(ids)) for name, ids in maps.items()]


def test_scores_are_those_of_all_pixels(labels: Path, maps: dict[str, np.ndarray], tmp_path: Path) -> None:
    submission = _zip(tmp_path / "s.zip", _files(maps)[::-1])
    truth, prediction = [], []
    for name, ids in maps.items():
        with rasterio.open(labels / f"{name}.tif") as dataset:
            known = dataset.read(1)
        truth.append(known[known != 0])
        prediction.append(ids[known != 0])
    expected = metrics.jaccard_score(np.concatenate(truth), np.concatenate(prediction), average="macro")
    assert score_submission(submission, labels).miou == pytest.approx(expected, rel=1e-12)
    done = CliRunner().invoke(verb.app, ["score", str(submission), "--labels", str(labels), "--json"])
    assert json.loads(done.stdout)["miou"] == pytest.approx(expected, rel=1e-12)


def test_ids_in_a_palette_are_read_as_ids(labels: Path, maps: dict[str, np.ndarray], tmp_path: Path) -> None:
    files = []
    for name, ids in maps.items():
        image = Image.fromarray(ids).convert("P")
        image.putdata(ids.ravel().tolist())
        image.putpalette([value for entry in range(256) for value in (entry, 0, 255 - entry)])
        file = io.BytesIO()
        image.save(file, format="PNG")
        files.append((f"{name}.png", file.getvalue()))
    plain = score_submission(_zip(tmp_path / "plain.zip", _files(maps)), labels)
    assert score_submission(_zip(tmp_path / "palette.zip", files), labels) == plain


def _bomb() -> bytes:
    """A PNG whose header says a billion pixels."""
    header = (30_000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n" + len(header).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    )


Change = Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]


def _second(content: bytes) -> Change:
    return lambda files: [files[0], (files[1][0], content), files[2]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: files[:2], r"s\.zip lacks ValArea_10\.png; add one PNG for each of 3 tiles"),
        (lambda files: [("other.png", files[0][1]), *files[1:]], r"has other\.png, a name that no label has"),
        (lambda files: [(f"maps/{n}", c) for n, c in files], r"has maps/ValArea_1\.png in a folder"),
        (lambda files: [("maps/", b""), *files], r"has maps/ in a folder"),
        (lambda files: [*files, files[0]], r"has ValArea_1\.png twice"),
        (lambda files: [*files, ("readme.txt", b"x")], r"has readme\.txt, which is no PNG"),
        (_second(b"GIF89a"), r"ValArea_2\.png is not a readable PNG"),
        (
            _second(_png(np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE) % 251)[:80]),
            r"ValArea_2\.png is not a readable PNG",
        ),
        (_second(_png(np.ones((SIDE, SIDE + 1), np.uint8))), r"ValArea_2\.png has 24 x 25 pixels .* 24 x 24"),
        (_second(_bomb()), r"ValArea_2\.png (has 30000 x 30000 pixels|is not a readable PNG)"),
        (_second(_png(np.ones((SIDE, SIDE, 3), np.uint8))), r"ValArea_2\.png is a PNG of mode RGB"),
        (_second(_png(np.full((SIDE, SIDE), 9, np.uint8))), r"ValArea_2\.png has value 9, outside 1\.\.8"),
        (_second(_png(np.zeros((SIDE, SIDE), np.uint8))), r"ValArea_2\.png has value 0, outside 1\.\.8"),
        (_second(b"\0" * (2 << 20)), r"ValArea_2\.png is larger than any map"),
    ],
)
def test_a_wrong_submission_is_refused_by_naming_its_fault(
    change: Change, message: str, labels: Path, maps: dict[str, np.ndarray], tmp_path: Path
) -> None:
    submission = _zip(tmp_path / "s.zip", change(_files(maps)))
    with pytest.raises(InputError, match=message):
        score_submission(submission, labels)


def test_what_is_no_zip_or_damaged_is_refused(
    labels: Path, maps: dict[str, np.ndarray], tmp_path: Path
) -> None:
    (tmp_path / "text.zip").write_text("maps")
    with pytest.raises(InputError, match=r"text\.zip is not a readable zip"):
        score_submission(tmp_path / "text.zip", labels)
    with pytest.raises(InputError, match="does not exist"):
        score_submission(tmp_path / "none.zip", labels)
    whole = _zip(tmp_path / "s.zip", _files(maps)).read_bytes()
    version = whole.index(b"PK\x01\x02") + 6  # "version needed" of the first entry of the directory
    (tmp_path / "later.zip").write_bytes(whole[:version] + b"\xfe" + whole[version + 1 :])
    with pytest.raises(InputError, match=r"later\.zip is not a readable zip \(zip file version 25\.4\)"):
        score_submission(tmp_path / "later.zip", labels)
    place = whole.index(b"ValArea_2.png") + 40
    (tmp_path / "s.zip").write_bytes(whole[:place] + bytes(8) + whole[place + 8 :])
    with pytest.raises(InputError, match=r"ValArea_2\.png cannot be unpacked"):
        score_submission(tmp_path / "s.zip", labels)
