"""Networks in ONNX's runtime: the same class maps, at sizes the graph was not made with."""

from pathlib import Path

import numpy as np
import pytest
import torch

from oemsar.inputs import SAR
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.models.vmamba import encoder as encoder_module
from oemsar.models.vmamba.encoder import Variant


@pytest.mark.slow
def test_vmamba_gives_the_same_class_map_in_onnxruntime_at_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    monkeypatch.setitem(encoder_module.VARIANTS, "vmamba_t", Variant(16, (1, 1, 1, 1), 1, 0.0))
    torch.manual_seed(0)
    spec = ModelSpec(architecture="vmamba", encoder="vmamba_t", modalities=SAR, mean=(90,), std=(50,))
    body = build(spec).body.eval()
    path = tmp_path / "vmamba.onnx"
    torch.onnx.export(
        body,
        (torch.randn(1, 1, 64, 96),),
        path,
        dynamo=False,
        input_names=["images"],
        output_names=["logits"],
        dynamic_axes={"images": {0: "batch", 2: "height", 3: "width"}},
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch, height, width in ((1, 64, 96), (2, 32, 32), (1, 160, 64), (1, 320, 288)):
        images = torch.randn(batch, 1, height, width)
        with torch.inference_mode():
            expected = body(images).numpy()
        (logits,) = session.run(None, {"images": images.numpy()})
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
        assert np.array_equal(logits.argmax(1), expected.argmax(1))
