"""VMamba against reference values computed by others: weights, inputs, every stage and the logits."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from oemsar.models.vmamba.classifier import VMambaClassifier
from oemsar.models.vmamba.encoder import VARIANTS, Variant
from oemsar.models.vmamba.scan import scanning_with

REDUCED = {
    "reduced_ratio1": Variant(24, (1, 1, 2, 1), 1, 0.0),
    "reduced_ratio2": Variant(16, (2, 1, 2, 1), 2, 0.0),
}
PUBLISHED = {"vmamba_t": "tiny_0230s", "vmamba_s": "small_0229", "vmamba_b": "base_0229"}


@pytest.fixture(scope="module")
def reference(real_data: Path) -> Path:
    """Folder of the reference values, beside the real samples."""
    folder = real_data.parent / "vmamba"
    if not folder.is_dir():
        pytest.skip(f"no VMamba reference values: {folder} is absent")
    return folder


def disagreement(folder: Path, name: str, scan: str, inputs: str = "01", batch: int = 2) -> float:
    """Largest difference from any reference tensor, relative to the largest value of that tensor."""
    values = load_file(folder / f"{name}.safetensors")
    model = VMambaClassifier(REDUCED[name], classes=10).eval()
    weights = {key.removeprefix("weights."): value for key, value in values.items() if "weights." in key}
    model.load_state_dict(weights)
    found = {}
    with scanning_with(scan), torch.inference_mode():
        for number in inputs:
            images = values[f"input.{number}"][:batch]
            found[f"patch_embed.{number}"] = model.patch_embed(images).permute(0, 3, 1, 2)
            levels = model.levels(images)
            for stage, level in enumerate(levels):
                found[f"stage{stage}.{number}"] = level.permute(0, 3, 1, 2)
            found[f"logits.{number}"] = model.classifier(levels[-1])
    expected = {key: values[key][:batch] for key in found}
    return max(float((found[key] - expected[key]).abs().max() / expected[key].abs().max()) for key in found)


@pytest.mark.parametrize("scan", ["sequential", "chunked", "traced"])
@pytest.mark.parametrize("name", list(REDUCED))
def test_every_stage_has_the_reference_values(reference: Path, name: str, scan: str) -> None:
    assert disagreement(reference, name, scan) < 1e-4


@pytest.mark.slow
@pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed")
@pytest.mark.parametrize("name", list(REDUCED))
def test_every_stage_has_the_reference_values_with_triton(reference: Path, name: str) -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, __file__, str(reference), name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-4


@pytest.mark.parametrize(
    ("variant", "millions"), [("vmamba_t", 30.2), ("vmamba_s", 50.1), ("vmamba_b", 88.6)]
)
def test_classifiers_have_the_published_parameters(reference: Path, variant: str, millions: float) -> None:
    published = json.loads((reference / "parameters.json").read_text())[PUBLISHED[variant]]
    with torch.device("meta"):
        model = VMambaClassifier(VARIANTS[variant])
    assert {name: list(value.shape) for name, value in model.state_dict().items()} == published["state_dict"]
    count = sum(value.numel() for value in model.parameters())
    assert count == published["parameters"]
    assert round(count / 1e6, 1) == millions


if __name__ == "__main__":
    # one image: Triton's interpreter walks through every element in Python
    print(disagreement(Path(sys.argv[1]), sys.argv[2], "triton", inputs="0", batch=1))
