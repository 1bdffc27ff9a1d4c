"""`oemsar models export`: a trained network as an ONNX file."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.model_names import model_argument
from oemsar.cli.options import AsJson, print_json
from oemsar.cli.terminal import echo


def export(
    model: Annotated[Path, model_argument("Folder of a run of `oemsar train`, or of a saved model.")],
    *,
    out: Annotated[Path, typer.Option(help="ONNX file to write, ending in .onnx.")],
    as_json: AsJson = False,
) -> None:
    """Write a network as ONNX: pixels 0 to 255 in, logits and probabilities of the eight classes out."""
    from oemsar.models.onnx_file import export_model

    exported = export_model(model, out)
    if as_json:
        print_json(exported)
    else:
        echo(str(exported.path))
