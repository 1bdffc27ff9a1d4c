"""Checkpoints: the steps they are written at, the best apart from the last, and files that cannot be used."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from oemsar.errors import DiskFull, Failure, InputError
from oemsar.inputs import SAR
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.train import checkpoints as module
from oemsar.train.checkpoints import BEST, LAST, Checkpoints, PlainFiles, require_readable, save_checkpoint
from oemsar.train.config import TrainConfig
from oemsar.train.module import LandCoverModule


class _Trainer:
    """A trainer at a step that writes what it is told to."""

    is_global_zero = True
    should_stop = False

    def __init__(self, step: int, error: OSError | None = None) -> None:
        self.global_step = step
        self.error = error

    def save_checkpoint(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"step {self.global_step}")
        if self.error is not None:
            raise self.error


def _written(
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    *,
    signal: bool = False,
    loss: float = 1.0,
    **validation: Any,
) -> tuple[set[str], _Trainer]:
    """Files written at the end of a step, every 3 of 10 steps, and the trainer."""
    saved: list[dict[str, Any]] = []
    monkeypatch.setattr(module, "save_model", lambda network, path, record: saved.append(record))
    interruption: Any = SimpleNamespace(agreed=lambda _: signal)
    found: Any = SimpleNamespace(**validation) if validation else None
    trainer: Any = _Trainer(step)
    callback = Checkpoints(out, {"seed": 7}, interruption, found, every=3, steps=10)
    module_: Any = SimpleNamespace(network=None)
    callback.on_train_batch_end(trainer, module_, {"loss": torch.tensor(loss)}, None, 0)  # type: ignore[arg-type]
    assert all((record["seed"], record["step"]) == (7, step) for record in saved)
    names = {str(path) for path in (LAST, BEST) if (out / path).exists()}
    return names | ({"model"} if saved else set()), trainer


@pytest.mark.parametrize(("step", "due"), [(1, False), (3, True), (4, False), (9, True), (10, True)])
def test_without_validation_the_last_state_is_the_model(
    step: int, due: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, trainer = _written(tmp_path, monkeypatch, step)
    assert written == ({str(LAST), "model"} if due else set())
    assert not trainer.should_stop


@pytest.mark.parametrize(
    ("step", "validated", "best", "expected"),
    [
        (4, 4, 4, {str(LAST), str(BEST), "model"}),
        (4, 4, 2, {str(LAST)}),
        (5, 4, 4, set()),
        (6, 4, 4, {str(LAST)}),
    ],
)
def test_the_model_is_replaced_only_by_a_better_one(
    step: int,
    validated: int,
    best: int,
    expected: set[str],
    tmp_path: Path,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores = SimpleNamespace(to_dict=dict)
    written, _ = _written(
        tmp_path, monkeypatch, step, scores=scores, validated_step=validated, best_step=best
    )
    assert written == expected


def test_a_step_that_another_process_scored_is_not_written_for_its_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _written(tmp_path, monkeypatch, 4, scores=None, validated_step=4, best_step=4)[0] == set()


def test_a_signal_is_obeyed_after_the_state_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, trainer = _written(tmp_path, monkeypatch, 4, signal=True)
    assert str(LAST) in written
    assert trainer.should_stop


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_state_whose_loss_is_not_finite_is_not_written(
    loss: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Failure, match="learning_rate: the loss is no longer finite at step 3"):
        _written(tmp_path, monkeypatch, 3, loss=loss)
    assert not (tmp_path / LAST).exists()


@pytest.mark.parametrize(
    ("number", "kind", "sentence"), [(28, DiskFull, "has no room left"), (13, Failure, "cannot be written")]
)
def test_a_checkpoint_that_cannot_be_written_leaves_the_former_one(
    number: int, kind: type[Exception], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / LAST
    good: Any = _Trainer(3)
    save_checkpoint(good, path)
    bad: Any = _Trainer(6, OSError(number, "reason"))
    with pytest.raises(kind, match=sentence):
        save_checkpoint(bad, path)
    assert path.read_text() == "step 3"
    assert list(path.parent.iterdir()) == [path]  # a part of one would keep the disk full


def test_a_checkpoint_lies_where_it_was_asked_for_and_nowhere_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file_limit: Callable[[int], AbstractContextManager[None]],
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    path, state = tmp_path / LAST, {"state_dict": {"a": torch.arange(5000.0)}}
    PlainFiles().save_checkpoint(state, path)
    found = torch.load(path, weights_only=True)
    assert torch.equal(found["state_dict"]["a"], torch.arange(5000.0))
    trainer: Any = SimpleNamespace(
        is_global_zero=True, save_checkpoint=lambda path: PlainFiles().save_checkpoint(state, path)
    )
    before = path.read_bytes()
    with pytest.raises(DiskFull, match=r"last\.ckpt grows beyond"), file_limit(10_000):
        save_checkpoint(trainer, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def _module() -> LandCoverModule:
    body = torch.nn.Conv2d(1, 8, 1)
    spec = ModelSpec(architecture="unet", encoder="e", modalities=SAR, mean=(0.0,), std=(255.0,))
    return LandCoverModule(LandCoverNetwork(spec, body, 1), TrainConfig(), (1.0,) * 8)


def _stored(module: LandCoverModule, **changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {"optimizer_states": [], "lr_schedulers": [], "loops": {}, "callbacks": {}}
    return {"state_dict": module.state_dict(), "global_step": 2, **parts, **changes}


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut off"])
def test_a_damaged_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"last\.ckpt is not a readable checkpoint; remove it"):
        require_readable(path, _module())
    torch.save(_stored(_module()), path)
    require_readable(path, _module())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"state_dict": {"a": torch.ones(3)}}, "not a checkpoint of this run .tensor network.body.weight is"),
        ({"state_dict": torch.ones(3)}, "not a readable checkpoint"),
        ({"loops": 3}, "not a checkpoint of this run .a part of it is missing"),
        ({"optimizer_states": [{"state": {0: {"exp_avg": torch.full((2,), torch.nan)}}}]}, "exp_avg holds"),
    ],
)
def test_a_checkpoint_of_another_run_or_that_is_not_finite_is_refused(
    changes: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    torch.save(_stored(_module(), **changes), tmp_path / "last.ckpt")
    with pytest.raises(InputError, match=sentence):
        require_readable(tmp_path / "last.ckpt", _module())


def test_a_checkpoint_whose_weights_are_not_finite_is_refused(tmp_path: Path) -> None:
    module_ = _module()
    torch.save(_stored(module_), tmp_path / "good.ckpt")
    with torch.no_grad():
        module_.network.body.bias[3] = torch.inf  # type: ignore[index]
    torch.save(_stored(module_), tmp_path / "last.ckpt")
    with pytest.raises(InputError, match=r"tensor network\.body\.bias holds values that are infinite"):
        require_readable(tmp_path / "last.ckpt", module_)
    require_readable(tmp_path / "good.ckpt", module_)
