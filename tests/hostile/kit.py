"""What every verb that writes is called with: small inputs, and for each verb two calls that differ."""

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

from oemsar.dataset.index import index_tiles
from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.models.torchvision_ops import declare
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.run import simulate_world
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.run import simulate_scene

declare()
from segmentation_models_pytorch.encoders import get_encoder  # noqa: E402 (imports torchvision)

from .attacks import digests_of  # noqa: E402

ENCODER = "tu-test_efficientnet"
TRAINING = {"encoder": ENCODER, "steps": 2, "crop": 32, "batch": 2, "workers": 0, "device": "cpu"}
TRAINING |= {"validate_every": 1, "checkpoint_every": 1}
Argv = list[str | Path]


@dataclass(frozen=True)
class Kit:
    """Inputs of the verbs.

    Attributes:
        root: Folder of all that follows.
        zenodo: Address of a Zenodo whose record holds one archive.
    """

    root: Path
    zenodo: str

    @property
    def table(self) -> Path:
        """Table of the tiles of one region: one to train on, six to validate on, one to test."""
        return self.root / "tiles.parquet"

    @property
    def scene(self) -> Path:
        """Folder of a radar scene over hilly ground, and of all that belongs to it."""
        return self.root / "scene"


def make_kit(root: Path, zenodo: str) -> Kit:
    """Write the inputs."""
    kit = Kit(root, zenodo)
    for name, tiles in (("data", 8), ("other", 2)):
        config = WorldConfig(regions=1, tiles=tiles, size=64, val=tiles - 2, test=1, scene=96, workers=1)
        simulate_world(root / name, config=config)
    index_tiles(root / "data", kit.table)
    for seed in (1, 2):
        torch.manual_seed(seed)
        spec = {
            "architecture": "unet",
            "encoder": ENCODER,
            "modalities": "sar",
            "mean": (60.0,),
            "std": (40.0,),
        }
        saved.save_model(build(ModelSpec.model_validate(spec)), root / f"model{seed}", {})
        torch.save(get_encoder("mit_b0", weights=None).state_dict(), root / f"mit{seed}.pth")
    _write_scene(kit)
    for number, rate in enumerate((1e-3, 2e-3)):
        plan: dict[str, object] = {
            "networks": ["unet"],
            "modalities": ["sar"],
            "regimes": ["P"],
            "seeds": [0],
        }
        plan |= {"train": {**TRAINING, "learning_rate": rate}, "engine": "torch", "figure_tiles": 1}
        (root / f"plan{number}.yaml").write_text(yaml.safe_dump(plan))
    return kit


def _write_scene(kit: Kit) -> None:
    """Write a scene, tie points of a person for two displacements, and the region files of two pairs."""
    fields = {"size": 128, "relief": 5.0, "look_azimuth": 95.0, "offset": 5.0, "seed": 7}
    config = SceneConfig.model_validate({**fields, "country": "FRA", "character": "rural"})
    simulate_scene(kit.scene, config=config)
    steps = [(x, y) for x in range(5, 128, 30) for y in range(5, 128, 30)]
    for shift in (20, 22):
        points = [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [0, 0]},
                "properties": {"sar_x": x + shift, "sar_y": y + 20, "optical_x": x, "optical_y": y},
            }
            for x, y in steps
        ]
        ties = {"type": "FeatureCollection", "features": points}
        (kit.scene / f"ties{shift}.geojson").write_text(json.dumps(ties))
        region = {"name": "field", "sar": "sar.tif", "optical": "optical.tif", "dem": "dem.tif", "gsd": 0.5}
        region |= {"tie_points": f"ties{shift}.geojson", "accept": True}
        (kit.scene / f"region{shift}.yaml").write_text(yaml.safe_dump(region))


Calls = Callable[[Kit, Path], tuple[Argv, Argv]]
"""Makes two calls of a verb on one output; their results differ where an option or an input can make them."""


def _options(verb: str, option: str, *values: object, given: tuple[str, ...] = ()) -> Calls:
    """Call a verb on the table of tiles with two values of an option."""

    def calls(kit: Kit, out: Path) -> tuple[Argv, Argv]:
        one, other = ([*verb.split(), kit.table, "--out", out, *given, option, str(each)] for each in values)
        return one, other

    return calls


def _simulate(verb: str, *given: str) -> Calls:
    return lambda _, out: (
        [verb, out, *given, "--seed", "0"],
        [verb, out, *given, "--seed", "1"],
    )


def _index(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    one, other = (
        ["data", "index", kit.root / name, "--out", out / "t.parquet"] for name in ("data", "other")
    )
    return one, other


def _agreement(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    argv = ["data", "agreement", kit.table, "--out", out, "--workers", "2"]
    return argv, [*argv, "--against", kit.root / "data" / "val" / "pseudo_labels"]


def _download(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    argv = ["data", "download", out, "--url", kit.zenodo]
    return argv, argv


def _import(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    one, other = (
        ["models", "import", kit.root / f"mit{n}.pth", "--out", out / "mit.safetensors"] for n in (1, 2)
    )
    return one, other


def _export(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    one, other = (["models", "export", kit.root / f"model{n}", "--out", out / "m.onnx"] for n in (1, 2))
    return one, other


def _radiometry(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    argv = ["prepare", "radiometry", kit.scene / "sar.tif", "--out", out / "r.tif", "--remap"]
    return [*argv, "density"], [*argv, "percentile"]


def _ortho(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    argv = ["prepare", "ortho", kit.scene / "sar.tif", "--out", out / "o.tif", "--dem", kit.scene / "dem.tif"]
    argv += ["--dsm", kit.scene / "dsm.tif", "--crs", "EPSG:32631", "--gsd"]
    return [*argv, "0.5"], [*argv, "0.75"]


def _align(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    images = [kit.scene / "sar.tif", kit.scene / "optical.tif", "--dem", kit.scene / "dem.tif"]
    one, other = (
        ["prepare", "align", *images, "--out", out, "--tie-points", kit.scene / f"ties{shift}.geojson"]
        for shift in (20, 22)
    )
    return one, other


def _pair(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    one, other = (["prepare", "pair", kit.scene / f"region{shift}.yaml", "--out", out] for shift in (20, 22))
    return one, other


def _train(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    argv: Argv = ["train", "--data", kit.table, "--out", out]
    for name, value in TRAINING.items():
        argv += [f"--{name.replace('_', '-')}", str(value)]
    return [*argv, "--seed", "0"], [*argv, "--seed", "1"]


def _evaluate(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    argv = [
        "evaluate",
        kit.root / "model1",
        "--data",
        kit.table,
        "--out",
        out,
        "--engine",
        "torch",
        "--split",
    ]
    return [*argv, "val"], [*argv, "test"]


def _predict(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    rest = [kit.scene / "sar.tif", "--out", out / "m.tif", "--engine", "torch", "--window", "64"]
    one, other = (["predict", kit.root / f"model{n}", *rest, "--overlap", "16"] for n in (1, 2))
    return one, other


def _benchmark(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    one, other = (
        ["benchmark", "run", kit.root / f"plan{n}.yaml", "--data", kit.table, "--out", out] for n in (0, 1)
    )
    return one, other


def _report(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    return ["benchmark", "report", out], ["benchmark", "report", out]


def _contest(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    rest = [kit.root / "data" / "val" / "sar_images", "--out", out / "s.zip", "--engine", "torch"]
    one, other = (["contest", "predict", kit.root / f"model{n}", *rest] for n in (1, 2))
    return one, other


def _demo(kit: Kit, out: Path) -> tuple[Argv, Argv]:
    argv: Argv = [
        "demo",
        out,
        "--regions",
        "1",
        "--tiles",
        "4",
        "--size",
        "64",
        "--scene",
        "64",
        "--steps",
        "1",
    ]
    argv += ["--crop", "32", "--batch", "2", "--seed"]
    return [*argv, "0"], [*argv, "1"]


TILES = ("--regions", "1", "--tiles", "3", "--size", "64", "--workers")
SCENE = ("--size", "64", "--relief", "5", "--country", "FRA", "--character", "rural")
VERBS: dict[str, Calls] = {
    "simulate": _simulate("simulate", *TILES, "1"),
    "simulate-scene": _simulate("simulate-scene", *SCENE),
    "index": _index,
    "regimes": _options("data regimes", "--seed", 0, 1),
    "stats": _options("data stats", "--connectivity", 8, 4, given=("--workers", "2")),
    "agreement": _agreement,
    "figures": _options("data figures", "--per-country", 1, 2),
    "download": _download,
    "import": _import,
    "export": _export,
    "radiometry": _radiometry,
    "ortho": _ortho,
    "align": _align,
    "pair": _pair,
    "train": _train,
    "evaluate": _evaluate,
    "predict": _predict,
    "benchmark": _benchmark,
    "report": _report,
    "contest": _contest,
    "demo": _demo,
}
"""Every verb that writes."""


VOLATILE = {
    "record",
    "command",
    "started",
    "finished",
    "seconds",
    "versions",
    "git_commit",
    "created",
    "times",
}
"""Keys of JSON that tell of the run; the times are those of the files that it read."""
RATES = {"samples_per_second"}
"""Columns of metrics that tell how fast the run was."""


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every result below a folder, of JSON and metrics without what tells of the run.

    Two checkpoints of the same values may differ in which of them are stored as references to others.
    """
    found = {}
    for name, digest in digests_of(folder).items():
        path = folder / name
        if path.name == "log.txt":
            found[name] = "the log of a process"
        elif path.name == "metrics.csv":
            rows = list(csv.DictReader(path.read_text().splitlines()))
            found[name] = repr([{key: row[key] for key in row if key not in RATES} for row in rows])
        elif path.suffix == ".ckpt":
            found[name] = _digest(torch.load(path, map_location="cpu", weights_only=True))
        elif "tfevents" in path.name:
            found[str(Path(name).parent / "tfevents")] = "curves"
        elif path.suffix in (".json", ".geojson"):
            found[name] = json.dumps(_plain(json.loads(path.read_text())), sort_keys=True)
        else:
            found[name] = digest
    return found


def _plain(value: object) -> object:
    """Leave out what tells of the run, and the digests of files that do."""
    if isinstance(value, dict):
        told = {key: each for key, each in value.items() if key not in VOLATILE and not key.endswith(".json")}
        return {key: _plain(each) for key, each in told.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _digest(value: object) -> str:
    """SHA-256 of the values of a checkpoint."""
    if isinstance(value, torch.Tensor):
        value = (str(value.dtype), tuple(value.shape), value.numpy().tobytes())
    elif isinstance(value, dict):
        value = [(repr(key), _digest(each)) for key, each in value.items() if key not in VOLATILE]
    elif isinstance(value, (list, tuple)):
        value = [_digest(each) for each in value]
    return hashlib.sha256(repr(value).encode()).hexdigest()


def leftovers(*folders: Path) -> list[str]:
    """Names below folders of files and folders that only work in progress needs."""
    names = [path.name for folder in folders for path in folder.rglob("*")]
    names = [name for name in names if name != ".oemsar-downloads.json"]  # the list of what was fetched
    return [
        name for name in names if name.startswith(".oemsar-") or name.endswith((".partial", ".old", ".lock"))
    ]
