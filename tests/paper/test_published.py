"""The published numbers agree with each other, and the rows that do not are those listed as such."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from oemsar.dataset.tile import SPLITS, Tile
from oemsar.inputs import OPTICAL, PUBLISHED, SAR, SAR_OPTICAL, Inputs
from oemsar.legend import NAMES
from oemsar.paper import published
from oemsar.simulate.release.pseudo_label import AGREEMENT

PIXELS = 5033 * 1024 * 1024
DOCUMENT = json.loads(Path(published.__file__).with_name("published.json").read_text(encoding="utf-8"))


def release() -> list[Tile]:
    counts = {"train": 4333, "val": 210, "test": 490}
    names = {"train": "TrainArea", "val": "ValArea", "test": "TestArea"}
    return [
        Tile(f"{names[split]}_{number:03d}", split, (1024, 1024))
        for split in SPLITS
        for number in range(1, counts[split] + 1)
    ]


def test_table_1_has_the_seven_datasets_and_ends_with_this_one() -> None:
    rows = published.table1()
    assert [row.dataset for row in rows if not row.verified] == ["QQB"]
    assert len(rows) == 7
    ours = rows[-1]
    release = DOCUMENT["release"]
    assert (ours.dataset, ours.classes, ours.regions) == ("OpenEarthMap-SAR", len(NAMES), release["regions"])
    assert all(row.regions >= row.countries for row in rows)


def test_table_2_shares_are_those_of_its_counts_among_all_pixels_of_5033_tiles() -> None:
    for row in published.table2().values():
        lowest, highest = ((row.pixels_millions + half) * 1e8 / PIXELS for half in (-0.5, 0.5))
        assert lowest - 0.05 <= row.share_percent <= highest + 0.05


def test_table_2_leaves_a_fraction_of_a_percent_for_unknown_pixels() -> None:
    rows = published.table2().values()
    assert sum(row.share_percent for row in rows) == pytest.approx(99.7)
    unknown = PIXELS / 1e6 - sum(row.pixels_millions for row in rows)
    assert 100 * unknown * 1e6 / PIXELS == pytest.approx(0.2, abs=0.08)


def test_table_2_counts_the_segments_of_the_abstract() -> None:
    assert sum(row.segments_thousands for row in published.table2().values()) == pytest.approx(1500, abs=50)


def test_table_3_means_are_those_of_its_classes() -> None:
    rows, mean = published.table3(), published.table3_mean()
    assert sum(row.agreement for row in rows.values()) / len(rows) == pytest.approx(mean.agreement, abs=1e-4)
    assert sum(row.iou for row in rows.values()) / len(rows) == pytest.approx(mean.iou, abs=1e-4)
    assert all(row.iou <= row.agreement for row in rows.values())
    assert tuple(row.agreement for row in rows.values()) == AGREEMENT


def test_table_4_has_every_network_modality_and_regime() -> None:
    expected = {
        (network, modalities, regime)
        for network in ("unet", "segformer", "vmamba")
        for modalities in PUBLISHED
        for regime in ("P", "P+R1", "P+R5", "R1", "R5")
    }
    assert set(published.table4()) == expected
    assert all(len(row.iou) == len(NAMES) for row in published.table4().values())


def test_the_rows_of_table_4_whose_mean_is_not_that_of_their_classes_are_the_listed_ones() -> None:
    found = [
        {
            "architecture": row.architecture,
            "modalities": str(row.modalities),
            "regime": row.regime,
            "stated": row.miou,
            "computed": round(row.mean_iou, 4),
        }
        for row in published.table4().values()
        if not row.is_consistent
    ]
    assert found == DOCUMENT["inconsistent"]
    assert len(found) == 14


def test_bareland_of_vmamba_is_a_fraction_where_its_means_do_not_agree() -> None:
    """What the stated mean leaves for Bareland is a hundred times the printed IoU, but for one row."""
    apart = []
    for row in published.table4().values():
        if row.architecture != "vmamba" or row.is_consistent:
            continue
        left = len(NAMES) * row.miou - sum(row.iou[1:])
        # the mean is known to 0.005, each class to 0.005, the fraction to 0.005
        if abs(left - 100 * row.iou[0]) > 0.04 + 0.035 + 0.5:
            apart.append((row.modalities, row.regime))
    assert apart == [(SAR_OPTICAL, "P+R1")]


@pytest.mark.parametrize(
    ("key", "miou"),
    [
        (("unet", OPTICAL, "P"), 56.56),
        (("unet", OPTICAL, "R5"), 65.10),
        (("vmamba", SAR, "P"), 34.74),
        (("vmamba", SAR, "R5"), 31.90),
        (("vmamba", SAR_OPTICAL, "R5"), 66.05),
    ],
)
def test_the_means_that_the_text_of_the_paper_repeats(key: tuple[str, Inputs, str], miou: float) -> None:
    assert published.table4()[key].miou == miou


def test_the_whole_release_is_known_by_names_splits_and_size() -> None:
    tiles = release()
    assert published.is_published_release(tiles)
    assert published.is_published_release(tiles[::-1])
    assert not published.is_published_release(tiles[1:])
    assert not published.is_published_release([*tiles[1:], tiles[1]])
    assert not published.is_published_release([replace(tiles[0], shape=(512, 512)), *tiles[1:]])
    assert not published.is_published_release([replace(tiles[0], name="TrainArea_4334"), *tiles[1:]])
    assert not published.is_published_release([replace(tiles[0], name="a_1"), *tiles[1:]])
    moved = [replace(tiles[0], split="test"), *tiles[1:]]
    assert not published.is_published_release(moved)
