"""`oemsar models export`: a trained network as an ONNX file."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.terminal import echo


def export(
    model: Annotated[Path, typer.Argument(help="Folder of a run of `oemsar train`, or of a saved model.")],
    *,
    out: Annotated[Path, typer.Option(help="ONNX file to write, ending in .onnx.")],
) -> None:
    """Write a network as ONNX: pixels 0 to 255 in, logits of the eight classes out, at any size."""
    from oemsar.models.onnx_file import export_model

    echo(str(export_model(model, out).path))
