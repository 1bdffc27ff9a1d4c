"""The name of a packaged model stands for it in every verb, and gives what its folder gives."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from rasterio import Affine

import oemsar
from oemsar.errors import InputError
from oemsar.models import named, packaged
from oemsar.models.joint import files_of_models
from oemsar.models.named import PackagedModel
from oemsar.models.registry import build
from oemsar.models.saved import DESCRIPTION, WEIGHTS, model_files, save_model, store_calibration
from oemsar.models.spec import ModelSpec
from oemsar.predict.state import model_state
from oemsar.record import origin
from oemsar.train.config import RunOptions
from oemsar.train.run import _models

HEIGHT, WIDTH = 48, 72
ENGINE = {"engine": "torch", "device": "cpu"}
SPEC = ModelSpec(
    architecture="unet", encoder="tu-mobilenetv3_small_050", modalities="sar", mean=(60.0,), std=(40.0,)
)


def _raster(path: Path, seed: int, least: int = 0, most: int = 255) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(least, most, (1, HEIGHT, WIDTH), np.uint8)
    where = {"crs": "EPSG:32631", "transform": Affine(1, 0, 500_000, 0, -1, 5_000_000)}
    shape = {"count": 1, "height": HEIGHT, "width": WIDTH, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", **shape, **where) as dataset:
        dataset.write(pixels)
    return path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the packaged model."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("package") / "starter"
    save_model(build(SPEC), folder, {"seed": 3})
    return folder


@pytest.fixture
def here(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a packaged model `starter` and no folder of that name."""
    model = PackagedModel(about="tests", licence="Apache-2.0", folder=installed)
    monkeypatch.setattr(packaged, "STARTER", model)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _table(here: Path) -> list[oemsar.Tile]:
    return [
        oemsar.Tile(
            name=f"t{number}",
            split=split,
            shape=(HEIGHT, WIDTH),
            region="a",
            sar=_raster(here / "sar" / f"t{number}.tif", number),
            real_label=_raster(here / "labels" / f"t{number}.tif", 50 + number, 1, 9),
        )
        for number, split in enumerate(("train", "val"))
    ]


def _map(model: Any, here: Path, out: str) -> bytes:
    config = oemsar.PredictConfig.model_validate(ENGINE)
    made = oemsar.predict_scene(model, _raster(here / "scene.tif", 9), here / out, config=config)
    assert made.models == tuple(
        str(each) for each in ((model,) if isinstance(model, str | Path) else tuple(model))
    )
    with rasterio.open(here / out) as dataset:
        pixels: bytes = dataset.read().tobytes()
    return pixels


def test_a_scene_is_mapped_by_the_name_as_by_the_folder(here: Path, installed: Path) -> None:
    expected = _map(installed, here, "a.tif")
    assert _map(["starter", Path("starter")], here, "b.tif") == expected
    array = rasterio.open(here / "scene.tif").read()
    config = oemsar.WindowConfig.model_validate(ENGINE)
    assert oemsar.predict_array("starter", array, config=config).classes.tobytes() == expected


def test_a_map_that_stopped_goes_on_only_with_the_same_packaged_model(
    here: Path, installed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state of a map holds the content of the model that a name stands for, not the name."""
    before = model_state("starter")
    assert before == model_state(installed)
    other = tmp_path_factory.mktemp("newer") / "starter"
    save_model(build(SPEC), other, {"seed": 4})
    monkeypatch.setattr(packaged, "STARTER", packaged.STARTER.model_copy(update={"folder": other}))
    assert model_state("starter") != before


def test_a_folder_of_the_name_goes_before_the_package_and_the_log_says_so(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torch.manual_seed(4)
    own = build(SPEC)
    save_model(own, here / "starter" / "model", {})
    with caplog.at_level(logging.INFO, logger="oemsar"):
        loaded = oemsar.load_model("starter")
    weights = [name for name, _ in own.named_parameters()]
    assert all(torch.equal(loaded.state_dict()[name], own.state_dict()[name]) for name in weights)
    assert caplog.text.count("starter is a folder here, which is taken instead of the packaged model") == 1
    with caplog.at_level(logging.INFO, logger="oemsar"):
        oemsar.load_model("starter")
    assert caplog.text.count("is a folder here") == 1


def test_a_folder_of_the_name_without_a_model_is_not_passed_over(here: Path) -> None:
    (here / "starter").mkdir()
    with pytest.raises(InputError, match=r"starter holds no saved model .* the folder hides the model"):
        oemsar.load_model("starter")


def test_a_file_of_the_name_and_a_path_with_folders_are_other_things(here: Path, installed: Path) -> None:
    (here / "starter").write_text("no folder")
    assert model_files("starter") == [installed / WEIGHTS, installed / DESCRIPTION]
    with pytest.raises(InputError, match=r"runs/starter holds no saved model"):
        oemsar.load_model("runs/starter")
    with pytest.raises(InputError, match=r"Starter holds no saved model"):
        oemsar.load_model("Starter")


def test_the_use_of_a_packaged_model_is_logged(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    named._tell_of_model.cache_clear()
    with caplog.at_level(logging.INFO, logger="oemsar"):
        oemsar.load_model("starter")
    assert "starter is a packaged model: tests" in caplog.text


def test_a_name_whose_files_are_not_installed_is_refused_in_a_sentence(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = packaged.STARTER.model_copy(update={"folder": here / "none"})
    monkeypatch.setattr(packaged, "STARTER", missing)
    with pytest.raises(InputError, match=r"packaged model starter is not installed \(.*none/model.json is"):
        _map("starter", here, "map.tif")
    assert not (here / "map.tif").exists()


def test_scores_of_the_name_are_those_of_the_folder(here: Path, installed: Path) -> None:
    tiles, config = _table(here), oemsar.EvaluateConfig.model_validate({"split": "val", **ENGINE})
    by_name = oemsar.evaluate_model("starter", tiles, here / "scores", config=config)
    by_folder = oemsar.evaluate_model(installed, tiles, here / "same", config=config)
    assert by_name.scores == by_folder.scores
    assert by_name.models == ("starter",)
    assert json.loads((here / "scores" / "scores.json").read_text())["record"]["config"]["model"] == "starter"


def test_a_submission_of_the_name_is_that_of_the_folder(here: Path, installed: Path) -> None:
    _table(here)
    config = oemsar.SubmissionConfig.model_validate(ENGINE)
    oemsar.predict_submission("starter", here / "sar", here / "a.zip", config=config)
    oemsar.predict_submission(installed, here / "sar", here / "b.zip", config=config)
    assert (here / "a.zip").read_bytes() == (here / "b.zip").read_bytes()


def test_the_name_is_exported(here: Path) -> None:
    assert oemsar.export_model("starter", here / "network.onnx").path.stat().st_size > 0


def test_calibration_goes_into_a_folder_of_its_own_and_never_into_the_package(
    here: Path, installed: Path
) -> None:
    before = [file.read_bytes() for file in model_files(installed)]
    config = oemsar.CalibrateConfig.model_validate({"split": "val", **ENGINE})
    done = oemsar.calibrate_model("starter", _table(here), here / "mine", config=config)
    assert oemsar.load_model(here / "mine").calibration == done.calibration
    assert json.loads((here / "mine" / DESCRIPTION).read_text())["record"]["seed"] == 3
    with pytest.raises(InputError, match="starter is the name of a model that comes with a package"):
        oemsar.calibrate_model("starter", _table(here), Path("starter"), config=config)
    with pytest.raises(InputError, match="would replace"):
        oemsar.calibrate_model("starter", _table(here), installed, config=config)
    with pytest.raises(InputError, match="comes with a package and is not written to; copy it"):
        store_calibration(Path("starter"), done.calibration)
    with pytest.raises(InputError, match="choose a folder of another name"):
        oemsar.save_model(build(SPEC), Path("starter"), {})
    assert [file.read_bytes() for file in model_files(installed)] == before
    assert not (here / "starter").exists()


def _train(here: Path, out: str, **options: Any) -> dict[str, Any]:
    small = {"steps": 1, "crop": 32, "batch": 2, "workers": 0, "device": "cpu", "encoder": SPEC.encoder}
    config = oemsar.TrainConfig.model_validate({"calibrate": False, **small, **options})
    oemsar.train_model(_table(here), here / out, config=config)
    record: dict[str, Any] = json.loads((here / out / "record.json").read_text())
    return record


def test_a_training_starts_from_the_name_and_is_taught_by_it(here: Path, installed: Path) -> None:
    sha256 = origin(installed / WEIGHTS).sha256
    record = _train(here, "run", init="starter", teacher="starter")
    assert record["transfer"]["weights"] == {"file": WEIGHTS, "sha256": sha256}
    assert not record["transfer"]["new"]
    assert [teacher["file"] for teacher in record["teachers"]] == [WEIGHTS, DESCRIPTION]
    assert record["spec"]["mean"] == [60.0]
    assert "init: starter\n" in (here / "run" / "config.yaml").read_text()


def test_a_packaged_model_counts_among_what_is_read(here: Path, installed: Path) -> None:
    """No output may replace it, whatever the names: verbs hold these lists against what they write."""
    options = oemsar.TrainConfig(init="starter", teacher="starter", encoder=SPEC.encoder)
    given = RunOptions.model_validate({**options.model_dump(), "data": None, "out": here / "run"})
    files = [installed / WEIGHTS, installed / DESCRIPTION]
    assert _models(given) == [*files, *files]
    assert files_of_models(["starter", Path("starter")]) == [*files, *files]
