"""Every kind of file that is read, damaged: the reader refuses it in a sentence or reads it as before."""

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from oemsar.benchmark import folder as benchmark_folder
from oemsar.benchmark.plan import read_plan
from oemsar.config_file import read_json, read_yaml
from oemsar.dataset.download.archive import list_members
from oemsar.dataset.label_regime import Regime
from oemsar.dataset.manifests import manifest_tiles
from oemsar.dataset.table import read_tiles, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import OemsarError
from oemsar.evaluate.submission import score_submission
from oemsar.files import checksum
from oemsar.inputs import SAR
from oemsar.models import saved
from oemsar.models.checkpoint import read_tensors
from oemsar.models.encoder_file import start_encoder, write_encoder
from oemsar.models.network import LandCoverNetwork
from oemsar.models.published_encoder import PublishedEncoder
from oemsar.models.spec import ModelSpec
from oemsar.predict.contest import read_names
from oemsar.prepare.align.output.tie_points import TiePoints, read_tie_points, write_geojson, write_points
from oemsar.prepare.align.scene.transform import read_correction
from oemsar.prepare.pair.pipeline import StageRecord
from oemsar.prepare.pair.region_file import read_region
from oemsar.products import capella_metadata, umbra_metadata
from oemsar.record import run_record
from oemsar.scenes.area import parse_area
from oemsar.scenes.endpoints import override_endpoints
from oemsar.scenes.fetched import FetchedFile, FetchRecord
from oemsar.scenes.scene import Asset, Scene
from oemsar.scenes.table import read_scenes, write_scenes
from oemsar.train.checkpoints import require_readable
from oemsar.train.config import RunOptions, TrainConfig
from oemsar.train.metrics_writer import COLUMNS, rewind
from oemsar.train.module import LandCoverModule
from oemsar.train.run_folder import TrainingRecord, stored_options

AREA = '{"type": "Polygon", "coordinates": [[[2, 48], [3, 48], [3, 49], [2, 48]]]}'
SCENE = Scene(
    name="a",
    source="umbra",
    footprint="POLYGON ((2 48, 3 48, 3 49, 2 48))",
    licence="CC BY 4.0",
    attribution="b",
    assets=(Asset(name="GEC", file="a.tif", address="https://a.example/a.tif", size=5),),
)
SPEC = ModelSpec(architecture="unet", encoder="tiny", modalities=SAR, mean=(50.0,), std=(40.0,))
REPLACEMENTS = (float("nan"), float("inf"), -1, 0, 10**30, 1e308, "x", "\0", None, [], {}, True, [[1]])


@dataclass(frozen=True)
class Kind:
    """A kind of file: how one is written, and how it is read."""

    name: str
    write: Callable[[Path], None]
    read: Callable[[Path], object]


def _network() -> LandCoverNetwork:
    torch.manual_seed(0)
    body = nn.Conv2d(1, 8, 1)
    body.add_module("encoder", nn.Conv2d(1, 4, 3))
    return LandCoverNetwork(SPEC, body, 1)


def _json(name: str, content: Any, read: Callable[[Path], object]) -> Kind:
    return Kind(name, lambda path: path.write_text(json.dumps(content)) and None, read)


def _yaml(name: str, content: Any, read: Callable[[Path], object]) -> Kind:
    return Kind(name, lambda path: path.write_text(yaml.safe_dump(content)) and None, read)


RECORD = run_record({}, seed=1).plain()
COLLECT = {
    "product_type": "GEO",
    "license": "terms",
    "collect": {
        "start_timestamp": "2023-01-01T00:00:00Z",
        "image": {
            "scale_factor": 0.5,
            "rows": 5,
            "columns": 6,
            "radiometry": "sigma_nought",
            "center_pixel": {
                "center_time": "2023-01-01T00:00:01Z",
                "target_position": [6378137.0, 0.0, 0.0],
                "incidence_angle": 35.0,
            },
        },
        "radar": {"transmit_polarization": "H", "receive_polarization": "H"},
        "state": {
            "state_vectors": [
                {"time": "2023-01-01T00:00:00Z", "position": [6878137.0, 1000.0, 300000.0]},
                {"time": "2023-01-01T00:00:02Z", "position": [6878137.0, -1000.0, 300000.0]},
            ]
        },
    },
}
UMBRA = {
    "collects": [
        {
            "angleAzimuthDegrees": 30.0,
            "angleIncidenceDegrees": 40.0,
            "slantRangeMeters": 600000.0,
            "sceneCenterPointLla": {"coordinates": [10.0, 50.0, 100.0]},
            "polarizations": ["VV"],
            "startAtUTC": "2023-01-01T00:00:00Z",
        }
    ]
}
POINTS = TiePoints(*(np.arange(4.0) + shift for shift in range(4)), np.ones(4, bool), np.full(4, 0.5))
TRANSFORM = {
    "model": "spline",
    "correction": {
        "model": "spline",
        "centre": [5.0, 6.0],
        "span": 10.0,
        "height": 0.0,
        "coefficients": [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
        "knots": [[0.0, 0.0], [1.0, 1.0], [0.5, 0.2]],
        "weights": [[0.1, 0.2], [0.1, 0.2], [0.1, 0.2]],
    },
}
TRAINING = {
    **RECORD,
    "data": {"table": "tiles.parquet", "sha256": "0" * 64},
    "spec": SPEC.model_dump(mode="json"),
    "class_weights": [1.0] * 8,
}
STAGE = {"key": "k", "result": {}, "files": {"a.tif": "0" * 64}, "record": RECORD}
PLAN = {"networks": {"unet": {"crop": 64}}, "seeds": [0], "train": {"steps": 5}, "figure_tiles": 2}
REGION = {
    "name": "a",
    "sar": {"path": "a.tif", "band": 1},
    "optical": "b.tif",
    "gsd": 0.5,
    "extent": [0, 0, 1, 1],
    "remap": {"name": "db-clip", "db": [-20, 0]},
}


def _write_table(path: Path) -> None:
    write_tiles([Tile(f"T_{n}", "train", (4, 4), sar=path.parent / "a.tif") for n in (1, 2)], path)


def _score(path: Path) -> object:
    return score_submission(path, path.parent / "labels")


def _write_submission(path: Path) -> None:
    folder = path.parent / "labels"
    folder.mkdir(exist_ok=True)
    ids = Image.fromarray(np.full((4, 5), 3, np.uint8))
    ids.save(folder / "Tile_1.png")
    with zipfile.ZipFile(path, "w") as archive, archive.open("Tile_1.png", "w") as file:
        ids.save(file, format="PNG")


def _write_manifest(path: Path) -> None:
    path.write_text("TrainArea_1\nTrainArea_2\n")
    path.with_name(f"{path.name}.sha256").write_text(f"{checksum(path)}  {path.name}\n")


def _read_manifest(path: Path) -> object:
    tiles = [Tile(f"TrainArea_{n}", "train", (4, 4), pseudo_label=Path("a.tif")) for n in (1, 2)]
    return manifest_tiles(tiles, Regime.P, path.parent)


def _write_metrics(path: Path) -> None:
    path.write_text(",".join(COLUMNS) + "\n" + ",".join(["1", *["0.5"] * (len(COLUMNS) - 1)]) + "\n")


def _read_saved(path: Path) -> object:
    network = saved.load_model(path.parent)
    return network.spec, {name: value.tolist() for name, value in network.state_dict().items()}


def _write_saved(path: Path) -> None:
    save_file(_network().state_dict(), path.parent / saved.WEIGHTS)
    description = saved.ModelDescription(spec=SPEC, legend=saved.legend.NAMES, record={"seed": 1})
    (path.parent / saved.DESCRIPTION).write_text(description.model_dump_json())


def _write_checkpoint(path: Path) -> None:
    module = LandCoverModule(_network(), TrainConfig(), (1.0,) * 8)
    parts: dict[str, Any] = {"optimizer_states": [], "lr_schedulers": [], "loops": {}, "callbacks": {}}
    torch.save({"state_dict": module.state_dict(), **parts}, path)


def _write_counts(path: Path) -> None:
    counts = np.ones((2, 8, 8), np.int64)
    benchmark_folder.write_counts(path.parent, ["a", "b"], ["r", "r"], counts, counts)


def _encoder() -> PublishedEncoder:
    return PublishedEncoder("tiny", {"weight": torch.ones(4, 3, 3, 3), "bias": torch.ones(4)})


def _write_fetched(path: Path) -> None:
    terms = {"licence": "b", "attribution": "c", "redistributable": True, "year": 2020}
    names = {"source": "umbra", "scene": "a", "asset": "GEC", "address": "https://a.example/a.tif"}
    file = FetchedFile(file="umbra/a/a.tif", key="k", size=5, sha256="0" * 64, **terms, **names)
    record = FetchRecord(files=(file,), begun={"umbra/b.tif": "k"}, record=run_record({"a": 1}))
    path.write_text(json.dumps(record.model_dump(mode="json")))


KINDS = [
    _yaml(
        "options.yaml",
        {"steps": 10, "learning_rate": 0.01, "model": "unet", "out": "run"},
        lambda path: RunOptions.model_validate(read_yaml(path)),
    ),
    _yaml("plan.yaml", PLAN, read_plan),
    _yaml("region.yaml", REGION, read_region),
    _yaml("config.yaml", {"steps": 10, "data": "t.parquet"}, lambda path: stored_options(path.parent)),
    _json("record.json", TRAINING, lambda path: read_json(path, TrainingRecord, "record of a run")),
    _json("stage.json", STAGE, lambda path: read_json(path, StageRecord, "record of a stage")),
    _json("failed.json", {"reason": "why"}, lambda path: benchmark_folder.failed(path.parent)),
    _json("extended.json", COLLECT, capella_metadata.read_metadata),
    _json("a_METADATA.json", UMBRA, umbra_metadata.read_metadata),
    _json("transform.json", TRANSFORM, lambda path: read_correction(path).coefficients.tolist()),
    Kind(
        "points.geojson",
        lambda path: write_geojson(path, POINTS, None),
        lambda path: read_tie_points(path, None).sar_x.tolist(),
    ),
    Kind(
        "points.points",
        lambda path: write_points(path, POINTS, None),
        lambda path: read_tie_points(path, None).sar_x.tolist(),
    ),
    Kind(saved.DESCRIPTION, _write_saved, _read_saved),
    Kind(saved.WEIGHTS, _write_saved, _read_saved),
    Kind(
        "encoder.safetensors",
        lambda path: write_encoder(_encoder(), path),
        lambda path: start_encoder(_network(), path),
    ),
    Kind(
        "checkpoint.pth",
        lambda path: torch.save({"state_dict": {"a": torch.ones(3)}}, path),
        lambda path: {name: value.tolist() for name, value in read_tensors(path).items()},
    ),
    Kind(
        "last.ckpt",
        _write_checkpoint,
        lambda path: require_readable(path, LandCoverModule(_network(), TrainConfig(), (1.0,) * 8)),
    ),
    Kind(
        "tiles.parquet",
        _write_table,
        read_tiles,
    ),
    Kind("P.txt", _write_manifest, _read_manifest),
    Kind("names.txt", lambda path: path.write_text("a\nb\n") and None, read_names),
    Kind(benchmark_folder.COUNTS, _write_counts, lambda path: benchmark_folder.read_counts(path.parent)[0]),
    Kind("metrics.csv", _write_metrics, lambda path: rewind(path, 5)),
    Kind("submission.zip", _write_submission, lambda path: _score(path) and None),
    Kind("archive.zip", _write_submission, lambda path: len(list_members(path))),
    Kind("scenes.parquet", lambda path: write_scenes([SCENE], path), read_scenes),
    Kind("fetched.json", _write_fetched, lambda path: read_json(path, FetchRecord, "record").files),
    Kind("area.geojson", lambda path: path.write_text(AREA) and None, lambda path: parse_area(path).wkt),
    Kind(
        "mirrors.yaml",
        lambda path: path.write_text("gsi_tiles: http://a/b\nign_wmts: http://c\n") and None,
        lambda path: override_endpoints([str(path)]),
    ),
]
IDS = [kind.name for kind in KINDS]
TEXTS = [kind for kind in KINDS if kind.name.endswith((".json", ".yaml", ".geojson"))]


@pytest.fixture(autouse=True)
def _tiny_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "build", lambda spec: _network())


def _outcome(kind: Kind, path: Path) -> object:
    """What is read, or the sentence by which it is refused; anything else that is raised fails the test."""
    try:
        return kind.read(path)
    except OemsarError as error:
        return error


def _mangled(content: bytes) -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    for share in (0.2, 0.5, 0.9):
        yield f"cut at {share}", content[: int(len(content) * share)]
    yield "last byte missing", content[:-1]
    yield "twice", content * 2
    yield "NUL within", content[: len(content) // 2] + b"\0" + content[len(content) // 2 :]
    yield "not UTF-8", content[: len(content) // 2] + b"\xff\xfe" + content[len(content) // 2 :]
    yield "other line ends", content.replace(b"\n", b"\r\n")
    for text in (
        b"null",
        b"[]",
        b"{}",
        b"1",
        b'"text"',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"a: &a [*a]",
        b"-" * 99,
    ):
        yield text[:10].decode(), text
    rng = np.random.default_rng(len(content))
    for number in range(12):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), 1 + number):
            changed[place] = rng.integers(256)
        yield f"{number + 1} bytes changed", bytes(changed)


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_a_damaged_file_is_refused_or_read(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / kind.name
    kind.write(path)
    before, content = _outcome(kind, path), path.read_bytes()
    assert not isinstance(before, OemsarError), before
    for what, mangled in _mangled(content):
        path.write_bytes(mangled)
        outcome = _outcome(kind, path)
        if isinstance(outcome, OemsarError):
            assert len(str(outcome)) < 600, what
            assert "\n" not in str(outcome), what


@pytest.mark.parametrize("kind", TEXTS, ids=[kind.name for kind in TEXTS])
def test_a_byte_order_mark_changes_nothing(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / kind.name
    kind.write(path)
    before = _outcome(kind, path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert _outcome(kind, path) == before
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("utf-16"))
    assert isinstance(_outcome(kind, path), OemsarError)


def _changed(content: Any) -> Iterator[Any]:
    """The content with each of its values replaced or left out in turn."""
    yield from REPLACEMENTS
    if isinstance(content, dict):
        for key, value in content.items():
            yield {name: each for name, each in content.items() if name != key}
            for changed in _changed(value):
                yield {**content, key: changed}
    elif isinstance(content, list):
        for index, value in enumerate(content[:2]):
            yield content[:index] + content[index + 1 :]
            for changed in _changed(value):
                yield [*content[:index], changed, *content[index + 1 :]]


@pytest.mark.parametrize("kind", TEXTS, ids=[kind.name for kind in TEXTS])
def test_values_of_other_types_are_refused_or_meant(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / kind.name
    kind.write(path)
    as_yaml = kind.name.endswith(".yaml")
    content = yaml.safe_load(path.read_text()) if as_yaml else json.loads(path.read_text())
    refused = 0
    for changed in _changed(content):
        path.write_text(yaml.safe_dump(changed) if as_yaml else json.dumps(changed))
        refused += isinstance(_outcome(kind, path), OemsarError)
    assert refused > len(REPLACEMENTS) // 2


def test_the_state_of_a_map_that_is_damaged_begins_it_anew(tmp_path: Path) -> None:
    from oemsar.predict import state

    unfinished: Any = SimpleNamespace(folder=tmp_path, _task="t")
    for content in ("", "[]", '{"task": "t"}', '{"task": "t", "rows": -1, "pixels": [0]}', "[" * 9999):
        (tmp_path / "state.json").write_text(content)
        assert state.ResumableMap._read(unfinished) is None
    (tmp_path / "state.json").write_text(json.dumps({"task": "t", "rows": 2, "pixels": list(range(8))}))
    assert state.ResumableMap._read(unfinished) == state.MapCheckpoint(2, tuple(range(8)))
