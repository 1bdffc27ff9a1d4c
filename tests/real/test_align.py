"""Alignment of real radar and optical images: what moves with a known motion."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rasterio import Affine
from scipy import ndimage

from oemsar.prepare.align.run import align_images


def moved(radar: np.ndarray, motion: Affine) -> np.ndarray:
    """The image in which every pixel has gone where `motion` takes it; 0 where nothing came."""
    rows, columns = np.mgrid[: radar.shape[0], : radar.shape[1]].astype(float)
    x, y = ~motion @ (columns, rows)
    image = ndimage.map_coordinates(radar.astype(float), (y, x), order=3, cval=0)
    inside = (x >= 0) & (x <= radar.shape[1] - 1) & (y >= 0) & (y <= radar.shape[0] - 1)
    return np.where(inside, np.clip(np.rint(image), 1, 255), 0).astype(np.uint8)


@pytest.mark.slow
def test_the_result_moves_with_the_radar_image(real_data: Path, tmp_path: Path) -> None:
    """261 is a plain. Its true displacement is unknown, so only the difference of two results is."""
    radar = np.asarray(Image.open(real_data / "s1_s2_pairs" / "sar" / "261.png").convert("L"))
    optical = real_data / "s1_s2_pairs" / "optical" / "261.png"
    middle = (radar.shape[1] - 1) / 2
    motion = Affine.translation(-17.3, 21.6) @ Affine.rotation(0.8, (middle, middle))
    affines = []
    for name, image in (("still", np.maximum(radar, 1)), ("moved", moved(radar, motion))):
        Image.fromarray(image).save(tmp_path / f"{name}.png")
        report = align_images(tmp_path / f"{name}.png", optical, tmp_path / name)
        assert report.verdict == "accepted", report.reasons
        affines.append(Affine(*json.loads((tmp_path / name / "transform.json").read_text())["affine"]))
    corners = [(0, 0), (1023, 0), (0, 1023), (1023, 1023)]
    apart = [np.subtract(affines[1] @ (motion @ corner), affines[0] @ corner) for corner in corners]
    assert np.hypot(*np.transpose(apart)).max() < 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["129", "216"])
def test_no_affine_is_accepted_in_mountains(real_data: Path, tmp_path: Path, name: str) -> None:
    folder = real_data / "s1_s2_pairs"
    report = align_images(folder / "sar" / f"{name}.png", folder / "optical" / f"{name}.png", tmp_path)
    assert not (report.verdict == "accepted" and report.model in ("shift", "affine"))
