"""`oemsar models export`: a trained network as an ONNX file."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[Path, typer.Argument(help="A run of `oemsar train`, or a saved model.")],
    *,
    out: Annotated[Path, typer.Option(help="The file to write, ending in .onnx.")],
) -> None:
    """Write a network as ONNX: pixels 0 to 255 in, logits of the eight classes out, at any size."""
    from oemsar.models.onnx_file import write_onnx
    from oemsar.models.saved import load_model

    write_onnx(load_model(model), out)
    typer.echo(str(out))
