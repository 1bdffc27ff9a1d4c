"""The report: every number recomputed from the stored matrices, what is missing shown, nothing invented."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from oemsar.benchmark import folder as folders
from oemsar.benchmark.figure import draw
from oemsar.benchmark.plan import Plan
from oemsar.benchmark.report import report_benchmark
from oemsar.cli import benchmark as verb
from oemsar.errors import InputError
from oemsar.evaluate.bootstrap import bootstrap
from oemsar.evaluate.scores import Scores
from oemsar.files import write_json, write_text
from oemsar.inputs import OPTICAL, SAR, SAR_OPTICAL
from oemsar.legend import CLASSES, NAMES
from oemsar.paper.published import table4

REGIONS = ["B", "A", "B", "C"]


def _store(out: Path, name: str, seed: int, regions: list[str]) -> np.ndarray:
    """A finished cell of drawn matrices; those of ground counted once are of the tiles behind the first."""
    counts = np.random.default_rng(seed).integers(0, 500, (len(regions), 8, 8)) * 2
    counts[:, 6, :] = counts[:, :, 6] = 0
    folder = out / "cells" / name
    once = counts.copy()
    once[0] = 0
    folders.write_counts(folder, [f"t{n}" for n in range(len(regions))], regions, counts, once)
    scores = Scores.from_confusion(counts.sum(0)).to_dict()
    # as a version without format numbers wrote it
    record = {
        "cell": {"network": name.split("_", maxsplit=1)[0]},
        **scores,
        "ground_once": {"miou": scores["miou"], "confusion": scores["confusion"]},
        "tiles": len(regions),
        "georeferenced": len(regions) - 1,
        "regions": len(set(regions)),
        "region_names": sorted(set(regions)),
        "labels": {"real": len(regions), "pseudo": 0},
        "engine": "torch float32 on cpu",
        "training": {},
        "seconds": {"train": None, "test": 1.0},
        "record": {
            "command": ["oemsar"],
            "config": {},
            "seed": seed,
            "data": None,
            "versions": {"oemsar": "0.1.0"},
            "git_commit": "abc123",
            "started": "2026-01-01T00:00:00+00:00",
        },
    }
    write_json(folder / folders.FINISHED, record)
    return counts


def _begin(out: Path, plan: Plan, **about: Any) -> None:
    write_text(out / folders.PLAN, plan.to_yaml())
    defaults = {
        "data": {"table": "tiles.parquet", "sha256": "f" * 64},
        "published_release": False,
        "test_tiles": 4,
        "examples": [],
    }
    write_json(out / folders.ABOUT, {**defaults, **about})


@pytest.fixture
def bench(tmp_path: Path, change_plan: Callable[..., Plan]) -> tuple[Path, list[np.ndarray]]:
    """Optical P with two seeds; SAR failed once and was not run once."""
    _begin(tmp_path, change_plan(seeds=[3, 4]))
    counts = [_store(tmp_path, f"unet_optical_P_s{seed}", seed, REGIONS) for seed in (3, 4)]
    folders.write_failure(tmp_path / "cells" / "unet_sar_P_s3", "no <memory> & no disk | 100 %")
    return tmp_path, counts


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "table4.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_numbers_are_those_of_the_stored_matrices(bench: tuple[Path, list[np.ndarray]]) -> None:
    out, counts = bench
    report_benchmark(out)
    row, empty = _rows(out)
    scores = [Scores.from_confusion(part.sum(0)) for part in counts]
    mious = [score.miou or 0 for score in scores]
    assert row["seeds"] == "3 4"
    assert float(row["miou"]) == pytest.approx(100 * np.mean(mious), abs=1e-4)
    assert float(row["miou deviation"]) == pytest.approx(100 * np.std(mious, ddof=1), abs=1e-4)
    once = [Scores.from_confusion(part[1:].sum(0)).miou or 0 for part in counts]
    assert float(row["miou ground once"]) == pytest.approx(100 * np.mean(once), abs=1e-4)
    for name in NAMES:
        values = [score.classes[name].iou for score in scores]
        expected = "" if None in values else f"{100 * np.mean(values):.4f}"  # type: ignore[arg-type]
        assert row[name] == expected
    places = {"A": [1], "B": [0, 2], "C": [3]}
    by_region = np.stack([[part[place].sum(0) for place in places.values()] for part in counts])
    of_each = [Scores.from_confusion(matrix).miou for matrix in by_region.reshape(-1, 8, 8)]
    assert float(row["miou mean of regions"]) == pytest.approx(100 * np.mean(of_each), abs=1e-4)  # type: ignore[arg-type]
    ends = bootstrap(by_region)
    assert [float(row["miou low"]), float(row["miou high"])] == pytest.approx(100 * ends.miou, abs=1e-4)
    low, high = 100 * ends.miou
    assert f" {low:.2f}–{high:.2f} |" in (out / "table4.md").read_text()  # noqa: RUF001
    assert [float(row["Road low"]), float(row["Road high"])] == pytest.approx(100 * ends.iou[:, 3], abs=1e-4)
    assert {empty[key] for key in empty if key not in ("network", "fusion", "modalities", "regime")} == {""}


def test_each_format_has_the_papers_columns_and_says_what_is_not_there(
    bench: tuple[Path, list[np.ndarray]],
) -> None:
    out, _ = bench
    report_benchmark(out)
    markdown, latex, html = ((out / f"table4.{suffix}").read_text() for suffix in ("md", "tex", "html"))
    assert markdown.startswith(
        "| Method | Modality | Case | Bareland | Grass | Developed | Road | Tree | Water | Agriculture Land "
        "| Buildings | mIoU (%) |"
    )
    assert "| U-Net | SAR | P | – | – |" in markdown  # noqa: RUF001
    for text in (markdown, latex, html):
        for part in ("f" * 64, "abc123", "2 of 4 cells finished, 1 failed, 1 not run", "not the published"):
            assert part in text
        assert "1 of 4 tiles have no georeferencing" in text
    assert "no &lt;memory&gt; &amp; no disk | 100 %" in html
    assert r"- unet_sar_P_s3: no &lt;memory&gt; &amp; no disk \| 100 %" in markdown
    body = [line for line in latex.splitlines() if not line.startswith("%")]
    assert body[0] == r"\begin{tabular}{lllrrrrrrrrrrrr}"
    assert all(line.count("&") == 14 for line in body if line.endswith(r"\\"))
    assert r"mIoU (\%)" in latex


def test_published_values_stand_beside_ours_only_for_the_published_release(
    bench: tuple[Path, list[np.ndarray]], change_plan: Callable[..., Plan]
) -> None:
    out, _ = bench
    report_benchmark(out)
    assert "56.56" not in (out / "table4.md").read_text()
    assert {row["miou published"] for row in _rows(out)} == {""}
    _begin(out, change_plan(seeds=[3, 4]), published_release=True)
    report_benchmark(out)
    assert "(56.56)" in (out / "table4.md").read_text()
    for row, modality in zip(_rows(out), (OPTICAL, SAR), strict=True):
        published = table4()["unet", modality, "P"]
        assert [row[f"{name} published"] for name in NAMES] == [f"{value:.2f}" for value in published.iou]
        assert row["miou published"] == f"{published.miou:.2f}"


def test_published_values_are_of_stacked_channels(tmp_path: Path, change_plan: Callable[..., Plan]) -> None:
    plan = change_plan(modalities=["sar+optical"], fusions=["stack", "dual"])
    _begin(tmp_path, plan, published_release=True)
    for name in ("unet_sar+optical_P_s0", "unet_sar+optical_P_s0_dual"):
        _store(tmp_path, name, 0, REGIONS)
    report_benchmark(tmp_path)
    published = table4()["unet", SAR_OPTICAL, "P"]
    assert [row["miou published"] for row in _rows(tmp_path)] == [f"{published.miou:.2f}", ""]


def test_without_regions_there_is_no_interval_and_it_says_so(
    tmp_path: Path, change_plan: Callable[..., Plan]
) -> None:
    _begin(tmp_path, change_plan(modalities=["sar"]))
    _store(tmp_path, "unet_sar_P_s0", 1, ["unassigned"] * 3)
    report_benchmark(tmp_path)
    assert _rows(tmp_path)[0]["miou low"] == ""
    assert "The table assigns no region" in (tmp_path / "table4.md").read_text()


def test_the_figure_has_a_column_for_each_modality_and_regime(
    tmp_path: Path, change_plan: Callable[..., Plan]
) -> None:
    _begin(tmp_path, change_plan(regimes=["R5", "P", "R1"]), examples=["t0", "t1"])
    cells = [f"unet_{modality}_{regime}_s0" for modality in ("optical", "sar") for regime in ("P", "R5")]
    rng = np.random.default_rng(0)
    for cell in cells[:3]:  # the last one is not finished, its panel stays empty
        _store(tmp_path, cell, 0, REGIONS)
        (tmp_path / "cells" / cell / "maps").mkdir()
        for tile in ("t0", "t1"):
            pixels = rng.integers(1, 9, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "cells" / cell / "maps" / f"{tile}.png")
    (tmp_path / "examples").mkdir()
    for tile in ("t0", "t1"):
        for part, shape in (("sar", (16, 16)), ("optical", (16, 16, 3)), ("truth", (16, 16))):
            pixels = rng.integers(0, 9, shape, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "examples" / f"{tile}_{part}.png")
    written = report_benchmark(tmp_path).files
    assert written[-1].name == "figure3.png"
    with Image.open(written[-1]) as image:
        assert image.width == (3 + 3) * 360
        assert image.height > 2 * 360
    assert '<img src="figure3.png"' in (tmp_path / "table4.html").read_text()


def _write_example(out: Path) -> None:
    """The example tile t0, blank."""
    (out / "examples").mkdir()
    for part, shape in (("sar", (16, 16)), ("optical", (16, 16, 3)), ("truth", (16, 16))):
        Image.fromarray(np.ones(shape, np.uint8)).save(out / "examples" / f"t0_{part}.png")


@pytest.mark.parametrize("fusions", [["stack", "dual"], ["dual", "stack"], ["dual"]])
def test_the_figure_says_what_it_shows(
    tmp_path: Path, change_plan: Callable[..., Plan], fusions: list[str]
) -> None:
    plan = change_plan(modalities=["sar", "sar+optical"], fusions=fusions, seeds=[7, 8])
    _write_example(tmp_path)
    for cell in plan.cells():
        maps = tmp_path / "cells" / cell.name / "maps"
        maps.mkdir(parents=True)
        Image.fromarray(np.full((16, 16), cell.seed, np.uint8)).save(maps / "t0.png")
    figure = draw(tmp_path, plan, ["t0"], {cell.name for cell in plan.cells()})
    assert figure is not None
    assert figure.get_suptitle() == "U-Net, seed 7"
    titles = {axis.get_title() for axis in figure.axes} - {"Optical", "SAR", "Truth"}
    stacked = {"P: SAR", "P: SAR+Optical"} if "stack" in fusions else set()
    assert titles == {"P: SAR+Optical (dual)"} | stacked
    maps_of_seed_7 = [axis.images[0].get_array() for axis in figure.axes if axis.get_title() in titles]
    assert len(maps_of_seed_7) == len(titles)
    assert all((np.asarray(drawn) == CLASSES[6].colour).all() for drawn in maps_of_seed_7)


@pytest.mark.parametrize(
    ("networks", "shown"),
    [
        (["vmamba", "segformer"], "VMamba"),
        (["segformer", "vmamba"], "SegFormer"),
        (["vmamba", "unet"], "U-Net"),
    ],
)
def test_the_figure_shows_u_net_or_the_first_network_of_the_plan(
    tmp_path: Path, change_plan: Callable[..., Plan], networks: list[str], shown: str
) -> None:
    plan = change_plan(networks=networks, modalities=["sar"])
    _write_example(tmp_path)
    figure = draw(tmp_path, plan, ["t0"], {cell.name for cell in plan.cells()})
    assert figure is not None
    assert figure.get_suptitle() == f"{shown}, seed 0"


@pytest.mark.parametrize("name", ["table4.md", "table4.csv", "table4.tex", "table4.html", "figure3.png"])
def test_a_file_of_another_origin_is_not_replaced(bench: tuple[Path, list[np.ndarray]], name: str) -> None:
    out, _ = bench
    kept = {path.name for path in out.iterdir()}
    (out / name).write_bytes(b"mine \xe9")
    with pytest.raises(InputError, match=rf"{name} is there and is not a (table|figure)"):
        report_benchmark(out)
    assert (out / name).read_bytes() == b"mine \xe9"
    assert {path.name for path in out.iterdir()} == kept | {name}
    (out / name).unlink()
    report_benchmark(out)
    report_benchmark(out)


def test_nothing_to_report_is_one_sentence(tmp_path: Path, change_plan: Callable[..., Plan]) -> None:
    with pytest.raises(InputError, match=r"holds no benchmark \(plan\.yaml is missing\)"):
        report_benchmark(tmp_path)
    _begin(tmp_path, change_plan())
    with pytest.raises(InputError, match="has no finished cell to report"):
        report_benchmark(tmp_path)
    _store(tmp_path, "unet_sar_P_s0", 1, REGIONS)
    (tmp_path / "cells" / "unet_sar_P_s0" / folders.COUNTS).write_bytes(b"PK cut off")
    with pytest.raises(InputError, match=r"confusion\.npz cannot be read; remove"):
        report_benchmark(tmp_path)


def test_the_command_prints_the_rows_it_writes(bench: tuple[Path, list[np.ndarray]]) -> None:
    out, _ = bench
    done = CliRunner().invoke(verb.app, ["report", str(out), "--json"], catch_exceptions=False)
    rows = json.loads(done.stdout)["rows"]
    assert f"{100 * rows[0]['miou']:.4f}" == _rows(out)[0]["miou"]
    assert rows[1]["miou"] is None


def test_names_from_files_are_no_markup_in_any_format(
    tmp_path: Path, change_plan: Callable[..., Plan]
) -> None:
    nasty = "x\n\\input{/etc/passwd}\n<script>alert(1)</script>|"
    _begin(
        tmp_path,
        change_plan(seeds=[3, 4]),
        data={"table": f"{nasty}.parquet", "sha256": "f" * 64},
    )
    for seed in (3, 4):
        _store(tmp_path, f"unet_optical_P_s{seed}", seed, [nasty, "A", nasty, "C"])
    folders.write_failure(tmp_path / "cells" / "unet_sar_P_s3", nasty)
    report_benchmark(tmp_path)
    markdown, latex, html = ((tmp_path / f"table4.{end}").read_text() for end in ("md", "tex", "html"))
    assert all(line.startswith("%") for line in latex.splitlines() if "input" in line)
    assert "<script>" not in markdown + html
    assert nasty not in (tmp_path / "table4.csv").read_text()
