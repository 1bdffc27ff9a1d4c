"""Self-training: whose labels they are, what is mixed, and the loss by hand."""

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from oemsar.dataset.table import read_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError, Interrupted
from oemsar.inputs import OPTICAL
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.train.averaging import WeightAverage
from oemsar.train.config import TrainConfig
from oemsar.train.crops import Batch, CropDataset
from oemsar.train.data import UNLABELLED, PhasedCrops
from oemsar.train.loss_input import single_process
from oemsar.train.run import train_model
from oemsar.train.self_training import Mixture, SelfTraining
from oemsar.train.targets import Targets
from oemsar.train.tiles import run_tiles

ENCODER = "tu-test_efficientnet"


def network(seed: int = 0) -> LandCoverNetwork:
    """A linear function of each pixel, and a batch norm that is not that of training."""
    torch.manual_seed(seed)
    spec = ModelSpec(
        architecture="unet", encoder="none", modalities=OPTICAL, mean=(100.0,) * 3, std=(20.0,) * 3
    )
    return LandCoverNetwork(spec, nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 8, 1)), 1)


def batch() -> dict[str, Tensor]:
    images = torch.randint(0, 256, (3, 3, 6, 9), generator=torch.Generator().manual_seed(1))
    return {
        "number": torch.tensor([6, 7, 8]),
        "unlabelled": images.to(torch.uint8),
        "changed": images.float() + 0.25,
    }


def config(**options: object) -> TrainConfig:
    return TrainConfig(modalities="optical", self_training=True, ema=0.9, **options)


def test_labels_are_those_of_the_average_where_it_is_sure() -> None:
    trained, other = network(0), network(1)
    average = WeightAverage(other, 0.9)
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    trained.train()
    mixture = SelfTraining(config(self_threshold=0.6), average).mixture(trained, batch())
    assert trained.training
    assert all(torch.equal(before[name], value) for name, value in trained.state_dict().items())
    with torch.no_grad():
        probability, best = other.eval()(batch()["unlabelled"]).softmax(1).max(1)
    sure = torch.where(probability >= 0.6, best + 1, 0)
    assert 0 < (sure > 0).float().mean() < 1
    changed = batch()["changed"]
    for index in range(3):
        own, following = changed[index], changed[(index + 1) % 3]
        pasted = (mixture.images[index] == own).all(0)
        assert torch.equal(mixture.images[index], torch.where(pasted, own, following))
        assert torch.equal(
            mixture.label[index].long(), torch.where(pasted, sure[index], sure[(index + 1) % 3])
        )
        classes = best[index].unique()
        whole = [bool(pasted[best[index] == each].all()) for each in classes]
        assert sum(whole) == (len(classes) + 1) // 2
        assert int(pasted.sum()) == sum(
            int((best[index] == each).sum()) for each, here in zip(classes, whole, strict=True) if here
        )


def test_what_is_mixed_depends_on_the_number_of_the_sample_alone() -> None:
    trained = network()
    training = SelfTraining(config(self_threshold=0), WeightAverage(trained, 0.9))
    first = training.mixture(trained, batch())
    again = training.mixture(trained, batch())
    assert torch.equal(first.images, again.images)
    later = training.mixture(trained, {**batch(), "number": torch.tensor([106, 107, 108])})
    assert not torch.equal(first.images, later.images)
    assert training.mixture(trained, {"number": torch.tensor([6])}) is None


def test_the_loss_is_the_cross_entropy_by_the_share_of_labelled_pixels() -> None:
    trained = network()
    label = torch.randint(0, 9, (2, 6, 9), generator=torch.Generator().manual_seed(2)).to(torch.uint8)
    label[0, :3] = 0
    images = batch()["changed"][:2]
    training = SelfTraining(config(self_weight=0.5), WeightAverage(trained, 0.9))
    found = training.loss(trained.eval(), Mixture(images, None, label), single_process)
    expected = F.cross_entropy(trained(images), label.long() - 1, ignore_index=-1)
    torch.testing.assert_close(found, 0.5 * (label > 0).float().mean() * expected)
    nothing = training.loss(trained, Mixture(images, None, torch.zeros_like(label)), single_process)
    assert nothing == 0


def test_a_sample_without_a_label_comes_beside_each_that_has_one(make_tile: Callable[[str], Tile]) -> None:
    first, second, third = (make_tile(name) for name in "abc")
    labelled = [CropDataset([tile], OPTICAL, 32, 0, augment=True) for tile in (first, second)]
    bare = replace(third, pseudo_label=None)
    more = CropDataset([bare], OPTICAL, 32, 0, augment=True, targets=Targets(labels=False))
    samples = PhasedCrops([0, 4], labelled, [None, more])
    assert "unlabelled" not in samples[3]
    sample = samples[5]
    assert torch.equal(sample["unlabelled"], more[5 + UNLABELLED]["image"])
    assert all(torch.equal(sample[name], labelled[1][5][name]) for name in ("image", "label", "number"))


def test_tiles_without_a_label_are_those_of_train_that_a_phase_does_not_train_on(
    make_tile: Callable[[str], Tile],
) -> None:
    tiles = [replace(make_tile(f"train_{number}"), region="A") for number in range(3)]
    tiles.append(replace(tiles[0], name="bare", pseudo_label=None))
    tiles.append(replace(tiles[0], name="blind", pseudo_label=None, optical=None))
    tiles += [
        replace(tile, name=f"val_{number}", split="val", real_label=tiles[0].pseudo_label, pseudo_label=None)
        for number, tile in enumerate(tiles[:1] * 7)
    ]
    chosen = run_tiles(tiles, config(), "the table")
    assert [tile.name for tile in chosen.unlabelled[0]] == ["bare"]
    assert chosen.unlabelled[0][0].label is None
    assert (chosen.summary.unlabelled, len(chosen.every)) == (1, 3 + 7 + 1)
    phased = run_tiles(tiles, config(regime="P>R5", steps="5>5"), "the table")
    names = [[tile.name for tile in phase] for phase in phased.unlabelled]
    assert names == [["bare"], ["train_0", "train_1", "train_2", "bare"]]
    assert all(tile.label is None for phase in phased.unlabelled for tile in phase)
    assert phased.summary.unlabelled == 4
    with pytest.raises(
        InputError, match="self_training: the table has no tile of split train with optical im"
    ):
        run_tiles([tile for tile in tiles if tile.name not in ("bare", "blind")], config(), "the table")
    plain = run_tiles(tiles, TrainConfig(modalities="optical"), "the table")
    assert (plain.unlabelled, plain.summary.unlabelled) == ([], 0)


def test_self_training_needs_an_average() -> None:
    with pytest.raises(InputError, match="self_training, ema: the labels are those of averaged weights"):
        TrainConfig(self_training=True)


def test_a_run_that_trains_itself_resumes_to_the_bit(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles = [
        replace(tile, pseudo_label=None) if tile.name in ("train_1", "train_4") else tile
        for tile in read_tiles(table)
    ]
    size = {"steps": 4, "crop": 64, "batch": 2, "workers": 0, "device": "cpu", "calibrate": False}
    options = TrainConfig(encoder=ENCODER, self_training=True, ema=0.9, self_threshold=0.2, seed=3, **size)
    straight = train_model(tiles, tmp_path / "straight", config=options)
    read = CropDataset.__getitem__

    def stopping(dataset: CropDataset, number: int) -> Batch:
        if number == 4:
            signal.raise_signal(signal.SIGTERM)
        return read(dataset, number)

    with monkeypatch.context() as patch:
        patch.setattr(CropDataset, "__getitem__", stopping)
        with pytest.raises(Interrupted, match="interrupted at step 3"):
            train_model(tiles, tmp_path / "cut", config=options)
    resumed = train_model(tiles, tmp_path / "cut", config=options, resume=True)
    without = options.model_copy(update={"self_training": False, "self_threshold": 0.95})
    plain = train_model(tiles, tmp_path / "plain", config=without)
    runs = [load_file(run.model / "model.safetensors") for run in (straight, resumed, plain)]
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert not all(torch.equal(runs[0][name], runs[2][name]) for name in runs[0])
    assert json.loads((resumed.folder / "record.json").read_text())["tiles"]["unlabelled"] == 2
