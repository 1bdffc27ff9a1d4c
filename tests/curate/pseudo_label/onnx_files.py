"""Small ONNX files: one convolution whose channels are the classes of any legend."""

from pathlib import Path

import numpy as np
import onnx
import yaml
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def write_onnx(
    path: Path,
    weights: NDArray[np.float32],
    *,
    softmax: bool = False,
    size: int | None = None,
    **described: object,
) -> Path:
    """Write a network whose logits are `weights` (classes, channels) times the pixels; describe it."""
    classes, channels = weights.shape
    side = "side" if size is None else size
    nodes = [helper.make_node("Conv", ["image", "w"], ["logits"])]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["logits"], ["out"], axis=1))
    name = "out" if softmax else "logits"
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, channels, side, "width"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, classes, side, "width"])],
        [numpy_helper.from_array(weights[:, :, None, None].astype(np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    if described:
        path.with_suffix(".yaml").write_text(yaml.safe_dump(described))
    return path
