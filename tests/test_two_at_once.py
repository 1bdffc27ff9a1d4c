"""Two commands on one output at once: the result is whole and of one of them, and the other is told."""

import hashlib
import json
import multiprocessing
import re
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio import Affine

SIDE = 64
PAIRS = 10
Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def serve(pipe: Connection, start: Any) -> None:
    """Call verbs of the Python interface, each at the same moment as another process."""
    import oemsar

    while (call := pipe.recv()) is not None:
        verb, arguments, options = call
        named = {key: value for key, value in options.items() if key != "config"}
        if "config" in options:
            kind, fields = options["config"]
            named["config"] = getattr(oemsar, kind)(**fields)
        function = getattr(oemsar, verb)
        start.wait()
        try:
            function(*arguments, **named)
        except oemsar.OemsarError as error:
            pipe.send((type(error).__name__, str(error)))
        except BaseException as error:
            pipe.send(("traceback", repr(error)))
        else:
            pipe.send(("done", ""))


Together = Callable[[Call, Call], list[tuple[str, str]]]


@pytest.fixture(scope="module")
def together() -> Iterator[Together]:
    """Makes two calls at once, in two processes that stay."""
    context = multiprocessing.get_context("spawn")
    start, pipes = context.Barrier(2), [context.Pipe() for _ in range(2)]
    processes = [context.Process(target=serve, args=(there, start), daemon=True) for _, there in pipes]
    for process in processes:
        process.start()

    def call(one: Call, other: Call) -> list[tuple[str, str]]:
        for (here, _), what in zip(pipes, (one, other), strict=True):
            here.send(what)
        return [here.recv() for here, _ in pipes]

    yield call
    for (here, _), process in zip(pipes, processes, strict=True):
        here.send(None)
        process.join()


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every file; of JSON without what tells of the run."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if path.suffix == ".json":
            data = json.dumps({**json.loads(data), "record": None, "started": None, "command": None}).encode()
        found[str(path.relative_to(folder))] = hashlib.sha256(data).hexdigest()
    return found


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene, a table of tiles and two models."""
    import torch

    import oemsar
    from oemsar.models.registry import build
    from oemsar.models.spec import ModelSpec

    kit = tmp_path_factory.mktemp("kit")
    rng = np.random.default_rng(0)
    profile = {"driver": "GTiff", "count": 1, "height": SIDE, "width": SIDE, "dtype": "uint8"}
    place = {"crs": "EPSG:32631", "transform": Affine(1, 0, 500_000, 0, -1, 5_000_000)}
    tiles = []
    for number in range(9):
        name, split = f"t{number}", "train" if number == 0 else "test" if number == 8 else "val"
        for kind in ("sar", "label"):
            with rasterio.open(kit / f"{kind}{number}.tif", "w", **profile, **place) as dataset:
                dataset.write(rng.integers(1, 9, (1, SIDE, SIDE)).astype(np.uint8))
        label = {"pseudo_label" if split == "train" else "real_label": kit / f"label{number}.tif"}
        sar = kit / f"sar{number}.tif"
        tiles.append(oemsar.Tile(name=name, split=split, shape=(SIDE, SIDE), sar=sar, **label))
    oemsar.write_tiles(tiles, kit / "tiles.parquet")
    for seed in (1, 2):
        torch.manual_seed(seed)
        spec = {"architecture": "unet", "encoder": "tu-test_efficientnet", "modalities": "sar"}
        network = build(ModelSpec(**spec, mean=(4.0,), std=(2.0,)))
        oemsar.save_model(network, kit / f"model{seed}", {})
    return kit


def calls(verb: str, kit: Path, out: Path) -> tuple[Call, Call]:
    """Two calls of a verb whose results differ, on the same output."""
    config: Any
    if verb == "predict_scene":
        config = ("PredictConfig", {"window": 32, "overlap": 8, "engine": "torch"})
        one, other = ((verb, (kit / f"model{n}", kit / "sar0.tif", out / "m.tif")) for n in (1, 2))
        return (*one, {"config": config}), (*other, {"config": config})
    if verb == "apply_radiometry":
        named = [{"config": ("RadiometryConfig", {"remap": remap})} for remap in ("density", "percentile")]
        return tuple((verb, (kit / "sar0.tif", out / "r.tif"), options) for options in named)  # type: ignore[return-value]
    if verb == "assign_regimes":
        named = [{"config": ("RegimesConfig", {"seed": seed})} for seed in (0, 1)]
        return tuple((verb, (kit / "tiles.parquet", out / "m"), options) for options in named)  # type: ignore[return-value]
    if verb == "simulate_world":
        fields = {"regions": 1, "tiles": 2, "size": 64, "workers": 1}
        named = [{"config": ("WorldConfig", {**fields, "seed": seed})} for seed in (0, 1)]
        return tuple((verb, (out / "w",), options) for options in named)  # type: ignore[return-value]
    if verb == "evaluate_model":
        named = [
            {"config": ("EvaluateConfig", {"split": split, "engine": "torch"})} for split in ("val", "test")
        ]
        given = (kit / "model1", kit / "tiles.parquet", out / "e")
        return tuple((verb, given, options) for options in named)  # type: ignore[return-value]
    tables = [(verb, (kit / "tiles.parquet", out / "s"), {}) for _ in range(2)]
    return tables[0], tables[1]


SLOW = [pytest.param(verb, marks=pytest.mark.slow) for verb in ("predict_scene", "evaluate_model")]


@pytest.mark.parametrize(
    "verb", ["apply_radiometry", "assign_regimes", "simulate_world", "count_classes", *SLOW]
)
def test_of_two_commands_at_once_one_writes_and_the_other_is_told(
    verb: str, kit: Path, tmp_path: Path, together: Together
) -> None:
    import oemsar

    expected = []
    for number, (name, arguments, options) in enumerate(calls(verb, kit, tmp_path / "alone")):
        moved = [Path(str(a).replace("alone", f"alone{number}")) for a in arguments]
        config = options.get("config")
        named = {} if config is None else {"config": getattr(oemsar, config[0])(**config[1])}
        (tmp_path / f"alone{number}").mkdir()
        getattr(oemsar, name)(*moved, **named)
        expected.append(content(tmp_path / f"alone{number}"))
    both = 0
    for pair in range(PAIRS):
        out = tmp_path / f"pair{pair}"
        out.mkdir()
        answers = together(*calls(verb, kit, out))
        said = {kind for kind, _ in answers}
        assert "done" in said
        assert said <= {"done", "Occupied", "InputError"}, answers
        for kind, sentence in answers:
            if kind == "Occupied":
                assert re.search(
                    r"is being written by process \d+ on \S+ since .* UTC; wait for it", sentence
                )
                both += 1
        assert comparable(content(out), out) in [comparable(each, tmp_path) for each in expected]
    assert both > 0


def comparable(found: dict[str, str], folder: Path) -> dict[str, str]:
    """Content without files that name their own place."""
    return {name: digest for name, digest in found.items() if name not in ("m.json", "m/record.json")}
