"""`oemsar models import`: a published checkpoint as a saved model or an encoder file."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.models.config import ImportConfig


@with_options
def import_(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="FILE", help="Checkpoint, a PyTorch or safetensors file.")
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(help="Folder of the saved model; for an encoder the encoder file, .safetensors."),
    ],
    config: ImportConfig,
    as_json: AsJson = False,
) -> None:
    """Turn a published checkpoint into what oemsar predicts with or trains from.

    Takes U-Nets of the OpenEarthMap-SAR authors (saved model), and encoders (encoder file for oemsar train
    --encoder-weights): of classifiers and segmentation networks with a Mix Transformer or VMamba, as their
    authors or transformers save them, of timm (named by --encoder or the file), and of MaRS. Only tensors are
    read of the file.
    """
    from oemsar.models.import_checkpoint import import_checkpoint

    imported = import_checkpoint(checkpoint, out, config=config)
    if as_json:
        print_json(imported)
    else:
        echo(f"{imported.path}: {imported.content}")
