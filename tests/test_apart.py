"""No verb replaces or removes what it reads, whatever the names, and it says so before it writes anything."""

import hashlib
import inspect
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
import yaml
from rasterio import Affine

import oemsar
from oemsar.errors import InputError
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec

from .curate.pairs import write_pair

SIDE = 64
NO_INPUT = {"simulate_world", "simulate_scene", "run_demo", "download_release", "fetch_model", "save_model"}
NO_OUTPUT = {
    "verify_tiles",
    "list_regions",
    "score_submission",
    "predict_array",
    "read_tiles",
    "load_model",
    "list_models",
    "list_sources",
    "read_scenes",
}


def raster(path: Path, bands: int = 1, kind: str = "uint8", **profile: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"driver": "GTiff", "count": bands, "height": SIDE, "width": SIDE, "dtype": kind}
    place = {"crs": "EPSG:32631", "transform": Affine(1, 0, 500_000, 0, -1, 5_000_000)}
    pixels = np.random.default_rng(0).integers(1, 8, (bands, SIDE, SIDE)).astype(kind)
    with rasterio.open(path, "w", **options, **place, **profile) as dataset:
        dataset.write(pixels)
    return path


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whatever a verb reads: tiles and their table, a model, a scene, an orthophoto, heights."""
    kit = tmp_path_factory.mktemp("kit")
    tiles = []
    for number, split in enumerate(("train", *["val"] * 6, "test")):
        files = {
            "sar": raster(kit / "sar" / f"t{number}.tif"),
            "optical": raster(kit / "optical" / f"t{number}.tif", 3),
            "pseudo_label": raster(kit / "pseudo" / f"t{number}.tif"),
            "real_label": raster(kit / "real" / f"t{number}.tif"),
        }
        tiles.append(oemsar.Tile(name=f"t{number}", split=split, shape=(SIDE, SIDE), **files))
    oemsar.write_tiles(tiles, kit / "tiles.parquet")
    spec = {"architecture": "unet", "encoder": "tu-test_efficientnet", "modalities": "sar"}
    network = build(ModelSpec(**spec, mean=(60.0,), std=(40.0,)))
    oemsar.save_model(network, kit / "model", {})
    torch.save({"a": torch.zeros(2)}, kit / "published.pth")
    raster(kit / "scene.tif")
    raster(kit / "ortho.tif", 3)
    raster(kit / "dem.tif", kind="float32")
    return kit


@pytest.fixture
def here(kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the kit as the working folder."""
    shutil.copytree(kit, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of every file, links by where they point."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def moved(source: str, target: str) -> Path:
    """An input of the kit under another name."""
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(source).rename(path)


def table(target: str) -> Path:
    """The table of tiles under another name, its paths as they were."""
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    tiles = oemsar.read_tiles(Path("tiles.parquet"))
    if path.exists() or path.is_symlink():
        path.unlink()
    oemsar.write_tiles(tiles, path)
    return path


def virtual(source: str) -> Path:
    rasterio.shutil.copy(source, "scene.vrt", driver="VRT")
    return Path("scene.vrt")


def region(**changes: object) -> Path:
    values = {"name": "town", "sar": "scene.tif", "optical": "ortho.tif", "gsd": 1.0, **changes}
    path = Path("region.yaml")
    path.write_text(yaml.safe_dump(values))
    return path


def ortho(scene: str, out: str, **options: object) -> None:
    geometry = {"dem": Path("dem.tif"), "dem_datum": "ellipsoid", "crs": "EPSG:32631", "gsd": 1.0}
    config = oemsar.OrthoConfig.model_validate({**geometry, "look_azimuth": 90, "incidence": 40, **options})
    oemsar.orthorectify(Path(scene), Path(out), config=config)


def predict(scene: Path, out: str, **options: object) -> None:
    oemsar.predict_scene(Path("model"), scene, Path(out), config=oemsar.PredictConfig.model_validate(options))


def linked(source: str, target: str, *, hard: bool = False) -> Path:
    """Another name of a file."""
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    if hard:
        path.hardlink_to(source)
    else:
        path.symlink_to(Path(source).resolve())
    return path


def folder_link() -> str:
    Path("elsewhere").symlink_to(Path.cwd())
    return "elsewhere"


def with_mask() -> str:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open("scene.tif", "r+") as dataset:
        dataset.write_mask(np.full((SIDE, SIDE), 255, np.uint8))
    return "scene.tif.msk"


def tiles() -> list[oemsar.Tile]:
    return oemsar.read_tiles(Path("tiles.parquet"))


def names(path: str) -> oemsar.SubmissionConfig:
    Path(path).write_text("t0\nt1\nt2\nt3\nt4\nt5\nt6\nt7\n")
    return oemsar.SubmissionConfig(names=Path(path))


def plan(path: str) -> Path:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(oemsar.Plan().to_yaml())
    return Path(path)


def against(folder: str) -> oemsar.Table3Config:
    return oemsar.Table3Config(against=Path(folder))


def cut(pair: str, out: str) -> object:
    write_pair(Path(pair))
    return oemsar.cut_tiles(Path(pair), Path(out), config=oemsar.TilesConfig(size=64))


def area(path: str) -> Path:
    """A square kilometre of Tokyo."""
    corners = [[139.75, 35.68], [139.76, 35.68], [139.76, 35.69], [139.75, 35.69], [139.75, 35.68]]
    Path(path).write_text(json.dumps({"type": "Polygon", "coordinates": [corners]}))
    return Path(path)


def scene() -> oemsar.Scene:
    asset = oemsar.Asset(name="image", file="a.tif", address="https://example.org/a.tif")
    return oemsar.Scene(
        name="a",
        source="umbra",
        footprint="POLYGON ((2 48, 3 48, 3 49, 2 48))",
        licence="CC-BY-4.0",
        attribution="Umbra",
        assets=(asset,),
    )


def scenes(target: str) -> Path:
    path = Path(target)
    path.parent.mkdir(exist_ok=True)
    oemsar.write_scenes([scene()], Path("s.parquet"))
    return Path("s.parquet").rename(path)


Case = tuple[str, Callable[[], object]]
P = Path
CASES: dict[str, Case] = {
    "the scene": ("predict_scene", lambda: predict(P("scene.tif"), "scene.tif")),
    "through a link": ("predict_scene", lambda: predict(P("scene.tif"), str(linked("scene.tif", "a.tif")))),
    "a hard link": (
        "predict_scene",
        lambda: predict(P("scene.tif"), str(linked("scene.tif", "a.tif", hard=True))),
    ),
    "a linked folder": ("predict_scene", lambda: predict(P("scene.tif"), f"{folder_link()}/scene.tif")),
    "another spelling": ("predict_scene", lambda: predict(P("scene.tif"), "sar/../scene.tif")),
    "behind a VRT": ("predict_scene", lambda: predict(virtual("scene.tif"), "scene.tif")),
    "the quick look": ("predict_scene", lambda: predict(moved("scene.tif", "area.png"), "area.tif")),
    "the summary": ("predict_scene", lambda: predict(moved("scene.tif", "area.json"), "area.tif")),
    "the confidence": ("predict_scene", lambda: predict(moved("scene.tif", "a_confidence.tif"), "a.tif")),
    "the class names": ("predict_scene", lambda: predict(moved("scene.tif", "a.tif.aux.xml"), "a.tif")),
    "the mask": ("predict_scene", lambda: predict(moved("scene.tif", "a.tif.msk"), "a.tif")),
    "the partial map": ("predict_scene", lambda: predict(moved("scene.tif", ".a.tif.partial"), "a.tif")),
    "in the partial map": ("predict_scene", lambda: predict(moved("scene.tif", ".a.tif.partial/s"), "a.tif")),
    "weights": (
        "predict_scene",
        lambda: predict(P("scene.tif"), str(linked("model/model.safetensors", "a.tif"))),
    ),
    "the remapped scene": (
        "apply_radiometry",
        lambda: oemsar.apply_radiometry(P("scene.tif"), P("scene.tif")),
    ),
    "the scene's mask": ("apply_radiometry", lambda: oemsar.apply_radiometry(P("scene.tif"), P(with_mask()))),
    "a sidecar": (
        "apply_radiometry",
        lambda: oemsar.apply_radiometry(moved("scene.tif", "a.tif.ovr"), P("a.tif")),
    ),
    "the orthophoto": (
        "convert_orthophoto",
        lambda: oemsar.convert_orthophoto(P("ortho.tif"), P("ortho.tif")),
    ),
    "ortho: the scene": ("orthorectify", lambda: ortho("scene.tif", "scene.tif")),
    "ortho: the heights": ("orthorectify", lambda: ortho("scene.tif", "dem.tif")),
    "ortho: the surface": (
        "orthorectify",
        lambda: ortho("scene.tif", "a.tif", dsm=P(shutil.copy("dem.tif", "a_masks.tif"))),
    ),
    "aligned": (
        "align_images",
        lambda: oemsar.align_images(moved("scene.tif", "out/sar_aligned.tif"), P("ortho.tif"), P("out")),
    ),
    "aligned: a picture": (
        "align_images",
        lambda: oemsar.align_images(P("scene.tif"), moved("ortho.tif", "out/checkerboard.png"), P("out")),
    ),
    "pair: radar": (
        "make_pair",
        lambda: oemsar.make_pair(region(sar=str(moved("scene.tif", "town_sar.tif"))), P()),
    ),
    "pair: optical": (
        "make_pair",
        lambda: oemsar.make_pair(region(optical=str(moved("ortho.tif", "town_optical.tif"))), P("sar/..")),
    ),
    "pair: in the alignment": (
        "make_pair",
        lambda: oemsar.make_pair(region(optical=str(moved("ortho.tif", "alignment/o.tif"))), P()),
    ),
    "pair: the region": ("make_pair", lambda: oemsar.make_pair(region().rename("town.json"), P())),
    "a tile": ("write_tiles", lambda: oemsar.write_tiles(tiles(), P("sar/t1.tif"))),
    "polygons": (
        "polygonise_map",
        lambda: oemsar.polygonise_map(P("scene.tif"), linked("scene.tif", "map.gpkg", hard=True)),
    ),
    "the style of polygons": (
        "polygonise_map",
        lambda: oemsar.polygonise_map(moved("scene.tif", "area.qml"), P("area.fgb")),
    ),
    "a table of tiles": ("write_tiles", lambda: oemsar.write_tiles(tiles(), P("real/../optical/t7.tif"))),
    "index": (
        "index_tiles",
        lambda: oemsar.index_tiles(P("world"), P("world/train/labels/TrainArea_001.tif")),
    ),
    "regimes": ("assign_regimes", lambda: oemsar.assign_regimes(table("m/overlaps.csv"), P("m"))),
    "statistics": ("count_classes", lambda: oemsar.count_classes(table("m/stats.json"), P("m"))),
    "agreement": ("measure_agreement", lambda: oemsar.measure_agreement(table("m/table3.csv"), P("m"))),
    "figures": ("draw_figures", lambda: oemsar.draw_figures(table("m/regions.png"), P("m"))),
    "evaluation": (
        "evaluate_model",
        lambda: oemsar.evaluate_model(P("model"), table("m/figure.png"), P("m")),
    ),
    "evaluation: a tile": (
        "evaluate_model",
        lambda: oemsar.evaluate_model(
            P("model"), P("tiles.parquet"), linked("sar/t7.tif", "m/scores.csv").parent
        ),
    ),
    "calibration": (
        "calibrate_model",
        lambda: oemsar.calibrate_model(P("model"), table("m/model.json"), P("m")),
    ),
    "calibration: the model": (
        "calibrate_model",
        lambda: oemsar.calibrate_model(P("model"), P("tiles.parquet"), P("model")),
    ),
    "training": ("train_model", lambda: oemsar.train_model(table("run/metrics.csv"), P("run"))),
    "benchmark: the table": (
        "run_benchmark",
        lambda: oemsar.run_benchmark(table("b/benchmark.json"), P("b")),
    ),
    "benchmark: the plan": (
        "run_benchmark",
        lambda: oemsar.run_benchmark(P("tiles.parquet"), P("b"), plan=plan("b/benchmark.json")),
    ),
    "submission": (
        "predict_submission",
        lambda: oemsar.predict_submission(P("model"), P("sar"), P("a.zip"), config=names("a.zip")),
    ),
    "import": ("import_checkpoint", lambda: oemsar.import_checkpoint(P("published.pth"), P("published.pth"))),
    "tiles: in their folder": ("cut_tiles", lambda: cut("world/masks", "world")),
    "tiles: the record": (
        "cut_tiles",
        lambda: (
            linked(str(write_pair(P("p")) / "harbour.json"), "tiles/tiles.json", hard=True)
            and oemsar.cut_tiles(P("p"), P("tiles"), config=oemsar.TilesConfig(size=64))
        ),
    ),
    "pseudo labels": (
        "pseudo_label_tiles",
        lambda: oemsar.pseudo_label_tiles(P("model"), P("tiles.parquet"), P()),
    ),
    "pseudo labels: a tile": (
        "pseudo_label_tiles",
        lambda: oemsar.pseudo_label_tiles(
            P("model"), P("tiles.parquet"), linked("pseudo", "p/pseudo_labels").parent
        ),
    ),
    "sample": ("sample_tiles", lambda: oemsar.sample_tiles(table("s/sample.parquet"), P("s"))),
    "sample: a tile": (
        "sample_tiles",
        lambda: oemsar.sample_tiles(P("tiles.parquet"), linked("sar", "s/images").parent),
    ),
    "check": ("check_labels", lambda: oemsar.check_labels(table("c/tiles.csv"), P("c"))),
    "hand labels": (
        "collect_labels",
        lambda: oemsar.collect_labels(P("real"), P("tiles.parquet"), P("real/t1.tif")),
    ),
    "hand labels: the record": (
        "collect_labels",
        lambda: oemsar.collect_labels(P("real"), table("a.json"), P("a.parquet")),
    ),
    "import: its folder": (
        "import_checkpoint",
        lambda: oemsar.import_checkpoint(moved("published.pth", "new/published.pth"), P("new")),
    ),
    "scenes found": (
        "find_scenes",
        lambda: oemsar.find_scenes(area("a.json"), P("a.json"), config=oemsar.FindConfig(source="gsi")),
    ),
    "scenes fetched": (
        "fetch_scenes",
        lambda: oemsar.fetch_scenes(
            scenes("f/fetched.json"), P("f"), config=oemsar.FetchConfig(asset=("image",))
        ),
    ),
    "a table of scenes": (
        "write_scenes",
        lambda: oemsar.write_scenes([scene()], P("scene.tif"), inputs=[P("scene.tif")]),
    ),
    "export": (
        "export_model",
        lambda: oemsar.export_model(P("model"), linked("model/model.json", "model.onnx", hard=True)),
    ),
}


def _world() -> None:
    for kind, bands in (("sar_images", 1), ("rgb_images", 3), ("labels", 1)):
        raster(Path("world/train") / kind / "TrainArea_001.tif", bands)


@pytest.mark.parametrize("case", CASES)
def test_an_output_that_is_an_input_is_refused_and_nothing_changes(here: Path, case: str) -> None:
    _world()
    before: dict[str, str] = {}
    verb, call = CASES[case]

    original = getattr(oemsar, verb)

    def begin(*arguments: object, **named: object) -> object:
        before.update(contents(here))
        return original(*arguments, **named)

    patch = pytest.MonkeyPatch()
    patch.setattr(oemsar, verb, begin)
    try:
        with pytest.raises(InputError, match=r"choose another (output path|folder or move it away)"):
            call()
    finally:
        patch.undo()
    assert before
    assert contents(here) == before


def test_every_verb_that_reads_and_writes_is_held() -> None:
    verbs = {name for name in oemsar.__all__ if inspect.isfunction(getattr(oemsar, name))}
    assert verbs - NO_INPUT - NO_OUTPUT - {"report_benchmark"} == {verb for verb, _ in CASES.values()}
