"""The errors that a training can end with, as sentences that name their options."""

from types import SimpleNamespace

import pytest
import torch

from oemsar.errors import Failure, InputError, Interrupted, OemsarError, OutOfMemory
from oemsar.train.config import RunOptions
from oemsar.train.trainer import explained, make_trainer, require_devices

OPTIONS = RunOptions(data="tiles.parquet", out="run", batch=4, crop=48, device="cpu")
AT_STEP_3 = SimpleNamespace(global_step=3)


@pytest.mark.parametrize(
    ("error", "kind", "options", "sentence"),
    [
        (MemoryError(), OutOfMemory, ("batch", "crop"), "4 crops of 48 pixels"),
        (torch.OutOfMemoryError("CUDA"), OutOfMemory, ("batch", "crop"), "4 crops of 48 pixels"),
        (RuntimeError("can't allocate memory"), OutOfMemory, ("batch", "crop"), "4 crops of 48 pixels"),
        (
            RuntimeError("DataLoader worker (pid 3) is killed"),
            OutOfMemory,
            ("workers",),
            "a process that reads",
        ),
        (KeyboardInterrupt(), Interrupted, (), "interrupted at step 3"),
        (SystemExit(1), Interrupted, (), "interrupted at step 3"),
        (Failure("the disk is full", option="out"), Failure, ("out",), "the disk is full"),
    ],
)
def test_errors_become_sentences(
    error: BaseException, kind: type[OemsarError], options: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence) as caught, explained(OPTIONS, AT_STEP_3):
        raise error
    assert caught.value.options == options


def test_a_programming_error_keeps_its_kind() -> None:
    with pytest.raises(RuntimeError, match="shapes differ"), explained(OPTIONS, AT_STEP_3):
        raise RuntimeError("shapes differ")


def test_more_devices_than_there_are_is_refused() -> None:
    require_devices(OPTIONS, torch.device("mps"))
    with pytest.raises(InputError, match="devices: 2 is more than the 1"):
        require_devices(OPTIONS.model_copy(update={"devices": 2}), torch.device("mps"))


@pytest.mark.parametrize(("precision", "expected"), [("float32", "32-true"), ("bfloat16", "bf16-mixed")])
def test_the_precision_is_the_chosen_one(precision: str, expected: str) -> None:
    options = OPTIONS.model_copy(update={"precision": precision, "steps": 5})
    trainer = make_trainer(options, torch.device("cpu"), [])
    assert trainer.precision == expected
    assert trainer.max_steps == 5
